variable "name" {
  description = "Name of cluster, service, container and task family."
  type        = string
}

variable "region" {
  description = "Region of logs and metrics."
  type        = string
}

variable "vpc_id" {
  description = "VPC of security group and target group."
  type        = string
}

variable "subnet_ids" {
  description = "Private subnets of the tasks."
  type        = list(string)
}

variable "listener_arn" {
  description = "HTTPS listener that gets a rule for host_names."
  type        = string
}

variable "listener_rule_priority" {
  description = "Priority of that rule."
  type        = number
}

variable "load_balancer_security_group_id" {
  description = "Security group of the load balancer."
  type        = string
}

variable "load_balancer_egress_rule" {
  description = "Whether to add a rule to that group that lets the load balancer reach the tasks."
  type        = bool
}

variable "host_names" {
  description = "Host names of the service."
  type        = list(string)
}

variable "operator_cidr_blocks" {
  description = "Networks from which every path is reachable through the load balancer."
  type        = list(string)

  validation {
    condition     = length(var.operator_cidr_blocks) + length(var.host_names) <= 5
    error_message = "host_names and operator_cidr_blocks together must have no more than five entries: a listener's rule takes no more values."
  }
}

variable "image" {
  description = "Image of the task definition, by digest."
  type        = string
}

variable "image_repository_arn" {
  description = "ECR repository that tasks may pull from."
  type        = string
}

variable "min_tasks" {
  description = "Tasks that always run; autoscaling never goes below."
  type        = number

  validation {
    condition     = var.min_tasks >= 2
    error_message = "min_tasks must be at least 2: one task is an outage during every replacement."
  }
}

variable "max_tasks" {
  description = "Tasks at most; autoscaling never goes above."
  type        = number

  validation {
    condition     = var.max_tasks >= var.min_tasks
    error_message = "max_tasks must not be less than min_tasks."
  }
}

variable "cpu_target_percent" {
  description = "Average CPU of the tasks that autoscaling aims at."
  type        = number

  validation {
    condition     = var.cpu_target_percent >= 20 && var.cpu_target_percent <= 80
    error_message = "cpu_target_percent must be between 20 and 80: above, a deployment or a lost task has no room."
  }
}

variable "partitions" {
  description = "Partitions of the outbox."
  type        = number
}

variable "cpu" {
  description = "CPU units of a task."
  type        = number

  validation {
    condition     = contains([512, 1024, 2048, 4096], var.cpu)
    error_message = "cpu must be 512, 1024, 2048 or 4096."
  }
}

variable "memory_mib" {
  description = "Memory of a task, in MiB."
  type        = number

  validation {
    # Fargate's table, without what is too little for the heap (registry.registration.max-concurrent-requests).
    condition     = var.memory_mib >= max(2048, 2 * var.cpu) && var.memory_mib <= min(8 * var.cpu, 30720) && var.memory_mib % 1024 == 0
    error_message = "memory_mib must be a multiple of 1024, at least 2048, and two to eight times cpu, up to 30720: Fargate has nothing else."
  }
}

variable "settings" {
  description = "More variables of the tasks, by name; none that is set here already, and no secret."
  type        = map(string)

  validation {
    condition = length(setintersection(keys(var.settings), concat(keys(local.environment), keys(local.secrets)))) == 0 && alltrue([
      for name in keys(var.settings) : can(regex("^[A-Z][A-Z0-9_]*$", name))
      && !can(regex(local.refused_settings, name))
    ])
    error_message = "settings must be named as variables (REGISTRY_...), and none of what Terraform sets, of how Redis, the database or CloudWatch are reached, not REGISTRY_MIGRATE_ONLY, no file and no secret."
  }
}

variable "cpu_architecture" {
  description = "What the image was built for."
  type        = string

  validation {
    condition     = contains(["X86_64", "ARM64"], var.cpu_architecture)
    error_message = "cpu_architecture must be X86_64 or ARM64."
  }
}

variable "database" {
  description = "Where the database is, the service's role in it, and the ARN of the secret whose value is that role's password."
  type = object({
    host                = string
    port                = number
    name                = string
    role                = string
    password_secret_arn = string
  })

  validation {
    condition     = var.database.role != "postgres"
    error_message = "database.role must not be the master user: RDS rotates its password, and running tasks would be shut out."
  }
}

variable "redis" {
  description = "Where Redis is, and the ARN of the secret whose value is its AUTH token."
  type = object({
    host                  = string
    port                  = number
    auth_token_secret_arn = string
  })
}

variable "auth_service_url" {
  description = "Service that judges API keys."
  type        = string
}

variable "auth_service_id" {
  description = "Name under which this service asks it."
  type        = string
}

variable "metrics_namespace" {
  description = "CloudWatch namespace of the metrics."
  type        = string
  nullable    = false
}

variable "https_egress_cidrs" {
  description = "Networks to which tasks may open HTTPS connections."
  type        = list(string)

  validation {
    condition     = length(var.https_egress_cidrs) >= 1 && alltrue([for c in var.https_egress_cidrs : can(cidrhost(c, 0))])
    error_message = "https_egress_cidrs needs at least one CIDR block: without secrets and images no task starts."
  }
}

variable "https_egress_prefix_list_ids" {
  description = "Prefix lists to which tasks may open HTTPS connections: that of the VPC's S3 gateway endpoint, which serves an image's layers."
  type        = list(string)
}

variable "log_retention_days" {
  description = "Days for which the tasks' log is kept."
  type        = number
}

variable "execute_command" {
  description = "Whether a shell can be opened in a task (ECS Exec)."
  type        = bool
}

variable "environment" {
  description = "Name of the environment, which the database remembers."
  type        = string
}
