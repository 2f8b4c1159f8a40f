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
}

variable "partitions" {
  description = "Partitions of the outbox: an alarm watches one metric with one set of dimensions, so each partition has its own."
  type        = number
  default     = 1
}

variable "desired_count" {
  description = "Tasks that should run."
  type        = number
}

variable "action_arns" {
  description = "What an alarm notifies, when it begins and when it ends."
  type        = list(string)

  validation {
    condition     = length(var.action_arns) >= 1
    error_message = "action_arns needs at least one ARN: an alarm that nobody hears is none."
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
  description = "Where alarms begin: the oldest pending message's age and the relay's last pass in seconds, the backlog in messages, the queue and Redis' memory in percent, 5xx answers in 5 minutes."
  type = object({
    oldest_pending_age_s = optional(number, 300)
    last_pass_age_s      = optional(number, 120)
    backlog              = optional(number, 10000)
    queue_percent        = optional(number, 80)
    redis_memory_percent = optional(number, 75)
    http_5xx             = optional(number, 5)
  })
  default = {}

  validation {
    # A pass may hold its lock for 30 s and the next instance takes over after that: less than 60 s would alarm on a crash that
    # heals itself.
    condition     = var.thresholds.last_pass_age_s >= 60
    error_message = "thresholds.last_pass_age_s must be at least 60: a lock of a crashed instance lasts 30 s."
  }

  validation {
    condition     = alltrue([for p in [var.thresholds.queue_percent, var.thresholds.redis_memory_percent] : p > 0 && p < 100])
    error_message = "thresholds in percent must be between 0 and 100: at 100 it is too late."
  }
}
