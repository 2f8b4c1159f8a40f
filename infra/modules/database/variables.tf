variable "name" {
  description = "Prefix of every name; also the instance's identifier."
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
    error_message = "subnet_ids needs at least two different subnets: the standby stands in another zone."
  }
}

variable "instance_class" {
  description = "Instance class."
  type        = string
}

variable "allocated_storage_gib" {
  description = "Storage at the start. 24 hours of retained messages at 100/s and 1 KiB are 8.6 million rows, about 24 GiB with indexes and the room for their second versions."
  type        = number
  default     = 50

  validation {
    condition     = var.allocated_storage_gib >= 20
    error_message = "allocated_storage_gib must be at least 20: gp3 begins there."
  }
}

variable "max_allocated_storage_gib" {
  description = "Storage to which RDS may grow by itself: a long Redis outage fills the outbox, and a full disk would refuse registrations."
  type        = number
  default     = 500

  validation {
    condition     = var.max_allocated_storage_gib <= 65536
    error_message = "max_allocated_storage_gib must be at most 65536, which is what RDS has."
  }
}

variable "backup_retention_days" {
  description = "Days to which the database can be restored."
  type        = number
  default     = 14

  validation {
    condition     = var.backup_retention_days >= 7 && var.backup_retention_days <= 35
    error_message = "backup_retention_days must be between 7 and 35: an error is rarely found on the day it is made."
  }
}
