locals {
  port = 6379
}

resource "aws_elasticache_subnet_group" "this" {
  name        = var.name
  description = "Private subnets of ${var.name}'s Redis"
  subnet_ids  = var.subnet_ids
}

resource "aws_security_group" "this" {
  name        = "${var.name}-redis"
  description = "Redis of ${var.name}; who may connect is said beside the caller"
  vpc_id      = var.vpc_id
}

resource "aws_elasticache_parameter_group" "this" {
  name        = "${var.name}-redis7"
  description = "Redis of ${var.name}"
  family      = "redis7"

  # Any other policy lets Redis throw the queue away, or one of its checkpoints, to make room. With this one a full Redis
  # refuses the append, the relay waits, and the messages stay in the database.
  parameter {
    name  = "maxmemory-policy"
    value = "noeviction"
  }
}

resource "aws_elasticache_replication_group" "this" {
  replication_group_id = var.name
  description          = "Queue of ${var.name}"
  engine               = "redis"
  engine_version       = "7.1"
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
  apply_immediately          = false

  # Nothing protects the group from `terraform destroy` but this snapshot: messages of the last 24 hours are sent again to a new
  # one from the database, repeats included.
  final_snapshot_identifier = "${var.name}-final"

  lifecycle {
    # auth_token: it is changed by infra/redis-token, and uuid() is another one on every plan.
    ignore_changes = [auth_token]
  }
}
