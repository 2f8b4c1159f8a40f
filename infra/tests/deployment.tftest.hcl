# The modules together: what the root hands from one to the other, and what it refuses.

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
  mock_resource "aws_db_instance" {
    defaults = {
      master_user_secret = [{ secret_arn = "arn:aws:secretsmanager:us-east-1:123456789012:secret:rds-made" }]
    }
  }
}

variables {
  name                            = "outbox-test"
  region                          = "us-east-1"
  vpc_id                          = "vpc-0123"
  private_subnet_ids              = ["subnet-a", "subnet-b"]
  listener_arn                    = "arn:aws:elasticloadbalancing:us-east-1:123456789012:listener/app/api/0123456789abcdef/fedcba9876543210"
  listener_rule_priority          = 10
  load_balancer_security_group_id = "sg-loadbalancer"
  host_names                      = ["registry.example.com"]
  image                           = "123456789012.dkr.ecr.us-east-1.amazonaws.com/registration-outbox@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
  image_repository_arn            = "arn:aws:ecr:us-east-1:123456789012:repository/registration-outbox"
  database_password_secret_arn    = "arn:aws:secretsmanager:us-east-1:123456789012:secret:db-AbCdEf"
  redis_auth_token_secret_arn     = "arn:aws:secretsmanager:us-east-1:123456789012:secret:redis-AbCdEf"
  auth_service_url                = "https://auth.example.com"
  auth_service_id                 = "registration"
  consumer_security_group_ids     = { deployer = "sg-consumer" }
  operator_security_group_ids     = { bastion = "sg-bastion" }
  page_action_arns                = ["arn:aws:sns:us-east-1:123456789012:page"]
  ticket_action_arns              = ["arn:aws:sns:us-east-1:123456789012:ticket"]
}

run "everything_fits_together" {
  assert {
    condition     = output.service_name == "outbox-test" && output.dashboard_name == "outbox-test"
    error_message = "Service and dashboard carry the deployment's name."
  }

  assert {
    condition = alltrue([
      for r in concat(
        [aws_vpc_security_group_ingress_rule.database_from_service, aws_vpc_security_group_ingress_rule.redis_from_service],
        values(aws_vpc_security_group_ingress_rule.redis_from_consumers),
        values(aws_vpc_security_group_ingress_rule.database_from_operators),
        values(aws_vpc_security_group_ingress_rule.redis_from_operators),
      ) : r.cidr_ipv4 == null && r.from_port == r.to_port && contains([5432, 6379], r.from_port)
    ])
    error_message = "Database and Redis are opened to security groups, one port each, never to addresses."
  }

  assert {
    # EC2 refuses any other character, at apply and not before.
    condition = alltrue([
      for r in concat(
        [
          aws_vpc_security_group_ingress_rule.database_from_service, aws_vpc_security_group_ingress_rule.redis_from_service,
          aws_vpc_security_group_egress_rule.service_to_database, aws_vpc_security_group_egress_rule.service_to_redis,
        ],
        values(aws_vpc_security_group_ingress_rule.redis_from_consumers),
        values(aws_vpc_security_group_ingress_rule.database_from_operators),
        values(aws_vpc_security_group_ingress_rule.redis_from_operators),
      ) : can(regex("^[a-zA-Z0-9. _:/()#,@+=&;{}!$*\\[\\]-]{1,255}$", r.description))
    ])
    error_message = "A rule's description has characters that EC2 refuses."
  }

  assert {
    condition     = length(aws_vpc_security_group_ingress_rule.redis_from_consumers) == 1
    error_message = "Each consumer gets its way to Redis; none gets one to the database."
  }
}

run "a_deployment_has_metrics_of_its_own" {
  command = plan

  assert {
    condition     = local.metrics_namespace == "RegistrationOutbox/outbox-test"
    error_message = "Tasks' environment, their role and the alarms get this namespace; the modules refuse none."
  }
}

run "so_does_another_one_beside_it" {
  command = plan

  variables {
    name = "outbox-test-copy"
  }

  assert {
    condition     = local.metrics_namespace == "RegistrationOutbox/outbox-test-copy"
    error_message = "no-metrics would hear the other deployment's metrics."
  }
}

run "a_metrics_namespace_of_aws_is_refused" {
  command = plan

  variables {
    metrics_namespace = "AWS/ECS"
  }

  expect_failures = [var.metrics_namespace]
}

run "an_image_that_can_change_is_refused" {
  command = plan

  variables {
    image = "123456789012.dkr.ecr.us-east-1.amazonaws.com/registration-outbox:1.0.0"
  }

  expect_failures = [var.image]
}

run "a_parameter_in_place_of_a_secret_is_refused" {
  command = plan

  variables {
    redis_auth_token_secret_arn = "arn:aws:ssm:us-east-1:123456789012:parameter/redis/token"
  }

  expect_failures = [var.redis_auth_token_secret_arn]
}

run "one_task_one_subnet_and_deaf_alarms_are_refused" {
  command = plan

  variables {
    min_tasks          = 1
    private_subnet_ids = ["subnet-a"]
    page_action_arns   = []
  }

  expect_failures = [var.min_tasks, var.private_subnet_ids, var.page_action_arns]
}

run "tickets_that_nobody_reads_are_refused" {
  command = plan

  variables {
    ticket_action_arns = []
  }

  expect_failures = [var.ticket_action_arns]
}

run "pages_and_tickets_are_two_topics" {
  command = plan

  variables {
    ticket_action_arns = ["arn:aws:sns:us-east-1:123456789012:page"]
  }

  expect_failures = [var.ticket_action_arns]
}

run "a_database_that_nobody_can_reach_is_refused" {
  command = plan

  variables {
    operator_security_group_ids = {}
  }

  expect_failures = [var.operator_security_group_ids]
}

run "egress_that_cuts_off_the_images_layers_is_refused" {
  command = plan

  variables {
    https_egress_cidrs = ["10.0.0.0/16"]
  }

  expect_failures = [var.https_egress_prefix_list_ids]
}

run "the_console_for_everyone_is_refused" {
  command = plan

  variables {
    operator_cidr_blocks = ["0.0.0.0/0"]
  }

  expect_failures = [var.operator_cidr_blocks]
}

run "more_tasks_than_the_database_has_connections_for_are_refused" {
  command = plan

  variables {
    max_tasks = 11
  }

  expect_failures = [var.max_tasks]
}

run "api_keys_travel_encrypted" {
  command = plan

  variables {
    auth_service_url = "http://auth.example.com"
  }

  expect_failures = [var.auth_service_url]
}

run "an_auth_service_that_no_task_can_reach_is_refused" {
  command = plan

  variables {
    auth_service_url = "https://auth.example.com:8443"
  }

  expect_failures = [var.auth_service_url]
}
