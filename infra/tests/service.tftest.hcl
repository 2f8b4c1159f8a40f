# The task definition is the contract with the service; its roles say what a stolen task could do.

mock_provider "aws" {
  mock_resource "aws_iam_role" {
    defaults = { arn = "arn:aws:iam::123456789012:role/mock" }
  }
  mock_resource "aws_cloudwatch_log_group" {
    defaults = { arn = "arn:aws:logs:us-east-1:123456789012:log-group:mock" }
  }
  mock_resource "aws_ecs_cluster" {
    defaults = {
      id  = "arn:aws:ecs:us-east-1:123456789012:cluster/outbox-test"
      arn = "arn:aws:ecs:us-east-1:123456789012:cluster/outbox-test"
    }
  }
  mock_resource "aws_ecs_service" {
    defaults = { id = "arn:aws:ecs:us-east-1:123456789012:service/outbox-test/outbox-test" }
  }
  mock_resource "aws_ecs_task_definition" {
    defaults = {
      arn                  = "arn:aws:ecs:us-east-1:123456789012:task-definition/outbox-test:1"
      arn_without_revision = "arn:aws:ecs:us-east-1:123456789012:task-definition/outbox-test"
    }
  }
  mock_resource "aws_lb_target_group" {
    defaults = { arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/outbox-test/0123456789abcdef" }
  }
  mock_resource "aws_lb_listener_rule" {
    defaults = { arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener-rule/app/api/1/2/3" }
  }
}

variables {
  name                            = "outbox-test"
  region                          = "us-east-1"
  vpc_id                          = "vpc-0123"
  subnet_ids                      = ["subnet-a", "subnet-b"]
  listener_arn                    = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/api/0123456789abcdef/fedcba9876543210"
  listener_rule_priority          = 10
  load_balancer_security_group_id = "sg-loadbalancer"
  host_names                      = ["registry.example.com"]
  operator_cidr_blocks            = []
  load_balancer_egress_rule       = true
  https_egress_cidrs              = ["0.0.0.0/0"]
  https_egress_prefix_list_ids    = []
  image                           = "123456789012.dkr.ecr.us-east-1.amazonaws.com/registration-outbox@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  image_repository_arn            = "arn:aws:ecr:us-east-1:123456789012:repository/registration-outbox"
  auth_service_url                = "https://auth.example.com"
  auth_service_id                 = "registration"
  metrics_namespace               = "RegistrationOutbox/outbox-test"
  settings                        = {}
  environment                     = "production"
  min_tasks                       = 2
  max_tasks                       = 6
  cpu_target_percent              = 60
  partitions                      = 1
  cpu                             = 1024
  memory_mib                      = 2048
  cpu_architecture                = "X86_64"
  execute_command                 = false
  log_retention_days              = 30
  database = {
    host                = "db.example.com"
    port                = 5432
    name                = "registry"
    role                = "registry"
    password_secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf"
  }
  redis = {
    host                  = "redis.example.com"
    port                  = 6379
    auth_token_secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:redis-AbCdEf"
  }
}

run "the_environment_is_the_contract_with_the_service" {
  module {
    source = "./modules/service"
  }

  assert {
    condition = toset([for e in jsondecode(aws_ecs_task_definition.this.container_definitions)[0].environment : e.name]) == toset([
      "PORT", "REDIS_HOST", "REDIS_PORT", "REDIS_TLS_ENABLED", "SPRING_DATASOURCE_URL", "SPRING_DATASOURCE_USERNAME",
      "AUTH_SERVICE_URL", "AUTH_SERVICE_ID", "CLOUDWATCH_NAMESPACE", "CLOUDWATCH_REGION", "CLOUDWATCH_STEP",
      "LOGGING_STRUCTURED_FORMAT_CONSOLE", "REGISTRY_OUTBOX_ENVIRONMENT",
    ])
    error_message = "The environment must be exactly the variables that the service knows."
  }

  assert {
    condition = { for e in jsondecode(aws_ecs_task_definition.this.container_definitions)[0].environment : e.name => e.value
    }["CLOUDWATCH_NAMESPACE"] == "RegistrationOutbox/outbox-test"
    error_message = "The service publishes where its role lets it and where the alarms look."
  }

  assert {
    condition = { for e in jsondecode(aws_ecs_task_definition.this.container_definitions)[0].environment : e.name => e.value
    }["REDIS_TLS_ENABLED"] == "true"
    error_message = "An AUTH token without TLS is a password in clear."
  }

  assert {
    condition = strcontains(
      { for e in jsondecode(aws_ecs_task_definition.this.container_definitions)[0].environment : e.name => e.value }["SPRING_DATASOURCE_URL"],
      "?sslmode=verify-full&"
    )
    error_message = "The database's certificate and host must be verified."
  }
}

run "secrets_come_from_secrets_manager_and_nowhere_else" {
  module {
    source = "./modules/service"
  }

  assert {
    condition = { for s in jsondecode(aws_ecs_task_definition.this.container_definitions)[0].secrets : s.name => s.valueFrom } == {
      REDIS_AUTH_TOKEN           = "arn:aws:secretsmanager:us-east-1:123456789012:secret:redis-AbCdEf"
      SPRING_DATASOURCE_PASSWORD = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf"
    }
    error_message = "Token and password must be the two secrets."
  }

  assert {
    condition = alltrue([
      for e in jsondecode(aws_ecs_task_definition.this.container_definitions)[0].environment :
      !can(regex("(?i)password|token|secret|api_key$", e.name)) && !can(regex("(?i)password=|:[^/:@]+@", e.value))
    ])
    error_message = "No secret may stand in the plain environment, nor inside a URL."
  }

  assert {
    condition     = !can(regex("(?i)[^a-z]ssm[^a-z]", aws_ecs_task_definition.this.container_definitions))
    error_message = "No SSM parameter may be read."
  }
}

run "roles_allow_exactly_what_is_used" {
  module {
    source = "./modules/service"
  }

  assert {
    condition = sort(flatten([for s in jsondecode(aws_iam_role_policy.execution.policy).Statement : s.Action])) == sort([
      "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer",
      "logs:CreateLogStream", "logs:PutLogEvents", "secretsmanager:GetSecretValue",
    ])
    error_message = "The execution role's actions must be exactly these."
  }

  assert {
    condition = one([
      for s in jsondecode(aws_iam_role_policy.execution.policy).Statement : s.Resource
      if contains(s.Action, "secretsmanager:GetSecretValue")
      ]) == [
      "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf",
      "arn:aws:secretsmanager:us-east-1:123456789012:secret:redis-AbCdEf",
    ]
    error_message = "The execution role may read the two secrets and no other."
  }

  assert {
    condition = alltrue([
      for s in jsondecode(aws_iam_role_policy.execution.policy).Statement :
      s.Action == ["ecr:GetAuthorizationToken"] || !contains(s.Resource, "*")
    ])
    error_message = "Only the action that knows no resources may have all of them."
  }

  assert {
    condition = jsondecode(aws_iam_role_policy.task.policy).Statement == [{
      Sid       = "PutMetrics"
      Effect    = "Allow"
      Action    = ["cloudwatch:PutMetricData"]
      Resource  = ["*"]
      Condition = { StringEquals = { "cloudwatch:namespace" = "RegistrationOutbox/outbox-test" } }
    }]
    error_message = "The process may put metrics into its namespace and do nothing else."
  }
}

run "who_deploys_may_do_that_and_nothing_else" {
  module {
    source = "./modules/service"
  }

  assert {
    # That these are the calls of infra/deploy is infra/test/deploy-test's business.
    condition = alltrue([
      for s in jsondecode(output.deployer_policy).Statement :
      !contains(s.Resource, "*") || can(s.Condition) || contains(["TaskDefinitions", "WatchTheAlarms"], s.Sid)
    ])
    error_message = "Only actions that know no resources may have all of them."
  }

  assert {
    condition = one([for s in jsondecode(output.deployer_policy).Statement : s if s.Action == ["iam:PassRole"]]).Condition == {
      StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" }
    }
    error_message = "The roles may be handed to tasks only."
  }
}

run "a_shell_in_a_task_is_asked_for" {
  module {
    source = "./modules/service"
  }

  assert {
    condition     = aws_ecs_service.this.enable_execute_command == false && length(aws_iam_role_policy.execute_command) == 0
    error_message = "Nobody can open a shell beside the secrets unless it was asked for."
  }
}

run "a_shell_in_a_task_works_and_is_logged" {
  module {
    source = "./modules/service"
  }

  variables {
    execute_command = true
  }

  assert {
    condition = alltrue([
      aws_ecs_service.this.enable_execute_command,
      contains(flatten([for s in jsondecode(aws_iam_role_policy.execute_command[0].policy).Statement : s.Action]), "ssmmessages:OpenDataChannel"),
      jsondecode(aws_ecs_task_definition.this.container_definitions)[0].linuxParameters.initProcessEnabled,
      !jsondecode(aws_ecs_task_definition.this.container_definitions)[0].readonlyRootFilesystem,
      aws_ecs_cluster.this.configuration[0].execute_command_configuration[0].log_configuration[0].cloud_watch_log_group_name == "/ecs/outbox-test/sessions",
    ])
    error_message = "ECS Exec needs the rights, and a root file system that its agent can write to; its sessions are logged."
  }
}

run "the_container_is_confined" {
  module {
    source = "./modules/service"
  }

  assert {
    condition = alltrue([
      for c in jsondecode(aws_ecs_task_definition.this.container_definitions) :
      c.memory == 2048 && c.readonlyRootFilesystem && !startswith(c.user, "0") && c.user != "root" && c.linuxParameters.capabilities.drop == ["ALL"]
    ])
    error_message = "A memory limit, read-only root, not root, no capabilities."
  }

  assert {
    condition     = one(aws_ecs_service.this.network_configuration).assign_public_ip == false
    error_message = "Tasks must have no public address."
  }

  assert {
    condition = alltrue([
      aws_vpc_security_group_ingress_rule.from_load_balancer.referenced_security_group_id == "sg-loadbalancer",
      aws_vpc_security_group_ingress_rule.from_load_balancer.from_port == 8001,
      aws_vpc_security_group_ingress_rule.from_load_balancer.to_port == 8001,
      aws_vpc_security_group_ingress_rule.from_load_balancer.cidr_ipv4 == null,
    ])
    error_message = "Only the load balancer may connect to a task, on one port."
  }

  assert {
    condition     = alltrue([for r in values(aws_vpc_security_group_egress_rule.https) : r.from_port == 443 && r.to_port == 443])
    error_message = "The only way out without a security group at its end is HTTPS."
  }
}

run "narrow_egress_still_reaches_the_images_layers" {
  module {
    source = "./modules/service"
  }

  variables {
    https_egress_cidrs           = ["10.0.0.0/16"]
    https_egress_prefix_list_ids = ["pl-63a5400a"]
  }

  assert {
    condition     = one(values(aws_vpc_security_group_egress_rule.https_to_prefix_lists)).prefix_list_id == "pl-63a5400a"
    error_message = "Layers come from S3, whose addresses are not the VPC's."
  }
}

run "a_load_balancer_group_with_inline_rules_is_left_alone" {
  module {
    source = "./modules/service"
  }

  variables {
    load_balancer_egress_rule = false
  }

  assert {
    condition     = length(aws_vpc_security_group_egress_rule.load_balancer_to_service) == 0
    error_message = "Inline rules and this one would take each other away."
  }
}

run "clients_reach_what_is_theirs_and_nothing_else" {
  module {
    source = "./modules/service"
  }

  assert {
    condition = toset(flatten([
      for rule in values(aws_lb_listener_rule.forward) : [for c in rule.condition : [for p in c.path_pattern : p.values]]
    ])) == toset(["/models*", "/api/models*", "/health*", "/ready*"])
    error_message = "The console, /outbox, /actuator and the API's documentation are not for everyone."
  }

  assert {
    condition = alltrue([
      for rule in values(aws_lb_listener_rule.forward) : length(flatten([for c in rule.condition : [for h in c.host_header : h.values]])) > 0
      && length(flatten([for c in rule.condition : [for p in c.path_pattern : p.values]])) > 0
    ])
    error_message = "Every rule is limited to our hosts, and to paths."
  }

  assert {
    condition = alltrue([
      aws_lb_listener_rule.everything_else.action[0].fixed_response[0].status_code == "404",
      alltrue([for rule in values(aws_lb_listener_rule.forward) : rule.priority < aws_lb_listener_rule.everything_else.priority]),
    ])
    error_message = "What no rule takes is answered 404, not by the listener's default action."
  }
}

run "operators_reach_everything_from_their_networks" {
  module {
    source = "./modules/service"
  }

  variables {
    host_names           = ["registry.example.com", "registry.example.org", "registry.example.net"]
    operator_cidr_blocks = ["10.20.0.0/16", "10.30.0.0/16"]
  }

  assert {
    condition = alltrue([
      toset(flatten([for c in aws_lb_listener_rule.forward["operators"].condition : [for n in c.source_ip : n.values]])) == toset(["10.20.0.0/16", "10.30.0.0/16"]),
      length(flatten([for c in aws_lb_listener_rule.forward["operators"].condition : [for p in c.path_pattern : p.values]])) == 0,
    ])
    error_message = "From these networks every path is reachable."
  }

  assert {
    condition = alltrue([
      for rule in concat(values(aws_lb_listener_rule.forward), [aws_lb_listener_rule.everything_else]) : length(flatten([
        for c in rule.condition : concat([for h in c.host_header : h.values], [for p in c.path_pattern : p.values], [for n in c.source_ip : n.values])
      ])) <= 5
    ])
    error_message = "A rule takes five values at most."
  }

  assert {
    condition = length(distinct(concat(
      [for rule in values(aws_lb_listener_rule.forward) : rule.priority], [aws_lb_listener_rule.everything_else.priority],
    ))) == 4
    error_message = "Each rule has a priority of its own."
  }
}

run "health_checks_ask_what_each_is_for" {
  module {
    source = "./modules/service"
  }

  assert {
    condition     = aws_lb_target_group.this.health_check[0].path == "/health/alb" && aws_lb_target_group.this.health_check[0].matcher == "200"
    error_message = "The load balancer asks /health/alb."
  }

  assert {
    condition     = reverse(jsondecode(aws_ecs_task_definition.this.container_definitions)[0].healthCheck.command)[0] == "/live"
    error_message = "ECS asks /live."
  }
}

run "timings_fit_into_each_other" {
  module {
    source = "./modules/service"
  }

  assert {
    # A start under 10 s, seen healthy after two checks.
    condition = aws_ecs_service.this.health_check_grace_period_seconds >= 10 + (
      aws_lb_target_group.this.health_check[0].healthy_threshold * aws_lb_target_group.this.health_check[0].interval
    )
    error_message = "The grace period must cover a start and the checks that see it."
  }

  assert {
    condition = alltrue([
      for c in jsondecode(aws_ecs_task_definition.this.container_definitions) :
      c.stopTimeout == 30 && c.healthCheck.startPeriod > 10 && c.healthCheck.timeout < c.healthCheck.interval
    ])
    error_message = "stopTimeout must cover the 10 s of a stop, startPeriod the 10 s of a start."
  }

  assert {
    # Tomcat's graceful shutdown comes after; before it, a request may take 2 s for a connection and 5 s for its statement.
    condition     = tonumber(aws_lb_target_group.this.deregistration_delay) >= 7 && tonumber(aws_lb_target_group.this.deregistration_delay) <= 30
    error_message = "deregistration_delay must cover the longest request, and not hold up every deployment."
  }
}

run "a_deployment_never_takes_away_what_works" {
  module {
    source = "./modules/service"
  }

  assert {
    condition     = one(aws_ecs_service.this.deployment_circuit_breaker).enable && one(aws_ecs_service.this.deployment_circuit_breaker).rollback
    error_message = "A deployment whose tasks do not come up must be rolled back by ECS."
  }

  assert {
    condition = alltrue([
      aws_ecs_service.this.deployment_minimum_healthy_percent == 100,
      aws_ecs_service.this.deployment_maximum_percent >= 150,
      aws_ecs_task_definition.this.skip_destroy,
    ])
    error_message = "New tasks before old ones leave, and old revisions kept to go back to."
  }

  assert {
    condition     = aws_ecs_service.this.availability_zone_rebalancing == "ENABLED"
    error_message = "After a zone's outage tasks must spread again."
  }
}

run "no_task_starts_before_the_database_has_its_role" {
  module {
    source = "./modules/service"
  }

  assert {
    condition     = aws_ecs_service.this.desired_count == 0
    error_message = "The first tasks are infra/deploy's: earlier ones would fail, and the circuit breaker would give up for good."
  }
}

run "tasks_come_and_go_with_the_load_within_bounds" {
  module {
    source = "./modules/service"
  }

  assert {
    condition = alltrue([
      aws_appautoscaling_target.this.resource_id == "service/outbox-test/outbox-test",
      aws_appautoscaling_target.this.scalable_dimension == "ecs:service:DesiredCount",
      aws_appautoscaling_target.this.min_capacity == 2,
      aws_appautoscaling_target.this.max_capacity == 6,
    ])
    error_message = "Autoscaling keeps the number of tasks between min_tasks and max_tasks."
  }

  assert {
    condition = alltrue([
      for c in aws_appautoscaling_policy.cpu.target_tracking_scaling_policy_configuration :
      c.target_value == 60 && one(c.predefined_metric_specification).predefined_metric_type == "ECSServiceAverageCPUUtilization"
    ])
    error_message = "It follows the tasks' CPU."
  }
}

run "logs_do_not_pile_up" {
  module {
    source = "./modules/service"
  }

  assert {
    condition = alltrue([
      for g in [aws_cloudwatch_log_group.this, aws_cloudwatch_log_group.deployments, aws_cloudwatch_log_group.sessions] : g.retention_in_days > 0
    ])
    error_message = "Every log has an end."
  }

  assert {
    condition     = aws_cloudwatch_log_group.deployments.name == "/ecs/outbox-test/deployments"
    error_message = "infra/deploy writes to this group unless told otherwise."
  }
}

run "partitions_reach_the_service_when_there_are_several" {
  module {
    source = "./modules/service"
  }

  variables {
    partitions = 4
  }

  assert {
    condition = contains(
      [for e in jsondecode(aws_ecs_task_definition.this.container_definitions)[0].environment : "${e.name}=${e.value}"],
      "REGISTRY_OUTBOX_PARTITIONS=4"
    )
    error_message = "The number of partitions must reach the service."
  }
}

run "settings_reach_the_service" {
  module {
    source = "./modules/service"
  }

  variables {
    settings = { REGISTRY_RETENTION_PERIOD = "48h" }
  }

  assert {
    condition = contains(
      [for e in jsondecode(aws_ecs_task_definition.this.container_definitions)[0].environment : "${e.name}=${e.value}"],
      "REGISTRY_RETENTION_PERIOD=48h"
    )
    error_message = "What docs/configuration.md has can be set."
  }

  assert {
    condition = alltrue([
      for name in ["AWS_ENDPOINT_URL_CLOUDWATCH", "REGISTRY_CLOUDWATCH_NAMESPACE", "REGISTRY_CLOUDWATCH_STEP", "REGISTRY_SECURITY_AUTH_SERVICE_URL", "REGISTRY_SECURITY_AUTHSERVICE_ID", "SERVER_PORT", "API_PORT", "REGISTRY_MIGRATE_ONLY", "REGISTRY_MIGRATEONLY"] :
      can(regex(local.refused_settings, name))
      ]) && !anytrue([
      for name in ["REGISTRY_SECURITY_AUTH_SERVICE_STALE_TTL", "REGISTRY_OUTBOX_DIVERGENCE_HEAL_INTERVAL"] : can(regex(local.refused_settings, name))
    ])
    error_message = "What Terraform sets can be set under no other name, and its neighbours can."
  }
}

run "a_setting_that_terraform_sets_is_refused" {
  command = plan

  module {
    source = "./modules/service"
  }

  variables {
    settings = { REGISTRY_OUTBOX_ENVIRONMENT = "1" }
  }

  expect_failures = [var.settings]
}

run "a_setting_that_has_a_variable_of_its_own_is_refused" {
  command = plan

  module {
    source = "./modules/service"
  }

  variables {
    settings = { REGISTRY_OUTBOX_PARTITIONS = "1" }
  }

  expect_failures = [var.settings]
}

run "a_secret_among_the_settings_is_refused" {
  command = plan

  module {
    source = "./modules/service"
  }

  variables {
    settings = { REDIS_PASSWORD = "1" }
  }

  expect_failures = [var.settings]
}

run "memory_that_fargate_does_not_have_is_refused" {
  command = plan

  module {
    source = "./modules/service"
  }

  variables {
    cpu        = 2048
    memory_mib = 2048
  }

  expect_failures = [var.memory_mib]
}

run "memory_that_is_too_little_for_the_heap_is_refused" {
  command = plan

  module {
    source = "./modules/service"
  }

  variables {
    cpu        = 512
    memory_mib = 1024
  }

  expect_failures = [var.memory_mib]
}

run "one_task_is_refused" {
  command = plan

  module {
    source = "./modules/service"
  }

  variables {
    min_tasks = 1
  }

  expect_failures = [var.min_tasks]
}

run "the_master_user_is_refused_as_the_services_role" {
  command = plan

  module {
    source = "./modules/service"
  }

  variables {
    database = {
      host                = "db.example.com"
      port                = 5432
      name                = "registry"
      role                = "postgres"
      password_secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf"
    }
  }

  expect_failures = [var.database]
}
