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

variable "host_names" {
  description = "Host names of the service."
  type        = list(string)
}

variable "image" {
  description = "Image of the first task definition."
  type        = string
}

variable "image_repository_arn" {
  description = "ECR repository that tasks may pull from."
  type        = string
}

variable "desired_count" {
  description = "Tasks that run."
  type        = number
  default     = 2

  validation {
    condition     = var.desired_count >= 2
    error_message = "desired_count must be at least 2: one task is an outage during every replacement."
  }
}

variable "partitions" {
  description = "Partitions of the outbox."
  type        = number
  default     = 1
}

variable "cpu" {
  description = "CPU units of a task. A start is about 6 seconds of one core's work, so a whole core keeps it under 10 s; a health probe every 10 s is about 1 % of it."
  type        = number
  default     = 1024

  validation {
    condition     = contains([512, 1024, 2048, 4096], var.cpu)
    error_message = "cpu must be 512, 1024, 2048 or 4096."
  }
}

variable "memory_mib" {
  description = "Memory of a task. 60 % of it is heap (Dockerfile); memory does not grow with the backlog, so it need not either. Fargate gives a core no less than 2 GiB."
  type        = number
  default     = 2048

  validation {
    condition     = var.memory_mib >= 1024 && var.memory_mib <= 8192 && var.memory_mib % 1024 == 0
    error_message = "memory_mib must be a multiple of 1024 from 1024 to 8192."
  }
}

variable "cpu_architecture" {
  description = "What the image was built for."
  type        = string
  default     = "X86_64"

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
}

variable "https_egress_cidrs" {
  description = "Where tasks may open HTTPS connections: AWS' APIs (images, secrets, logs, metrics) and the auth service. Narrow it to the VPC where VPC endpoints serve all of them."
  type        = list(string)
  default     = ["0.0.0.0/0"]

  validation {
    condition     = length(var.https_egress_cidrs) >= 1 && alltrue([for c in var.https_egress_cidrs : can(cidrhost(c, 0))])
    error_message = "https_egress_cidrs needs at least one CIDR block: without secrets and images no task starts."
  }
}

variable "log_retention_days" {
  description = "Days that logs are kept."
  type        = number
  default     = 30

  validation {
    condition     = contains([7, 14, 30, 60, 90, 180, 365], var.log_retention_days)
    error_message = "log_retention_days must be 7, 14, 30, 60, 90, 180 or 365."
  }
}
