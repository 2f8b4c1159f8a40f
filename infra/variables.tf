variable "name" {
  description = "Name of the deployment: prefix of every resource's name, and the ECS service's name."
  type        = string
  default     = "registration-outbox"

  validation {
    # ElastiCache allows 40 characters for a replication group, load balancers 32 for a target group.
    condition     = can(regex("^[a-z][a-z0-9-]{1,26}[a-z0-9]$", var.name)) && !strcontains(var.name, "--")
    error_message = "name must be 3 to 28 lower-case letters, digits and single hyphens, beginning with a letter: ElastiCache and target groups allow no more."
  }
}

variable "region" {
  description = "AWS region; also where the service publishes its metrics."
  type        = string

  validation {
    condition     = can(regex("^[a-z]{2}(-[a-z]+)+-[0-9]$", var.region))
    error_message = "region must be a region's name, for example us-east-1."
  }
}

variable "vpc_id" {
  description = "VPC that the service, its database and its Redis live in."
  type        = string

  validation {
    condition     = startswith(var.vpc_id, "vpc-")
    error_message = "vpc_id must begin with vpc-."
  }
}

variable "private_subnet_ids" {
  description = "Private subnets in at least two availability zones, for tasks, database and Redis."
  type        = list(string)

  validation {
    condition     = length(distinct(var.private_subnet_ids)) >= 2
    error_message = "private_subnet_ids needs at least two different subnets: one availability zone is no redundancy."
  }
}

variable "listener_arn" {
  description = "HTTPS listener of the load balancer in front of the API; a rule for host_names is added to it."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:elasticloadbalancing:[^:]+:[0-9]{12}:listener/app/", var.listener_arn))
    error_message = "listener_arn must be the ARN of an application load balancer's listener."
  }
}

variable "listener_rule_priority" {
  description = "Priority of the listener's rule; must be free on that listener."
  type        = number

  validation {
    condition     = var.listener_rule_priority >= 1 && var.listener_rule_priority <= 50000
    error_message = "listener_rule_priority must be between 1 and 50000."
  }
}

variable "load_balancer_security_group_id" {
  description = "Security group of that load balancer: the only source that may open connections to the tasks."
  type        = string

  validation {
    condition     = startswith(var.load_balancer_security_group_id, "sg-")
    error_message = "load_balancer_security_group_id must begin with sg-."
  }
}

variable "host_names" {
  description = "Host names under which clients reach the service."
  type        = list(string)

  validation {
    condition     = length(var.host_names) >= 1 && length(var.host_names) <= 5
    error_message = "host_names needs one to five names: a listener's rule takes no more than five values."
  }
}

variable "image" {
  description = "Image of the first deployment, with a tag or digest. Later images are infra/deploy's business."
  type        = string

  validation {
    condition     = can(regex("(@sha256:[0-9a-f]{64}|:[A-Za-z0-9_][A-Za-z0-9_.-]*)$", var.image)) && !endswith(var.image, ":latest")
    error_message = "image needs a tag that stays the same, or a digest: a rollback to :latest is none."
  }
}

variable "image_repository_arn" {
  description = "ECR repository of the image; the only one that tasks may pull from."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:ecr:[^:]+:[0-9]{12}:repository/", var.image_repository_arn))
    error_message = "image_repository_arn must be the ARN of an ECR repository."
  }
}

variable "desired_count" {
  description = "Tasks that run."
  type        = number
  default     = 2

  validation {
    condition = var.desired_count >= 2 && var.desired_count <= 10
    # 10 tasks x 16 connections, twice while a deployment runs: 320 of the about 450 that 4 GiB of database memory allow.
    error_message = "desired_count must be between 2 and 10: one task is an outage during every replacement, more than ten could use up the database's connections during a deployment."
  }
}

