# ------------------------------------------------------------------------------------------------------- the deployment itself

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

variable "environment" {
  description = "Name of the environment. The database remembers the first one that it is started with: a copy of it that is started under another name accepts registrations and delivers nothing."
  type        = string
  default     = "production"

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,62}$", var.environment))
    error_message = "environment must be 1 to 63 lower-case letters, digits and hyphens, beginning with a letter."
  }
}

variable "partitions" {
  description = "Partitions of the outbox. Chosen before the first start, and from then on the database refuses any other number."
  type        = number
  default     = 1

  validation {
    condition     = var.partitions >= 1 && var.partitions <= 16 && floor(var.partitions) == var.partitions
    error_message = "partitions must be a whole number between 1 and 16: metrics and alarms are made for each."
  }
}

# ------------------------------------------------------------------------------------------------------------------- network

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

variable "https_egress_cidrs" {
  description = "Networks to which tasks may open HTTPS connections: AWS' APIs (images, secrets, logs, metrics) and the auth service. Where VPC endpoints serve all of them, the VPC's own network; then https_egress_prefix_list_ids is needed too."
  type        = list(string)
  default     = ["0.0.0.0/0"]

  validation {
    condition     = length(var.https_egress_cidrs) >= 1 && alltrue([for c in var.https_egress_cidrs : can(cidrhost(c, 0))])
    error_message = "https_egress_cidrs needs at least one CIDR block: without secrets and images no task starts."
  }
}

variable "https_egress_prefix_list_ids" {
  description = "Prefix lists to which tasks may open HTTPS connections: that of the VPC's S3 gateway endpoint. An image's layers come from S3, whose addresses are not the VPC's."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for id in var.https_egress_prefix_list_ids : startswith(id, "pl-")])
    error_message = "every value of https_egress_prefix_list_ids must begin with pl-."
  }

  validation {
    condition     = contains(var.https_egress_cidrs, "0.0.0.0/0") || length(var.https_egress_prefix_list_ids) >= 1
    error_message = "https_egress_prefix_list_ids needs S3's prefix list where https_egress_cidrs is narrowed: otherwise no image can be pulled."
  }
}

variable "listener_arn" {
  description = "HTTPS listener of the load balancer in front of the API; rules for host_names are added to it."
  type        = string

  validation {
    condition     = can(regex("^arn:[a-z-]+:elasticloadbalancing:[^:]+:[0-9]{12}:listener/app/", var.listener_arn))
    error_message = "listener_arn must be the ARN of an application load balancer's listener."
  }
}

