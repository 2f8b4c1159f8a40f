variable "name" {
  description = "Prefix of alarms' names; the dashboard's name."
  type        = string
}

variable "region" {
  description = "Region of the metrics, for the dashboard."
  type        = string
}

variable "metrics_namespace" {
  description = "CloudWatch namespace of the service's metrics."
  type        = string
  nullable    = false
}

variable "partitions" {
  description = "Partitions of the outbox: an alarm watches one metric with one set of dimensions, so each partition has its own."
  type        = number
}

variable "min_tasks" {
  description = "Tasks that should always run."
  type        = number
}

variable "max_tasks" {
  description = "Tasks at most, for the alarm on the database's connections."
  type        = number
}

variable "page_action_arns" {
  description = "What an alarm that cannot wait notifies, when it begins and when it ends."
  type        = list(string)

  validation {
    condition     = length(var.page_action_arns) >= 1
    error_message = "page_action_arns needs at least one ARN: an alarm that nobody hears is none."
  }
}

variable "ticket_action_arns" {
  description = "What an alarm that can wait notifies, when it begins and when it ends."
  type        = list(string)

  validation {
    condition     = length(var.ticket_action_arns) >= 1
    error_message = "ticket_action_arns needs at least one ARN: an alarm that nobody hears is none."
  }
}

variable "runbook_url" {
  description = "Where the runbook is; the alarm's anchor is appended."
  type        = string
}

variable "cluster_name" {
  description = "ECS cluster."
  type        = string
}

variable "service_name" {
  description = "ECS service."
  type        = string
}

variable "load_balancer_arn_suffix" {
  description = "CloudWatch's name of the load balancer."
  type        = string
}

variable "target_group_arn_suffix" {
  description = "CloudWatch's name of the target group."
  type        = string
}

variable "database_identifier" {
  description = "RDS instance."
  type        = string
}

variable "database_allocated_storage" {
  description = "The database's storage at the start, in GiB."
  type        = number
}

variable "redis_node_ids" {
  description = "ElastiCache nodes."
  type        = list(string)
}

variable "thresholds" {
  description = "Other thresholds than those of alarms.yaml, by the alarm's name."
  type        = map(number)

  validation {
    # A pass may hold its lock for 30 s and the next task takes over after that.
    condition     = try(var.thresholds["stuck-partition"], 120) >= 60
    error_message = "The threshold of stuck-partition must be at least 60: the lock of a crashed task lasts 30 s."
  }

  validation {
    condition = alltrue([
      for key, value in var.thresholds : value > 0 && value < 100
      if contains(["queue-nearly-full", "redis-memory", "redis-cpu", "database-cpu"], key)
    ])
    error_message = "Thresholds in percent must be between 0 and 100: at 100 it is too late."
  }
}
