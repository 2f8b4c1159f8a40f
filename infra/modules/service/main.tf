locals {
  port = 8001

  # The contract with the service. What is secret is not here but below.
  environment = merge(
    {
      PORT              = tostring(local.port)
      REDIS_HOST        = var.redis.host
      REDIS_PORT        = tostring(var.redis.port)
      REDIS_TLS_ENABLED = "true"
      # verify-full: the certificate must be RDS' and the host's; the image holds RDS' certificate authorities.
      SPRING_DATASOURCE_URL      = "jdbc:postgresql://${var.database.host}:${var.database.port}/${var.database.name}?sslmode=verify-full&sslrootcert=/app/certificates/rds.pem"
      SPRING_DATASOURCE_USERNAME = var.database.role
      AUTH_SERVICE_URL           = var.auth_service_url
      AUTH_SERVICE_ID            = var.auth_service_id
      CLOUDWATCH_NAMESPACE       = var.metrics_namespace
      CLOUDWATCH_REGION          = var.region
      CLOUDWATCH_STEP            = "1m"
      # One JSON object a line: CloudWatch Logs Insights finds its fields by name.
      LOGGING_STRUCTURED_FORMAT_CONSOLE = "logstash"
      # The database remembers it: a copy of it that runs elsewhere, under another name, delivers nothing.
      REGISTRY_OUTBOX_ENVIRONMENT = var.environment
    },
    # 1 is the service's own default.
    var.partitions == 1 ? {} : { REGISTRY_OUTBOX_PARTITIONS = tostring(var.partitions) },
  )

  # ECS reads them when a task starts. The values reach the container and nothing else: no state, no plan, no console.
  secrets = {
    REDIS_AUTH_TOKEN           = var.redis.auth_token_secret_arn
    SPRING_DATASOURCE_PASSWORD = var.database.password_secret_arn
  }

  # The same under other names, what would keep a task from serving, files, and secrets.
  refused_settings = "PASSWORD|TOKEN|SECRET|^AWS_|^REDIS_|^DB_|^SPRING_DATASOURCE_URL|^(REGISTRY_)?CLOUDWATCH_|^(SERVER|API)_PORT$|^REGISTRY_(OUTBOX_PARTITIONS|MIGRATE_?ONLY|SECURITY_AUTH_?SERVICE_(URL|ID))$|_FILE$"
}

resource "aws_cloudwatch_log_group" "this" {
  name              = "/ecs/${var.name}"
  retention_in_days = var.log_retention_days
}

# What infra/deploy changed, when, on whose behalf, and what came of it.
resource "aws_cloudwatch_log_group" "deployments" {
  name              = "/ecs/${var.name}/deployments"
  retention_in_days = 365
}

# What was typed into a task's shell.
resource "aws_cloudwatch_log_group" "sessions" {
  name              = "/ecs/${var.name}/sessions"
  retention_in_days = 365
}

resource "aws_ecs_cluster" "this" {
  name = var.name

  # Container Insights would cost more than all of the service's own metrics, and no alarm needs it.
  setting {
    name  = "containerInsights"
    value = "disabled"
  }

  configuration {
    execute_command_configuration {
      logging = "OVERRIDE"

      log_configuration {
        cloud_watch_log_group_name = aws_cloudwatch_log_group.sessions.name
      }
    }
  }
}

