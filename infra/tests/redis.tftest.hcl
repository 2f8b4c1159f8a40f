# Redis holds what consumers have not taken yet: it is not open, not single, and throws nothing away.

mock_provider "aws" {}

variables {
  name       = "outbox-test"
  vpc_id     = "vpc-0123"
  subnet_ids = ["subnet-a", "subnet-b"]
  node_type  = "cache.t4g.small"

  engine_version          = "7.1"
  nodes                   = 2
  snapshot_retention_days = 3
  apply_immediately       = false
  log_retention_days      = 30
}

run "redis_is_encrypted_and_asks_for_a_token" {
  module {
    source = "./modules/redis"
  }

  assert {
    condition = alltrue([
      aws_elasticache_replication_group.this.transit_encryption_enabled,
      aws_elasticache_replication_group.this.transit_encryption_mode == "required",
      tobool(aws_elasticache_replication_group.this.at_rest_encryption_enabled),
    ])
    error_message = "Redis must be encrypted in transit (required, not preferred) and at rest."
  }

  assert {
    condition     = can(regex("^bootstrap-[0-9a-f-]{36}$", aws_elasticache_replication_group.this.auth_token))
    error_message = "Redis must be made with an AUTH token, and one that nobody knows."
  }
}

run "redis_survives_a_node" {
  module {
    source = "./modules/redis"
  }

  assert {
    condition = alltrue([
      aws_elasticache_replication_group.this.automatic_failover_enabled,
      aws_elasticache_replication_group.this.multi_az_enabled,
      aws_elasticache_replication_group.this.num_cache_clusters >= 2,
    ])
    error_message = "Redis must have a replica in another zone and fail over to it by itself."
  }

  assert {
    condition     = output.node_ids == ["outbox-test-001", "outbox-test-002"]
    error_message = "Node ids must be what ElastiCache calls its nodes, or their alarms watch nothing."
  }
}

run "redis_never_evicts_the_queue" {
  module {
    source = "./modules/redis"
  }

  assert {
    condition = one([
      for p in aws_elasticache_parameter_group.this.parameter : p.value if p.name == "maxmemory-policy"
    ]) == "noeviction"
    error_message = "maxmemory-policy must be noeviction."
  }

  assert {
    condition     = aws_elasticache_replication_group.this.parameter_group_name == aws_elasticache_parameter_group.this.name
    error_message = "The replication group must use that parameter group."
  }
}

run "redis_is_not_lost_by_accident" {
  module {
    source = "./modules/redis"
  }

  assert {
    condition     = can(regex("^outbox-test-final-[0-9]{8}-[0-9]{4}$", aws_elasticache_replication_group.this.final_snapshot_identifier))
    error_message = "The final snapshot's name must be another one for the next group: a name that is taken makes the deletion fail."
  }

  assert {
    condition     = aws_elasticache_replication_group.this.apply_immediately == false
    error_message = "Nothing replaces nodes by surprise."
  }
}

run "redis_says_what_happens_to_it_and_its_logs_do_not_pile_up" {
  module {
    source = "./modules/redis"
  }

  assert {
    condition = { for c in aws_elasticache_replication_group.this.log_delivery_configuration : c.log_type => c.destination } == {
      for type, group in aws_cloudwatch_log_group.this : type => group.name
    }
    error_message = "Engine's log and slow log go to their groups."
  }

  assert {
    condition     = alltrue([for group in values(aws_cloudwatch_log_group.this) : group.retention_in_days == 30])
    error_message = "Logs are not kept for ever."
  }
}

run "one_node_is_refused" {
  command = plan

  module {
    source = "./modules/redis"
  }

  variables {
    nodes = 1
  }

  expect_failures = [var.nodes]
}

run "one_subnet_is_refused" {
  command = plan

  module {
    source = "./modules/redis"
  }

  variables {
    subnet_ids = ["subnet-a", "subnet-a"]
  }

  expect_failures = [var.subnet_ids]
}
