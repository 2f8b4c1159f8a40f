variable "name" {
  description = "Prefix of every name."
  type        = string
}

variable "vpc_id" {
  description = "VPC of the security group."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets, in at least two availability zones."
  type        = list(string)

  validation {
    condition     = length(distinct(var.subnet_ids)) >= 2
    error_message = "subnet_ids needs at least two different subnets: a failover needs another zone to go to."
  }
}

variable "node_type" {
  description = "Node type."
  type        = string
}

variable "nodes" {
  description = "Nodes: one primary and its replicas."
  type        = number
  default     = 2

  validation {
    condition     = var.nodes >= 2 && var.nodes <= 6
    error_message = "nodes must be between 2 and 6: without a replica there is no failover."
  }
}

variable "snapshot_retention_days" {
  description = "Days that a daily snapshot is kept. A snapshot is a convenience: what Redis lost is sent again from the database."
  type        = number
  default     = 3

  validation {
    condition     = var.snapshot_retention_days >= 0 && var.snapshot_retention_days <= 35
    error_message = "snapshot_retention_days must be between 0 and 35."
  }
}
