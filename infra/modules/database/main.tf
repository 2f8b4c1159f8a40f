resource "aws_db_subnet_group" "this" {
  name        = var.name
  description = "Private subnets of ${var.name}'s database"
  subnet_ids  = var.subnet_ids
}

resource "aws_security_group" "this" {
  name        = "${var.name}-database"
  description = "Database of ${var.name}; who may connect is said beside the caller"
  vpc_id      = var.vpc_id
}

resource "aws_db_parameter_group" "this" {
  name        = "${var.name}-postgres18"
  description = "Database of ${var.name}"
  family      = "postgres18"

  # No connection without TLS, whatever a client's settings say.
  parameter {
    name  = "rds.force_ssl"
    value = "1"
  }

  # A registration that was answered 200 is on disk, here and (multi-AZ) in the standby's zone.
  parameter {
    name  = "synchronous_commit"
    value = "on"
  }
}

resource "aws_db_instance" "this" {
  identifier     = var.name
  engine         = "postgres"
  engine_version = "18"
  instance_class = var.instance_class

  # RDS makes and rotates the master's password in Secrets Manager: neither the state nor a person ever holds it. The service
  # does not use it (a rotation would shut running tasks out); it has a role of its own, see docs/deployment.md.
  username                    = "postgres"
  manage_master_user_password = true

  allocated_storage     = var.allocated_storage_gib
  max_allocated_storage = var.max_allocated_storage_gib
  storage_type          = "gp3"
  storage_encrypted     = true

  multi_az               = true
  publicly_accessible    = false
  db_subnet_group_name   = aws_db_subnet_group.this.name
  vpc_security_group_ids = [aws_security_group.this.id]
  parameter_group_name   = aws_db_parameter_group.this.name

  backup_retention_period   = var.backup_retention_days
  backup_window             = "02:00-02:45"
  maintenance_window        = "sun:05:45-sun:06:45"
  copy_tags_to_snapshot     = true
  deletion_protection       = true
  skip_final_snapshot       = false
  final_snapshot_identifier = "${var.name}-final"

  auto_minor_version_upgrade      = true
  apply_immediately               = false
  performance_insights_enabled    = true
  enabled_cloudwatch_logs_exports = ["postgresql", "upgrade"]

  lifecycle {
    precondition {
      condition     = var.max_allocated_storage_gib > var.allocated_storage_gib
      error_message = "max_allocated_storage_gib must be more than allocated_storage_gib, or the storage does not grow."
    }
  }
}
