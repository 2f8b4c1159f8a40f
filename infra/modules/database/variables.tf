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
    error_message = "subnet_ids needs at least two different subnets: the standby is in another zone."
  }
}

variable "instance_class" {
  description = "Instance class."
  type        = string
}

variable "engine_version" {
  description = "PostgreSQL's version. With the major version alone, RDS chooses the minor one and raises it in the maintenance window."
  type        = string

  validation {
    condition     = can(regex("^1[4-9]([.][0-9]+)?$", var.engine_version))
    error_message = "engine_version must be a PostgreSQL version from 14 on, for example 18 or 18.1."
  }
}

variable "allow_major_version_upgrade" {
  description = "Whether a change of the major version may be applied. It takes the database away for minutes: set it for that one apply."
  type        = bool
}

variable "apply_immediately" {
  description = "Whether changes are applied at once, also those that restart the database, instead of in the maintenance window."
  type        = bool
}

variable "allocated_storage_gib" {
  description = "Storage at the start, in GiB."
  type        = number

  validation {
    condition     = var.allocated_storage_gib >= 20
    error_message = "allocated_storage_gib must be at least 20: gp3 begins there."
  }
}

variable "max_allocated_storage_gib" {
  description = "Storage to which RDS may grow by itself, in GiB."
  type        = number

  validation {
    condition     = var.max_allocated_storage_gib <= 65536
    error_message = "max_allocated_storage_gib must be at most 65536, which is what RDS has."
  }
}

variable "backup_retention_days" {
  description = "Days to which the database can be restored."
  type        = number

  validation {
    condition     = var.backup_retention_days >= 7 && var.backup_retention_days <= 35
    error_message = "backup_retention_days must be between 7 and 35: an error is rarely found on the day it is made."
  }
}

variable "log_retention_days" {
  description = "Days for which PostgreSQL's logs are kept."
  type        = number
}
