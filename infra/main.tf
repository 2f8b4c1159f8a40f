# The service's path through its infrastructure: clients -> load balancer -> tasks -> database, and tasks -> Redis -> consumers.
# Security group rules between the modules stand here, where both ends are known; the modules own their groups.

module "database" {
  source = "./modules/database"

  name                        = var.name
  vpc_id                      = var.vpc_id
  subnet_ids                  = var.private_subnet_ids
  instance_class              = var.database_instance_class
  engine_version              = var.database_engine_version
  allow_major_version_upgrade = var.database_allow_major_version_upgrade
  apply_immediately           = var.apply_immediately
  allocated_storage_gib       = var.database_allocated_storage_gib
  max_allocated_storage_gib   = var.database_max_allocated_storage_gib
  backup_retention_days       = var.database_backup_retention_days
  log_retention_days          = var.log_retention_days
}

module "redis" {
  source = "./modules/redis"

  name                    = var.name
  vpc_id                  = var.vpc_id
  subnet_ids              = var.private_subnet_ids
  node_type               = var.redis_node_type
  engine_version          = var.redis_engine_version
  nodes                   = var.redis_nodes
  snapshot_retention_days = var.redis_snapshot_retention_days
  apply_immediately       = var.apply_immediately
  log_retention_days      = var.log_retention_days
}

module "service" {
  source = "./modules/service"

  name                            = var.name
  region                          = var.region
  environment                     = var.environment
  vpc_id                          = var.vpc_id
  subnet_ids                      = var.private_subnet_ids
  listener_arn                    = var.listener_arn
  listener_rule_priority          = var.listener_rule_priority
  load_balancer_security_group_id = var.load_balancer_security_group_id
  load_balancer_egress_rule       = var.load_balancer_egress_rule
  host_names                      = var.host_names
  operator_cidr_blocks            = var.operator_cidr_blocks
  https_egress_cidrs              = var.https_egress_cidrs
  https_egress_prefix_list_ids    = var.https_egress_prefix_list_ids
  image                           = var.image
  image_repository_arn            = var.image_repository_arn
  min_tasks                       = var.min_tasks
  max_tasks                       = var.max_tasks
  cpu_target_percent              = var.cpu_target_percent
  cpu                             = var.cpu
  memory_mib                      = var.memory_mib
  cpu_architecture                = var.cpu_architecture
  execute_command                 = var.execute_command
  log_retention_days              = var.log_retention_days
  partitions                      = var.partitions
  database = {
    host                = module.database.host
    port                = module.database.port
    name                = "registry"
    role                = "registry"
    password_secret_arn = var.database_password_secret_arn
  }
  redis = {
    host                  = module.redis.host
    port                  = module.redis.port
    auth_token_secret_arn = var.redis_auth_token_secret_arn
  }
  auth_service_url  = var.auth_service_url
  auth_service_id   = var.auth_service_id
  metrics_namespace = local.metrics_namespace
  settings          = var.settings
}

module "observability" {
  source = "./modules/observability"

  name                       = var.name
  region                     = var.region
  metrics_namespace          = local.metrics_namespace
  partitions                 = var.partitions
  min_tasks                  = var.min_tasks
  max_tasks                  = var.max_tasks
  page_action_arns           = var.page_action_arns
  ticket_action_arns         = var.ticket_action_arns
  runbook_url                = var.runbook_url
  cluster_name               = module.service.cluster_name
  service_name               = module.service.service_name
  load_balancer_arn_suffix   = module.service.load_balancer_arn_suffix
  target_group_arn_suffix    = module.service.target_group_arn_suffix
  database_identifier        = module.database.identifier
  database_allocated_storage = var.database_allocated_storage_gib
  redis_node_ids             = module.redis.node_ids
  thresholds                 = var.alarm_thresholds
}

resource "aws_vpc_security_group_ingress_rule" "database_from_service" {
  security_group_id            = module.database.security_group_id
  referenced_security_group_id = module.service.security_group_id
  description                  = "Tasks of ${var.name}"
  ip_protocol                  = "tcp"
  from_port                    = module.database.port
  to_port                      = module.database.port
}

resource "aws_vpc_security_group_egress_rule" "service_to_database" {
  security_group_id            = module.service.security_group_id
  referenced_security_group_id = module.database.security_group_id
  description                  = "The database"
  ip_protocol                  = "tcp"
  from_port                    = module.database.port
  to_port                      = module.database.port
}

resource "aws_vpc_security_group_ingress_rule" "redis_from_service" {
  security_group_id            = module.redis.security_group_id
  referenced_security_group_id = module.service.security_group_id
  description                  = "Tasks of ${var.name}"
  ip_protocol                  = "tcp"
  from_port                    = module.redis.port
  to_port                      = module.redis.port
}

resource "aws_vpc_security_group_egress_rule" "service_to_redis" {
  security_group_id            = module.service.security_group_id
  referenced_security_group_id = module.redis.security_group_id
  description                  = "Redis"
  ip_protocol                  = "tcp"
  from_port                    = module.redis.port
  to_port                      = module.redis.port
}

resource "aws_vpc_security_group_ingress_rule" "redis_from_consumers" {
  for_each = var.consumer_security_group_ids

  security_group_id            = module.redis.security_group_id
  referenced_security_group_id = each.value
  description                  = "Consumer ${each.key}"
  ip_protocol                  = "tcp"
  from_port                    = module.redis.port
  to_port                      = module.redis.port
}

resource "aws_vpc_security_group_ingress_rule" "database_from_operators" {
  for_each = var.operator_security_group_ids

  security_group_id            = module.database.security_group_id
  referenced_security_group_id = each.value
  description                  = "Operators on ${each.key}"
  ip_protocol                  = "tcp"
  from_port                    = module.database.port
  to_port                      = module.database.port
}

resource "aws_vpc_security_group_ingress_rule" "redis_from_operators" {
  for_each = var.operator_security_group_ids

  security_group_id            = module.redis.security_group_id
  referenced_security_group_id = each.value
  description                  = "Operators on ${each.key}"
  ip_protocol                  = "tcp"
  from_port                    = module.redis.port
  to_port                      = module.redis.port
}

# An alarm on a name that the service does not publish, or with a dimension that it does not have, is silent for ever, and looks
# like health.
check "metrics_exist" {
  assert {
    condition     = length(local.unknown_metrics) == 0
    error_message = "Alarms or dashboard name metrics, or dimensions, that the service does not publish (docs/metrics.txt): ${join(", ", local.unknown_metrics)}."
  }
}

locals {
  # By name: with one namespace for all, no-metrics of a deployment would hear the metrics of another.
  metrics_namespace = coalesce(var.metrics_namespace, "RegistrationOutbox/${var.name}")

  unknown_metrics = setsubtract(
    module.observability.service_metrics,
    compact(split("\n", file("${path.module}/../docs/metrics.txt"))),
  )
}