variable "partitions" {
  description = "Partitions of the outbox. Chosen before the first start, and from then on the database refuses any other number."
  type        = number
  default     = 1

  validation {
    condition     = var.partitions >= 1 && var.partitions <= 16 && floor(var.partitions) == var.partitions
    error_message = "partitions must be a whole number between 1 and 16: five metrics and five alarms are made for each."
  }
}

variable "database_password_secret_arn" {
  description = "Secrets Manager secret whose whole value is the password of the service's database role. Its value is never read by Terraform."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:secretsmanager:[^:]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+$", var.database_password_secret_arn))
    error_message = "database_password_secret_arn must be the full ARN of a Secrets Manager secret."
  }
}

variable "redis_auth_token_secret_arn" {
  description = "Secrets Manager secret whose whole value is Redis' AUTH token (16 to 128 characters). Its value is never read by Terraform."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:secretsmanager:[^:]+:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]+$", var.redis_auth_token_secret_arn))
    error_message = "redis_auth_token_secret_arn must be the full ARN of a Secrets Manager secret."
  }
}

variable "auth_service_url" {
  description = "Service that judges API keys."
  type        = string

  validation {
    condition     = startswith(var.auth_service_url, "https://")
    error_message = "auth_service_url must begin with https://: API keys travel to it."
  }
}

variable "auth_service_id" {
  description = "Name under which this service asks the auth service."
  type        = string

  validation {
    condition     = trimspace(var.auth_service_id) != ""
    error_message = "auth_service_id must not be blank."
  }
}

variable "consumer_security_group_ids" {
  description = "Security groups of the consumers, which pop the queue; keyed by a name of your choice."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for id in values(var.consumer_security_group_ids) : startswith(id, "sg-")])
    error_message = "every value of consumer_security_group_ids must begin with sg-."
  }
}

variable "operator_security_group_ids" {
  description = "Security groups of the hosts from which operators run SQL and redis-cli; keyed by a name of your choice."
  type        = map(string)
  default     = {}

  validation {
    condition     = alltrue([for id in values(var.operator_security_group_ids) : startswith(id, "sg-")])
    error_message = "every value of operator_security_group_ids must begin with sg-."
  }
}

variable "metrics_namespace" {
  description = "CloudWatch namespace of the service's metrics; the tasks' role may write to no other."
  type        = string
  default     = "RegistrationOutbox"

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9._/#-]{0,254}$", var.metrics_namespace)) && !startswith(var.metrics_namespace, "AWS/")
    error_message = "metrics_namespace must be 1 to 255 characters and must not begin with AWS/."
  }
}

variable "alarm_action_arns" {
  description = "What alarms notify, usually one SNS topic. At least one: an alarm that nobody hears is none."
  type        = list(string)

  validation {
    condition     = length(var.alarm_action_arns) >= 1 && alltrue([for arn in var.alarm_action_arns : startswith(arn, "arn:")])
    error_message = "alarm_action_arns needs at least one ARN: an alarm that nobody hears is none."
  }
}

variable "runbook_url" {
  description = "Where docs/runbook.md can be read; alarms link to its anchors."
  type        = string
  default     = "docs/runbook.md"

  validation {
    condition     = endswith(var.runbook_url, "docs/runbook.md")
    error_message = "runbook_url must end with docs/runbook.md, so that the anchors fit."
  }
}

variable "redis_node_type" {
  description = "ElastiCache node type. The default has 1.37 GiB: 100,000 messages (queue.capacity) of 2 KiB are 0.2 GiB, and a consumer's processing and dead-letter lists come on top."
  type        = string
  default     = "cache.t4g.small"

  validation {
    condition     = startswith(var.redis_node_type, "cache.")
    error_message = "redis_node_type must begin with cache."
  }
}

variable "database_instance_class" {
  description = "RDS instance class. The default's 4 GiB allow about 450 connections; each task opens 16 at most."
  type        = string
  default     = "db.t4g.medium"

  validation {
    condition     = startswith(var.database_instance_class, "db.")
    error_message = "database_instance_class must begin with db."
  }
}