variable "listener_rule_priority" {
  description = "Priority of the first of four consecutive rules; all four must be free on that listener."
  type        = number

  validation {
    condition     = var.listener_rule_priority >= 1 && var.listener_rule_priority <= 49997
    error_message = "listener_rule_priority must be between 1 and 49997: four rules, and a listener's last priority is 50000."
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

variable "load_balancer_egress_rule" {
  description = "Whether to add a rule to that group that lets the load balancer reach the tasks. false where the group's owner lists its rules inline: Terraform would take this one away there, and add it here, in turn. Then the owner adds it (service_security_group_id, port 8001)."
  type        = bool
  default     = true
}

variable "host_names" {
  description = "Host names under which clients reach the service."
  type        = list(string)

  validation {
    condition     = length(var.host_names) >= 1 && length(var.host_names) <= 3
    error_message = "host_names needs one to three names: a listener's rule takes five values, and two of them are paths."
  }
}

variable "operator_cidr_blocks" {
  description = "Networks from which /console, /outbox, /actuator and the API's documentation are reachable through the load balancer. Empty: from none."
  type        = list(string)
  default     = []

  validation {
    condition     = alltrue([for c in var.operator_cidr_blocks : can(cidrhost(c, 0)) && !endswith(c, "/0")])
    error_message = "operator_cidr_blocks must be CIDR blocks, and not the whole internet."
  }

  validation {
    condition     = length(var.operator_cidr_blocks) + length(var.host_names) <= 5
    error_message = "host_names and operator_cidr_blocks together must have no more than five entries: a listener's rule takes no more values."
  }
}

variable "operator_security_group_ids" {
  description = "Security groups of the hosts from which operators run SQL and redis-cli, keyed by a name of your choice. Without one nobody can make the service's role in the database."
  type        = map(string)

  validation {
    condition     = length(var.operator_security_group_ids) >= 1 && alltrue([for id in values(var.operator_security_group_ids) : startswith(id, "sg-")])
    error_message = "operator_security_group_ids needs at least one security group (sg-...): the service's role in the database is made from there."
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

# --------------------------------------------------------------------------------------------------------------------- tasks

variable "image" {
  description = "Image of the task definitions that Terraform registers, by digest. Later images are infra/deploy's business."
  type        = string

  validation {
    condition     = can(regex("^[^@]+@sha256:[0-9a-f]{64}$", var.image))
    error_message = "image must be named by its digest (REPOSITORY@sha256:...): what a tag means can change."
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

variable "min_tasks" {
  description = "Tasks that always run."
  type        = number
  default     = 2

  validation {
    condition     = var.min_tasks >= 2
    error_message = "min_tasks must be at least 2: one task is an outage during every replacement."
  }
}

variable "max_tasks" {
  description = "Tasks at most."
  type        = number
  default     = 6

  validation {
    # 10 tasks x 16 connections, twice while a deployment runs: 320 of the about 450 that 4 GiB of database memory allow.
    condition     = var.max_tasks >= var.min_tasks && var.max_tasks <= 10
    error_message = "max_tasks must be between min_tasks and 10: more could use up the database's connections during a deployment."
  }
}

variable "cpu_target_percent" {
  description = "Average CPU of the tasks that autoscaling aims at, between min_tasks and max_tasks."
  type        = number
  default     = 60
}

variable "cpu" {
  description = "CPU units of a task. A start is about 6 seconds of one core's work, so a whole core keeps it under 10 s; a health probe every 10 s is about 1 % of it."
  type        = number
  default     = 1024
}

variable "memory_mib" {
  description = "Memory of a task. 60 % of it is heap (Dockerfile); it does not grow with the backlog. At least 2048: 150 requests of 1 MB at once take 1 GB of heap. Fargate gives 1024 CPU units 2048 to 8192, and others in proportion."
  type        = number
  default     = 2048
}

variable "settings" {
  description = "More of the settings in docs/configuration.md, by the name of their variable, for example REGISTRY_RETENTION_PERIOD. Refused are what Terraform sets, how Redis, the database and CloudWatch are reached, files, and secrets."
  type        = map(string)
  default     = {}
}

variable "cpu_architecture" {
  description = "What the image was built for: X86_64 or ARM64."
  type        = string
  default     = "X86_64"
}

variable "execute_command" {
  description = "Whether a shell can be opened in a task (ECS Exec), for an investigation: it reads the process' secrets, and makes the root file system writable."
  type        = bool
  default     = false
}

variable "log_retention_days" {
  description = "Days for which the logs of tasks, database and Redis are kept. What infra/deploy changed, and what was typed into a task, is kept for a year."
  type        = number
  default     = 30

  validation {
    condition     = contains([7, 14, 30, 60, 90, 180, 365], var.log_retention_days)
    error_message = "log_retention_days must be 7, 14, 30, 60, 90, 180 or 365."
  }
}

variable "auth_service_url" {
  description = "Service that judges API keys."
  type        = string

  validation {
    condition     = can(regex("^https://[^/:@]+(:443)?(/|$)", var.auth_service_url))
    error_message = "auth_service_url must begin with https://, because API keys travel to it, and have no other port than 443: tasks can reach no other."
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

# ------------------------------------------------------------------------------------------------------------------- secrets

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

# -------------------------------------------------------------------------------------------------------- database and Redis

variable "apply_immediately" {
  description = "Whether changes of database and Redis are applied at once, instead of in the maintenance window: storage, instance classes and node types, versions. Some restart the database or replace nodes, and what waits for the window already is applied with them."
  type        = bool
  default     = false
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

variable "database_engine_version" {
  description = "PostgreSQL's version. With the major version alone, RDS chooses the minor one and raises it in the maintenance window."
  type        = string
  default     = "18"
}

variable "database_allow_major_version_upgrade" {
  description = "Whether a change of the major version may be applied. It takes the database away for minutes: set it for that one apply."
  type        = bool
  default     = false
}

variable "database_allocated_storage_gib" {
  description = "Storage at the start. 24 hours of retained messages at 100/s and 1 KiB are 8.6 million rows."
  type        = number
  default     = 50
}

variable "database_max_allocated_storage_gib" {
  description = "Storage to which RDS may grow by itself: a long Redis outage fills the outbox, and a full disk would refuse registrations."
  type        = number
  default     = 500
}

variable "database_backup_retention_days" {
  description = "Days to which the database can be restored."
  type        = number
  default     = 14
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

variable "redis_engine_version" {
  description = "Redis' version."
  type        = string
  default     = "7.1"
}

variable "redis_nodes" {
  description = "Redis nodes: one primary and its replicas."
  type        = number
  default     = 2
}

variable "redis_snapshot_retention_days" {
  description = "Days for which a daily snapshot of Redis is kept. A snapshot is a convenience: what Redis lost is sent again from the database."
  type        = number
  default     = 3
}

# ------------------------------------------------------------------------------------------------------- metrics and alarms

variable "metrics_namespace" {
  description = "CloudWatch namespace of the service's metrics; the tasks' role may write to no other. null: RegistrationOutbox/ and the name. Must be unique in its account and region: deployments that share one hide each other's silence, and page for each other's faults."
  type        = string
  default     = null

  validation {
    condition     = can(regex("^[A-Za-z0-9][A-Za-z0-9._/#-]{0,254}$", coalesce(var.metrics_namespace, "default"))) && !startswith(coalesce(var.metrics_namespace, "default"), "AWS/")
    error_message = "metrics_namespace must be 1 to 255 characters and must not begin with AWS/."
  }
}

variable "page_action_arns" {
  description = "What alarms that cannot wait notify, usually one SNS topic that wakes somebody. At least one: an alarm that nobody hears is none."
  type        = list(string)

  validation {
    condition     = length(var.page_action_arns) >= 1 && alltrue([for arn in var.page_action_arns : startswith(arn, "arn:")])
    error_message = "page_action_arns needs at least one ARN: an alarm that nobody hears is none."
  }
}

variable "ticket_action_arns" {
  description = "What alarms that can wait until the morning notify, usually one SNS topic that makes tickets."
  type        = list(string)

  validation {
    condition     = length(var.ticket_action_arns) >= 1 && alltrue([for arn in var.ticket_action_arns : startswith(arn, "arn:")])
    error_message = "ticket_action_arns needs at least one ARN: an alarm that nobody hears is none."
  }

  validation {
    condition     = length(setintersection(var.page_action_arns, var.ticket_action_arns)) == 0
    error_message = "ticket_action_arns must not be page_action_arns: who is woken for everything stops listening."
  }
}

variable "alarm_thresholds" {
  description = "Other thresholds than those in docs/metrics.md, by the alarm's name there."
  type        = map(number)
  default     = {}
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
