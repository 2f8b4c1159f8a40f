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

variable "engine_version" {
  description = "Redis' version."
  type        = string

  validation {
    condition     = can(regex("^7[.][0-9]+$", var.engine_version))
    error_message = "engine_version must be 7.x: the parameter group's family follows from it, and ElastiCache names other families differently."
  }
}

variable "nodes" {
  description = "Nodes: one primary and its replicas."
  type        = number

  validation {
    condition     = var.nodes >= 2 && var.nodes <= 6
    error_message = "nodes must be between 2 and 6: without a replica there is no failover."
  }
}

variable "snapshot_retention_days" {
  description = "Days for which a daily snapshot is kept. A snapshot is a convenience: what Redis lost is sent again from the database."
  type        = number

  validation {
    condition     = var.snapshot_retention_days >= 0 && var.snapshot_retention_days <= 35
    error_message = "snapshot_retention_days must be between 0 and 35."
  }
}

variable "apply_immediately" {
  description = "Whether changes are applied at once, also those that replace nodes, instead of in the maintenance window."
  type        = bool
}

variable "log_retention_days" {
  description = "Days for which the engine's log and the slow log are kept."
  type        = number
}
