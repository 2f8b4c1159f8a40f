# docs/runbook.md#restore-drill: Terraform imports an instance that was restored, and RDS has not made the master's secret yet.

mock_provider "aws" {
  mock_resource "aws_db_instance" {
    defaults = { master_user_secret = [] }
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

run "an_instance_without_a_master_secret_is_no_error" {
  module {
    source = "./modules/database"
  }

  assert {
    condition     = length(aws_db_instance.this.master_user_secret) == 0 && output.master_secret_arn == null
    error_message = "Until the secret is there, the output must be null."
  }
}
