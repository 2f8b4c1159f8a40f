locals {
  major_version = split(".", var.engine_version)[0]
  log_types     = ["postgresql", "upgrade"]
}

resource "aws_db_subnet_group" "this" {
  name        = var.name
  description = "Private subnets of the database of ${var.name}"
  subnet_ids  = var.subnet_ids
}

# The rules stand in the root module, where both ends of a connection are known.
resource "aws_security_group" "this" {
  name        = "${var.name}-database"
  description = "Database of ${var.name}"
  vpc_id      = var.vpc_id
}

resource "aws_db_parameter_group" "this" {
  # A prefix, and the new group before the old one goes: a group that an instance uses cannot be deleted, and a major version
  # needs another family.
  name_prefix = "${var.name}-postgres${local.major_version}-"
  description = "Database of ${var.name}"
  family      = "postgres${local.major_version}"

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

  lifecycle {
    create_before_destroy = true
  }
}

# RDS would make these groups itself at the first line, and keep every line for ever.
resource "aws_cloudwatch_log_group" "this" {
  for_each = toset(local.log_types)

  name              = "/aws/rds/instance/${var.name}/${each.key}"
  retention_in_days = var.log_retention_days
}

# The moment at which the database was made, so that the final snapshot of a second one does not have the name of the first's.
# Before only the instance is replaced: terraform apply -replace=module.database.terraform_data.made_at
resource "terraform_data" "made_at" {
  input = formatdate("YYYYMMDD-hhmm", plantimestamp())

  lifecycle {
    ignore_changes = [input]
  }
}

resource "aws_db_instance" "this" {
  identifier                  = var.name
  engine                      = "postgres"
  engine_version              = var.engine_version
  allow_major_version_upgrade = var.allow_major_version_upgrade
  instance_class              = var.instance_class

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
  delete_automated_backups  = false # an instance that was deleted by mistake can be restored to its last minute
  skip_final_snapshot       = false
  final_snapshot_identifier = "${var.name}-final-${terraform_data.made_at.output}"

  auto_minor_version_upgrade      = true
  apply_immediately               = var.apply_immediately
  database_insights_mode          = "standard"
  performance_insights_enabled    = true
  enabled_cloudwatch_logs_exports = local.log_types

  lifecycle {
    precondition {
      condition     = var.max_allocated_storage_gib > var.allocated_storage_gib
      error_message = "max_allocated_storage_gib must be more than allocated_storage_gib, or the storage does not grow."
    }
  }

  depends_on = [aws_cloudwatch_log_group.this]
}