resource "aws_ecs_task_definition" "this" {
  family                   = var.name
  requires_compatibilities = ["FARGATE"]
  network_mode             = "awsvpc"
  cpu                      = var.cpu
  memory                   = var.memory_mib
  execution_role_arn       = aws_iam_role.execution.arn
  task_role_arn            = aws_iam_role.task.arn

  # infra/deploy rolls back to an earlier revision, so a revision is never taken away.
  skip_destroy = true

  runtime_platform {
    operating_system_family = "LINUX"
    cpu_architecture        = var.cpu_architecture
  }

  # Tomcat's work directory; the root file system is read-only. The database is elsewhere, so nothing in a task must last.
  volume {
    name = "tmp"
  }

  container_definitions = jsonencode([{
    name      = var.name
    image     = var.image
    essential = true
    # The heap is a share of the container's limit. Without one it would be a share of what the host happens to have.
    memory = var.memory_mib
    user   = "10001:10001"
    # ECS Exec's agent writes into the root file system, so the two exclude each other.
    readonlyRootFilesystem = !var.execute_command
    linuxParameters = {
      capabilities = { drop = ["ALL"] }
      # Reaps what a session leaves behind.
      initProcessEnabled = var.execute_command
    }
    mountPoints  = [{ sourceVolume = "tmp", containerPath = "/tmp", readOnly = false }]
    portMappings = [{ containerPort = local.port, protocol = "tcp" }]
    environment  = [for name, value in merge(var.settings, local.environment) : { name = name, value = value }]
    secrets      = [for name, arn in local.secrets : { name = name, valueFrom = arn }]

    # Liveness: the process serves. It depends on neither Redis nor the database, so their outage replaces no task. A start takes
    # less than 10 s; 30 s leave room for a slow disk, and after that 3 x 10 s of silence are a dead process. The command is the
    # Dockerfile's.
    healthCheck = {
      command     = ["CMD", "env", "-u", "JDK_JAVA_OPTIONS", "-u", "JAVA_TOOL_OPTIONS", "-u", "_JAVA_OPTIONS", "java", "-Xshare:auto", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-Xmx16m", "-cp", "/app/probe", "HealthProbe", "/live"]
      interval    = 10
      timeout     = 5
      retries     = 3
      startPeriod = 30
    }

    # SIGTERM to exit takes less than 10 s; after 30 s ECS kills.
    stopTimeout = 30

    # non-blocking: when CloudWatch Logs is away, lines are dropped. Blocking, a log line would stop registrations.
    logConfiguration = {
      logDriver = "awslogs"
      options = {
        awslogs-group         = aws_cloudwatch_log_group.this.name
        awslogs-region        = var.region
        awslogs-stream-prefix = "task"
        mode                  = "non-blocking"
        max-buffer-size       = "4m"
      }
    }
  }])
}

resource "aws_lb_target_group" "this" {
  name        = var.name
  vpc_id      = var.vpc_id
  port        = local.port
  protocol    = "HTTP"
  target_type = "ip"

  # ECS takes a task out of the target group, waits this long, and sends SIGTERM then. The longest request waits 2 s for a
  # connection and is cancelled 5 s later; 15 s are twice that.
  deregistration_delay = 15

  # 200 while the process serves, whatever Redis and database do: taking every task out would turn a degraded service into none.
  # 3 x 10 s to take a task out, 2 x 10 s to take it in.
  health_check {
    path                = "/health/alb"
    matcher             = "200"
    interval            = 10
    timeout             = 5
    healthy_threshold   = 2
    unhealthy_threshold = 3
  }
}

# What the load balancer lets through: what clients and infra/deploy need. Everything else of the service (/console, /outbox,
# /actuator, Swagger) is for the networks that operator_cidr_blocks names, and for the rest of the world it is not there. What is
# allowed is named, not what is forbidden: a path has many spellings, and new ones are closed until somebody opens them. (A
# /models/../outbox that gets by is refused by the service, which accepts no path that is not in its normal form.)
#
# A rule takes five values at most, hosts, paths and networks together; hence two rules, and at most three hosts.
locals {
  rules = merge(
    length(var.operator_cidr_blocks) == 0 ? {} : { operators = { offset = 0, paths = [], networks = var.operator_cidr_blocks } },
    {
      registrations = { offset = 1, paths = ["/models*", "/api/models*"], networks = [] }
      health        = { offset = 2, paths = ["/health*", "/ready*"], networks = [] }
    },
  )
}

resource "aws_lb_listener_rule" "forward" {
  for_each = local.rules

  listener_arn = var.listener_arn
  priority     = var.listener_rule_priority + each.value.offset

  condition {
    host_header {
      values = var.host_names
    }
  }

  dynamic "condition" {
    for_each = length(each.value.paths) > 0 ? [each.value.paths] : []

    content {
      path_pattern {
        values = condition.value
      }
    }
  }

  dynamic "condition" {
    for_each = length(each.value.networks) > 0 ? [each.value.networks] : []

    content {
      source_ip {
        values = condition.value
      }
    }
  }

  action {
    type             = "forward"
    target_group_arn = aws_lb_target_group.this.arn
  }
}

# Without it, what no rule above takes would fall through to the listener's default action, whatever that is.
resource "aws_lb_listener_rule" "everything_else" {
  listener_arn = var.listener_arn
  priority     = var.listener_rule_priority + 3

  condition {
    host_header {
      values = var.host_names
    }
  }

  action {
    type = "fixed-response"

    fixed_response {
      status_code  = "404"
      content_type = "application/json"
      message_body = jsonencode({ title = "Not Found", status = 404 })
    }
  }
}

resource "aws_ecs_service" "this" {
  name            = var.name
  cluster         = aws_ecs_cluster.this.id
  task_definition = aws_ecs_task_definition.this.arn
  launch_type     = "FARGATE"

  # None until the first infra/deploy: the database has no role for them yet. From then on the number is autoscaling's.
  desired_count = 0

  # Named, so that what "LATEST" means cannot change beneath a deployment.
  platform_version = "1.4.0"

  # New tasks first, old ones leave after. Two versions run at once for a minute: the relay's protocol makes that correct.
  deployment_minimum_healthy_percent = 100
  deployment_maximum_percent         = 200

  # After a zone's outage tasks would stay where they were restarted. New ones come first here too.
  availability_zone_rebalancing = "ENABLED"

  enable_execute_command = var.execute_command

  # A task starts in less than 10 s and needs 20 s to be seen healthy.
  health_check_grace_period_seconds = 60

  deployment_circuit_breaker {
    enable   = true
    rollback = true
  }

  network_configuration {
    subnets          = var.subnet_ids
    security_groups  = [aws_security_group.this.id]
    assign_public_ip = false
  }

  load_balancer {
    target_group_arn = aws_lb_target_group.this.arn
    container_name   = var.name
    container_port   = local.port
  }

  lifecycle {
    # task_definition: infra/deploy decides which revision runs, after verifying it. Terraform registers a revision when
    # configuration changes; the next infra/deploy builds on it.
    ignore_changes = [task_definition, desired_count]
  }

  # A service whose target group hangs on no listener is refused. And a task that starts before its roles may do anything fails
  # for that reason; at the end, draining needs them too.
  depends_on = [
    aws_lb_listener_rule.forward,
    aws_iam_role_policy.execution,
    aws_iam_role_policy.task,
    aws_iam_role_policy.execute_command,
  ]
}

resource "aws_appautoscaling_target" "this" {
  service_namespace  = "ecs"
  resource_id        = "service/${aws_ecs_cluster.this.name}/${aws_ecs_service.this.name}"
  scalable_dimension = "ecs:service:DesiredCount"
  min_capacity       = var.min_tasks
  max_capacity       = var.max_tasks
}

# Registering costs CPU in the tasks, and tasks share nothing but the database. Delivery does not get faster with more of them: one
# relay works a partition.
resource "aws_appautoscaling_policy" "cpu" {
  name               = "${var.name}-cpu"
  policy_type        = "TargetTrackingScaling"
  service_namespace  = aws_appautoscaling_target.this.service_namespace
  resource_id        = aws_appautoscaling_target.this.resource_id
  scalable_dimension = aws_appautoscaling_target.this.scalable_dimension

  target_tracking_scaling_policy_configuration {
    target_value       = var.cpu_target_percent
    scale_out_cooldown = 60
    scale_in_cooldown  = 300

    predefined_metric_specification {
      predefined_metric_type = "ECSServiceAverageCPUUtilization"
    }
  }
}

resource "aws_security_group" "this" {
  name        = "${var.name}-service"
  description = "Tasks of ${var.name}"
  vpc_id      = var.vpc_id
}

resource "aws_vpc_security_group_ingress_rule" "from_load_balancer" {
  security_group_id            = aws_security_group.this.id
  referenced_security_group_id = var.load_balancer_security_group_id
  description                  = "Requests and health checks of the load balancer"
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
}

resource "aws_vpc_security_group_egress_rule" "load_balancer_to_service" {
  count = var.load_balancer_egress_rule ? 1 : 0

  security_group_id            = var.load_balancer_security_group_id
  referenced_security_group_id = aws_security_group.this.id
  description                  = "Tasks of ${var.name}"
  ip_protocol                  = "tcp"
  from_port                    = local.port
  to_port                      = local.port
}

resource "aws_vpc_security_group_egress_rule" "https" {
  for_each = toset(var.https_egress_cidrs)

  security_group_id = aws_security_group.this.id
  cidr_ipv4         = each.value
  description       = "HTTPS: the APIs of AWS and the auth service"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}

resource "aws_vpc_security_group_egress_rule" "https_to_prefix_lists" {
  for_each = toset(var.https_egress_prefix_list_ids)

  security_group_id = aws_security_group.this.id
  prefix_list_id    = each.value
  description       = "HTTPS: gateway endpoints"
  ip_protocol       = "tcp"
  from_port         = 443
  to_port           = 443
}
