# Two roles, and the policy of whoever deploys. "execution" is ECS' own, used before the container runs: pull the image, read the
# two secrets, write logs. "task" is the process': it may put metrics into one namespace, and nothing else.

locals {
  assume_by_ecs_tasks = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "ecs-tasks.amazonaws.com" }
    }]
  })
}

resource "aws_iam_role" "execution" {
  name               = "${var.name}-execution"
  description        = "ECS, before a task of ${var.name} runs"
  assume_role_policy = local.assume_by_ecs_tasks
}

resource "aws_iam_role_policy" "execution" {
  name = "start-task"
  role = aws_iam_role.execution.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "ReadTheTwoSecrets"
        Effect   = "Allow"
        Action   = ["secretsmanager:GetSecretValue"]
        Resource = sort(values(local.secrets))
      },
      {
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.this.arn}:*"]
      },
      {
        Sid      = "PullTheImage"
        Effect   = "Allow"
        Action   = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
        Resource = [var.image_repository_arn]
      },
      {
        # This action knows no resources: the token opens only what the statement above allows.
        Sid      = "LogInToTheRegistry"
        Effect   = "Allow"
        Action   = ["ecr:GetAuthorizationToken"]
        Resource = ["*"]
      },
    ]
  })
}

resource "aws_iam_role" "task" {
  name               = "${var.name}-task"
  description        = "The process of ${var.name}"
  assume_role_policy = local.assume_by_ecs_tasks
}

resource "aws_iam_role_policy" "task" {
  name = "put-metrics"
  role = aws_iam_role.task.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      # This action knows no resources either; the namespace is what it can be limited by.
      Sid       = "PutMetrics"
      Effect    = "Allow"
      Action    = ["cloudwatch:PutMetricData"]
      Resource  = ["*"]
      Condition = { StringEquals = { "cloudwatch:namespace" = var.metrics_namespace } }
    }]
  })
}

# A shell in a task (ECS Exec), where it was asked for. Its sessions are logged.
resource "aws_iam_role_policy" "execute_command" {
  count = var.execute_command ? 1 : 0

  name = "execute-command"
  role = aws_iam_role.task.id

  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        # These actions know no resources.
        Sid    = "OpenTheSession"
        Effect = "Allow"
        Action = [
          "ssmmessages:CreateControlChannel", "ssmmessages:CreateDataChannel",
          "ssmmessages:OpenControlChannel", "ssmmessages:OpenDataChannel",
        ]
        Resource = ["*"]
      },
      {
        Sid      = "FindTheLogOfSessions"
        Effect   = "Allow"
        Action   = ["logs:DescribeLogGroups"]
        Resource = ["*"]
      },
      {
        Sid      = "LogTheSession"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.sessions.arn}:*"]
      },
    ]
  })
}

# What infra/deploy calls, and nothing else: an output, for the role of whoever deploys. infra/test/deploy-test compares.
locals {
  deployer_policy = {
    Version = "2012-10-17"
    Statement = [
      {
        # These actions know no resources, or none that could be named before the revision exists.
        Sid    = "TaskDefinitions"
        Effect = "Allow"
        Action = [
          "ecs:DeregisterTaskDefinition", "ecs:DescribeTaskDefinition", "ecs:ListTaskDefinitions", "ecs:RegisterTaskDefinition",
        ]
        Resource = ["*"]
      },
      {
        Sid      = "MarkRevisions"
        Effect   = "Allow"
        Action   = ["ecs:TagResource"]
        Resource = ["${aws_ecs_task_definition.this.arn_without_revision}:*"]
      },
      {
        Sid      = "TheService"
        Effect   = "Allow"
        Action   = ["ecs:DescribeServices", "ecs:UpdateService"]
        Resource = [aws_ecs_service.this.id]
      },
      {
        Sid       = "RunTheMigration"
        Effect    = "Allow"
        Action    = ["ecs:RunTask"]
        Resource  = ["${aws_ecs_task_definition.this.arn_without_revision}:*"]
        Condition = { ArnEquals = { "ecs:cluster" = aws_ecs_cluster.this.arn } }
      },
      {
        Sid       = "WaitForTheMigration"
        Effect    = "Allow"
        Action    = ["ecs:DescribeTasks", "ecs:StopTask"]
        Resource  = ["*"]
        Condition = { ArnEquals = { "ecs:cluster" = aws_ecs_cluster.this.arn } }
      },
      {
        Sid       = "HandTheRolesToTasks"
        Effect    = "Allow"
        Action    = ["iam:PassRole"]
        Resource  = [aws_iam_role.execution.arn, aws_iam_role.task.arn]
        Condition = { StringEquals = { "iam:PassedToService" = "ecs-tasks.amazonaws.com" } }
      },
      {
        Sid      = "FindTheDigest"
        Effect   = "Allow"
        Action   = ["ecr:DescribeImages"]
        Resource = [var.image_repository_arn]
      },
      {
        Sid      = "WatchTheAlarms"
        Effect   = "Allow"
        Action   = ["cloudwatch:DescribeAlarms"]
        Resource = ["*"]
      },
      {
        Sid      = "WriteDown"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = ["${aws_cloudwatch_log_group.deployments.arn}:*"]
      },
    ]
  }
}
