# The database is where a registration is once it was answered: private, encrypted, doubled, backed up.

mock_provider "aws" {
  mock_resource "aws_db_instance" {
    defaults = {
      master_user_secret = [{ secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds-made" }]
    }
  }
}

variables {
  name           = "outbox-test"
  vpc_id         = "vpc-0123"
  subnet_ids     = ["subnet-a", "subnet-b"]
  instance_class = "db.t4g.medium"

  engine_version              = "18"
  allow_major_version_upgrade = false
  apply_immediately           = false
  allocated_storage_gib       = 50
  max_allocated_storage_gib   = 500
  backup_retention_days       = 14
  log_retention_days          = 30
}

run "the_database_is_private_and_encrypted" {
  module {
    source = "./modules/database"
  }

  assert {
    condition     = aws_db_instance.this.publicly_accessible == false && aws_db_instance.this.storage_encrypted
    error_message = "The database must not be public, and its storage must be encrypted."
  }

  assert {
    condition     = one([for p in aws_db_parameter_group.this.parameter : p.value if p.name == "rds.force_ssl"]) == "1"
    error_message = "The database must refuse connections without TLS."
  }

  assert {
    condition     = aws_db_instance.this.manage_master_user_password == true && aws_db_instance.this.password == null
    error_message = "The master's password must be RDS' own business: never in the state."
  }
}

run "an_acknowledged_commit_outlives_a_zone" {
  module {
    source = "./modules/database"
  }

  assert {
    condition     = aws_db_instance.this.multi_az
    error_message = "The database must have a standby in another zone."
  }

  assert {
    condition     = one([for p in aws_db_parameter_group.this.parameter : p.value if p.name == "synchronous_commit"]) == "on"
    error_message = "synchronous_commit must be on."
  }

  assert {
    condition     = aws_db_instance.this.parameter_group_name == aws_db_parameter_group.this.name
    error_message = "The instance must use that parameter group."
  }
}

run "the_database_can_be_restored_and_not_be_deleted_by_accident" {
  module {
    source = "./modules/database"
  }

  assert {
    condition = alltrue([
      aws_db_instance.this.backup_retention_period >= 7,
      aws_db_instance.this.deletion_protection,
      aws_db_instance.this.skip_final_snapshot == false,
      aws_db_instance.this.delete_automated_backups == false,
    ])
    error_message = "Backups for a week at least, which outlive the instance, deletion protection, and a final snapshot."
  }

  assert {
    condition     = can(regex("^outbox-test-final-[0-9]{8}-[0-9]{4}$", aws_db_instance.this.final_snapshot_identifier))
    error_message = "The final snapshot's name must be another one for the next database: a name that is taken makes the deletion fail."
  }

  assert {
    condition     = aws_db_instance.this.max_allocated_storage > aws_db_instance.this.allocated_storage
    error_message = "Storage must grow by itself: a Redis outage fills the outbox."
  }
}

run "logs_do_not_pile_up" {
  module {
    source = "./modules/database"
  }

  assert {
    condition = { for g in values(aws_cloudwatch_log_group.this) : g.name => g.retention_in_days } == {
      for type in aws_db_instance.this.enabled_cloudwatch_logs_exports : "/aws/rds/instance/outbox-test/${type}" => 30
    }
    error_message = "RDS makes the groups that are not there, and keeps them for ever: each exported log needs its group."
  }
}

run "a_change_waits_for_the_maintenance_window_unless_told_otherwise" {
  module {
    source = "./modules/database"
  }

  assert {
    condition     = aws_db_instance.this.apply_immediately == false && aws_db_instance.this.allow_major_version_upgrade == false
    error_message = "Nothing restarts the database by surprise."
  }
}

run "a_new_major_version_gets_its_own_parameter_group" {
  module {
    source = "./modules/database"
  }

  variables {
    engine_version              = "19.1"
    allow_major_version_upgrade = true
    apply_immediately           = true
  }

  assert {
    condition = alltrue([
      aws_db_parameter_group.this.family == "postgres19",
      aws_db_parameter_group.this.name_prefix == "outbox-test-postgres19-",
      aws_db_instance.this.engine_version == "19.1",
      aws_db_instance.this.allow_major_version_upgrade,
      aws_db_instance.this.apply_immediately,
    ])
    error_message = "Version, family and group's name go together; a prefix, so that the new group can be made before the old one goes."
  }
}

run "short_backups_are_refused" {
  command = plan

  module {
    source = "./modules/database"
  }

  variables {
    backup_retention_days = 1
  }

  expect_failures = [var.backup_retention_days]
}

run "storage_that_cannot_grow_is_refused" {
  command = plan

  module {
    source = "./modules/database"
  }

  variables {
    allocated_storage_gib     = 100
    max_allocated_storage_gib = 100
  }

  expect_failures = [aws_db_instance.this]
}
