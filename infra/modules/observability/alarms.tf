# alarms.yaml says what each alarm is and how to read it; here it becomes CloudWatch's.

locals {
  file = yamldecode(file("${path.module}/alarms.yaml"))

  # Thresholds that depend on what was built.
  computed_thresholds = {
    min_tasks         = var.min_tasks
    storage_low_bytes = var.database_allocated_storage * pow(1024, 3) / 20
    # Twice what all tasks can open: as many as a deployment makes.
    connections_high = 2 * var.max_tasks * 16
  }

  comparisons = {
    ">"  = "GreaterThanThreshold"
    ">=" = "GreaterThanOrEqualToThreshold"
    "<"  = "LessThanThreshold"
  }

  # What an alarm is made for: suffix of its name => dimensions.
  targets = {
    once           = { "" = {} }
    partition      = { for p in range(var.partitions) : tostring(p) => { partition = tostring(p) } }
    "redis-node"   = { for id in var.redis_node_ids : id => { CacheClusterId = id } }
    database       = { "" = { DBInstanceIdentifier = var.database_identifier } }
    "target-group" = { "" = { LoadBalancer = var.load_balancer_arn_suffix, TargetGroup = var.target_group_arn_suffix } }
    # CloudWatch counts these by load balancer only.
    "load-balancer" = { "" = { LoadBalancer = var.load_balancer_arn_suffix } }
    tasks           = { "" = { ClusterName = var.cluster_name, ServiceName = var.service_name } }
  }

  alarms = merge([for key, alarm in local.file.alarms : {
    for suffix, dimensions in local.targets[try(alarm.per, "once")] : join("-", compact([key, suffix])) => {
      key        = key
      severity   = alarm.severity
      pages_as   = try(alarm.pages_as, null)
      says       = replace(replace(replace(alarm.says, "{threshold}", tostring(local.thresholds[key])), "{partition}", suffix), "{node}", suffix)
      runbook    = alarm.runbook
      namespace  = try(alarm.namespace, var.metrics_namespace)
      metric     = try(alarm.metric, null)
      expression = try(alarm.expression, null)
      dimensions = dimensions
      statistic  = alarm.statistic
      comparison = local.comparisons[alarm.comparison]
      threshold  = local.thresholds[key]
      period     = try(alarm.period, 60)
      datapoints = alarm.datapoints
      of         = alarm.of
      missing    = alarm.missing
      metrics = { for id, name in try(alarm.metrics, {}) : id => {
        name       = name
        namespace  = startswith(name, "registry.") ? var.metrics_namespace : alarm.namespace
        dimensions = startswith(name, "registry.") ? tomap({}) : tomap(dimensions)
      } }
    }
  }]...)

  thresholds = {
    for key, alarm in local.file.alarms :
    key => try(var.thresholds[key], tonumber(alarm.threshold), local.computed_thresholds[alarm.threshold])
  }

  actions = { page = var.page_action_arns, ticket = var.ticket_action_arns }
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.says} ${var.runbook_url}#${each.value.runbook}"
  namespace           = each.value.metric == null ? null : each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.metric == null ? null : each.value.dimensions
  statistic           = each.value.metric == null ? null : each.value.statistic
  period              = each.value.metric == null ? null : each.value.period
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  evaluation_periods  = each.value.of
  datapoints_to_alarm = each.value.datapoints
  treat_missing_data  = each.value.missing

  # Part of a page: the page notifies, once for all of its parts.
  alarm_actions = each.value.pages_as == null ? local.actions[each.value.severity] : []
  ok_actions    = each.value.pages_as == null ? local.actions[each.value.severity] : []

  dynamic "metric_query" {
    for_each = each.value.expression == null ? [] : [each.value.expression]

    content {
      id          = "value"
      label       = each.key
      expression  = metric_query.value
      return_data = true
    }
  }

  dynamic "metric_query" {
    for_each = each.value.metrics

    content {
      id = metric_query.key

      metric {
        namespace   = metric_query.value.namespace
        metric_name = metric_query.value.name
        dimensions  = metric_query.value.dimensions
        period      = each.value.period
        stat        = each.value.statistic
      }
    }
  }

  lifecycle {
    precondition {
      condition     = length(setsubtract(keys(var.thresholds), keys(local.file.alarms))) == 0
      error_message = "thresholds names alarms that do not exist: ${join(", ", setsubtract(keys(var.thresholds), keys(local.file.alarms)))}."
    }
  }
}

resource "aws_cloudwatch_composite_alarm" "page" {
  for_each = local.file.pages

  alarm_name        = "${var.name}-${each.key}"
  alarm_description = "${each.value.says} ${var.runbook_url}#${each.value.runbook}"
  alarm_actions     = var.page_action_arns
  ok_actions        = var.page_action_arns

  # Any of its parts rings.
  alarm_rule = join(" OR ", [
    for key, alarm in local.alarms : "ALARM(\"${aws_cloudwatch_metric_alarm.this[key].alarm_name}\")" if alarm.pages_as == each.key
  ])

  # wait_period: the suppressor may notice the outage up to three minutes later than this one. extension_period: what the outage
  # held back needs a while to get through after it.
  dynamic "actions_suppressor" {
    for_each = can(each.value.quiet_while) ? [aws_cloudwatch_composite_alarm.suppressor[each.key].alarm_name] : []

    content {
      alarm            = actions_suppressor.value
      wait_period      = 180
      extension_period = 600
    }
  }
}

# Notifies nobody: a page is silent while it rings.
resource "aws_cloudwatch_composite_alarm" "suppressor" {
  for_each = { for page, it in local.file.pages : page => it.quiet_while if can(it.quiet_while) }

  alarm_name        = "${var.name}-${each.key}-suppressor"
  alarm_description = "While it rings, ${var.name}-${each.key} notifies nobody: another page is about the same outage."
  alarm_rule        = join(" OR ", [for key in each.value : "ALARM(\"${aws_cloudwatch_metric_alarm.this[key].alarm_name}\")"])
}
