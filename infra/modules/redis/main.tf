locals {
  port          = 6379
  major_version = split(".", var.engine_version)[0]
  log_types     = ["engine-log", "slow-log"]
}

resource "aws_elasticache_subnet_group" "this" {
  name        = var.name
  description = "Private subnets of the Redis of ${var.name}"
  subnet_ids  = var.subnet_ids
}

# The rules stand in the root module, where both ends of a connection are known.
resource "aws_security_group" "this" {
  name        = "${var.name}-redis"
  description = "Redis of ${var.name}"
  vpc_id      = var.vpc_id
}

resource "aws_elasticache_parameter_group" "this" {
  # The family is part of the name, so that the next major version's group can be made before this one goes: a group that is in
  # use cannot be deleted.
  name        = "${var.name}-redis${local.major_version}"
  description = "Redis of ${var.name}"
  family      = "redis${local.major_version}"

  # Any other policy lets Redis throw the queue away, or one of its checkpoints, to make room. With this one a full Redis
  # refuses the append, the relay waits, and the messages stay in the database.
  parameter {
    name  = "maxmemory-policy"
    value = "noeviction"
  }

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudwatch_log_group" "this" {
  for_each = toset(local.log_types)

  name              = "/aws/elasticache/${var.name}/${each.key}"
  retention_in_days = var.log_retention_days
}

# The moment at which the group was made, so that the final snapshot of a second one does not have the name of the first's.
# Before only the group is replaced: terraform apply -replace=module.redis.terraform_data.made_at
resource "terraform_data" "made_at" {
  input = formatdate("YYYYMMDD-hhmm", plantimestamp())

  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_elasticache_replication_group" "this" {
  replication_group_id = var.name
  description          = "Queue of ${var.name}"
  engine               = "redis"
  engine_version       = var.engine_version
  node_type            = var.node_type
  port                 = local.port
  parameter_group_name = aws_elasticache_parameter_group.this.name
  subnet_group_name    = aws_elasticache_subnet_group.this.name
  security_group_ids   = [aws_security_group.this.id]

  num_cache_clusters         = var.nodes
  automatic_failover_enabled = true
  multi_az_enabled           = true

  at_rest_encryption_enabled = true
  transit_encryption_enabled = true
  transit_encryption_mode    = "required"

  # A token that nobody knows, so that Redis is never open. infra/redis-token replaces it by the one in Secrets Manager; from
  # then on what the state holds is worthless. (The provider has no write-only argument for it, and a token read by a data
  # source would lie in the state in clear.)
  auth_token = "bootstrap-${uuid()}"

  snapshot_retention_limit   = var.snapshot_retention_days
  snapshot_window            = "03:00-04:00"
  maintenance_window         = "sun:04:30-sun:05:30"
  auto_minor_version_upgrade = true
  apply_immediately          = var.apply_immediately
  final_snapshot_identifier  = "${var.name}-final-${terraform_data.made_at.output}"

  # Why a node failed over, and which command was slow.
  dynamic "log_delivery_configuration" {
    for_each = aws_cloudwatch_log_group.this

    content {
      log_type         = log_delivery_configuration.key
      destination_type = "cloudwatch-logs"
      destination      = log_delivery_configuration.value.name
      log_format       = "json"
    }
  }

  lifecycle {
    # auth_token: it is changed by infra/redis-token, and uuid() is another one on every plan.
    ignore_changes = [auth_token]

    # ElastiCache has no deletion protection. Elements that consumers have taken (:processing, :dlq) exist nowhere else.
    prevent_destroy = true
  }
}
