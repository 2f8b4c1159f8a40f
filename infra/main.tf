# The service's path through its infrastructure: clients -> load balancer -> tasks -> database, and tasks -> Redis -> consumers.
# Security group rules between the modules stand here, where both ends are known; the modules own their groups.

module "database" {
  source = "./modules/database"

  name           = var.name
  vpc_id         = var.vpc_id
  subnet_ids     = var.private_subnet_ids
  instance_class = var.database_instance_class
}

module "redis" {
  source = "./modules/redis"

  name       = var.name
  vpc_id     = var.vpc_id
  subnet_ids = var.private_subnet_ids
  node_type  = var.redis_node_type
}

module "service" {
  source = "./modules/service"

  name                            = var.name
  region                          = var.region
  vpc_id                          = var.vpc_id
  subnet_ids                      = var.private_subnet_ids
  listener_arn                    = var.listener_arn
  listener_rule_priority          = var.listener_rule_priority
  load_balancer_security_group_id = var.load_balancer_security_group_id
  host_names                      = var.host_names
  image                           = var.image
  image_repository_arn            = var.image_repository_arn
  desired_count                   = var.desired_count
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
  metrics_namespace = var.metrics_namespace
}

module "observability" {
  source = "./modules/observability"

  name                       = var.name
  region                     = var.region
  metrics_namespace          = var.metrics_namespace
  partitions                 = var.partitions
  desired_count              = var.desired_count
  action_arns                = var.alarm_action_arns
  runbook_url                = var.runbook_url
  cluster_name               = module.service.cluster_name
  service_name               = module.service.service_name
  load_balancer_arn_suffix   = module.service.load_balancer_arn_suffix
  target_group_arn_suffix    = module.service.target_group_arn_suffix
  database_identifier        = module.database.identifier
  database_allocated_storage = module.database.allocated_storage_gib
  redis_node_ids             = module.redis.node_ids
}

resource "aws_vpc_security_group_ingress_rule" "database_from_service" {
  security_group_id            = module.database.security_group_id
  referenced_security_group_id = module.service.security_group_id
  description                  = "The service's connections"
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
  description                  = "The relay"
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

# An alarm on a name that the service does not publish is silent for ever, and looks like health.
check "metrics_exist" {
  assert {
    condition = length(setsubtract(
      module.observability.service_metric_names,
      compact(split("\n", file("${path.module}/../docs/metrics.txt")))
    )) == 0
    error_message = "Alarms or dashboard name metrics that the service does not publish (docs/metrics.txt): ${join(", ", setsubtract(
      module.observability.service_metric_names,
      compact(split("\n", file("${path.module}/../docs/metrics.txt")))
    ))}."
  }
}
