# How to read an alarm here:
#
# - Every task publishes the same metric under the same dimensions, so the statistic chooses among tasks. Maximum: one task seeing
#   it is enough. Minimum of a 0/1 gauge: one task that cannot reach is enough. Minimum of an age: no task at all did it.
# - missing = "notBreaching" for the service's own metrics: silence has one alarm of its own (no-metrics), and twelve more
#   at the same moment would hide it. "breaching" where silence itself is the finding.
# - datapoints of periods ("m of n"), so that one late data point neither raises nor ends an alarm.

locals {
  partitions = [for p in range(var.partitions) : tostring(p)]

  redis_dimensions = { for id in var.redis_node_ids : id => { CacheClusterId = id } }

  # Alarms that exist once per partition.
  partition_alarms = merge([for p in local.partitions : {
    "oldest-pending-age-${p}" = {
      says       = "The oldest message of partition ${p} has waited longer than ${var.thresholds.oldest_pending_age_s} s: it is safe in the database, but consumers do not get it."
      anchor     = "oldest-pending-age"
      metric     = "registry.outbox.oldest.pending.age.value"
      dimensions = { partition = p }
      statistic  = "Maximum"
      comparison = "GreaterThanThreshold"
      threshold  = var.thresholds.oldest_pending_age_s
      periods    = 3
      datapoints = 3
    }
    "backlog-${p}" = {
      says       = "More than ${var.thresholds.backlog} messages of partition ${p} have waited for ten minutes: more comes in than goes out, or nothing goes out."
      anchor     = "backlog-grows"
      metric     = "registry.outbox.pending.value"
      dimensions = { partition = p }
      statistic  = "Maximum"
      comparison = "GreaterThanThreshold"
      threshold  = var.thresholds.backlog
      periods    = 10
      datapoints = 9
    }
    "parked-messages-${p}" = {
      says       = "Redis refused a message of partition ${p} for what it is, and it was set aside: it stays aside until an operator requeues or discards it."
      anchor     = "parked-messages"
      metric     = "registry.outbox.parked.value"
      dimensions = { partition = p }
      statistic  = "Maximum"
      comparison = "GreaterThanThreshold"
      threshold  = 0
      periods    = 2
      datapoints = 2
    }
    "diverged-partition-${p}" = {
      says       = "Partition ${p} has stopped because Redis holds a history that this database does not know: the database was restored, or a copy of it feeds the same Redis."
      anchor     = "diverged-partition"
      metric     = "registry.partition.state.value"
      dimensions = { partition = p }
      statistic  = "Maximum"
      comparison = "GreaterThanOrEqualToThreshold"
      threshold  = 2
      periods    = 1
      datapoints = 1
    }
    "stuck-partition-${p}" = {
      says       = "No task has finished a pass over partition ${p} for ${var.thresholds.last_pass_age_s} s: the relay hangs, or something holds its lock."
      anchor     = "stuck-partition"
      metric     = "registry.relay.last.pass.age.value"
      dimensions = { partition = p }
      statistic  = "Minimum"
      comparison = "GreaterThanThreshold"
      threshold  = var.thresholds.last_pass_age_s
      periods    = 3
      datapoints = 3
    }
  }]...)

  service_alarms = {
    "redis-unreachable" = {
      says       = "A task has not reached Redis for five minutes: degraded, not down; registrations are accepted and wait in the database."
      anchor     = "redis-unreachable"
      metric     = "registry.redis.reachable.value"
      dimensions = {}
      statistic  = "Minimum"
      comparison = "LessThanThreshold"
      threshold  = 1
      periods    = 5
      datapoints = 5
    }
    "breaker-open" = {
      # Half-open (1) counts: a breaker that probes and fails all the time is as good as open.
      says       = "The relay's circuit breaker has not been closed for most of 15 minutes: Redis answers, but not with success, or comes and goes."
      anchor     = "redis-unreachable"
      metric     = "registry.breaker.state.value"
      dimensions = {}
      statistic  = "Maximum"
      comparison = "GreaterThanOrEqualToThreshold"
      threshold  = 1
      periods    = 15
      datapoints = 12
    }
    "rewind" = {
      says       = "Redis had lost messages that it had acknowledged, and they were sent again with the same message_id: consumers may see repeats."
      anchor     = "rewind"
      metric     = "registry.relay.rewinds.count"
      dimensions = {}
      statistic  = "Sum"
      comparison = "GreaterThanThreshold"
      threshold  = 0
      periods    = 1
      datapoints = 1
    }
    "database-unreachable" = {
      says       = "A task cannot reach the database: it refuses registrations with 503 until it can."
      anchor     = "database-unreachable"
      metric     = "registry.database.reachable.value"
      dimensions = {}
      statistic  = "Minimum"
      comparison = "LessThanThreshold"
      threshold  = 1
      periods    = 2
      datapoints = 2
    }
    "auth-service" = {
      says       = "The auth service has given no verdict on keys in three of five minutes: keys that it accepted before go on working for 15 minutes, others are refused."
      anchor     = "auth-service"
      metric     = "registry.auth.service.failures.count"
      dimensions = {}
      statistic  = "Sum"
      comparison = "GreaterThanThreshold"
      threshold  = 0
      periods    = 5
      datapoints = 3
    }
    "no-metrics" = {
      says       = "No task has published a metric for five minutes: nothing runs, or nothing that the other alarms say can be believed."
      anchor     = "no-metrics"
      metric     = "registry.database.reachable.value"
      dimensions = {}
      statistic  = "SampleCount"
      comparison = "LessThanThreshold"
      threshold  = 1
      periods    = 5
      datapoints = 5
      missing    = "breaching"
    }
  }

  aws_alarms = merge(
    {
      "http-5xx" = {
        says       = "The service answered more than ${var.thresholds.http_5xx} requests in five minutes with 5xx: clients' registrations fail, most likely for want of the database."
        anchor     = "database-unreachable"
        namespace  = "AWS/ApplicationELB"
        metric     = "HTTPCode_Target_5XX_Count"
        dimensions = { LoadBalancer = var.load_balancer_arn_suffix, TargetGroup = var.target_group_arn_suffix }
        statistic  = "Sum"
        comparison = "GreaterThanThreshold"
        threshold  = var.thresholds.http_5xx
        period     = 300
        periods    = 1
        datapoints = 1
        missing    = "notBreaching" # published only where there were any
      }
      "running-tasks" = {
        # Each running task gives one CPU sample a minute: counting them needs no Container Insights.
        says       = "Fewer than ${var.desired_count} tasks run for five minutes: starts fail, or tasks die."
        anchor     = "no-metrics"
        namespace  = "AWS/ECS"
        metric     = "CPUUtilization"
        dimensions = { ClusterName = var.cluster_name, ServiceName = var.service_name }
        statistic  = "SampleCount"
        comparison = "LessThanThreshold"
        threshold  = var.desired_count
        periods    = 5
        datapoints = 5
        missing    = "breaching"
      }
      "database-storage" = {
        says       = "Less than a tenth of the database's initial storage is free, although it grows by itself: when it is full, registrations are refused."
        anchor     = "database-unreachable"
        namespace  = "AWS/RDS"
        metric     = "FreeStorageSpace"
        dimensions = { DBInstanceIdentifier = var.database_identifier }
        statistic  = "Minimum"
        comparison = "LessThanThreshold"
        threshold  = var.database_allocated_storage * 1024 * 1024 * 1024 / 10
        period     = 300
        periods    = 3
        datapoints = 3
        missing    = "breaching" # RDS always publishes it
      }
    },
    merge([for id, dimensions in local.redis_dimensions : {
      "redis-memory-${id}" = {
        says       = "Redis node ${id} uses more than ${var.thresholds.redis_memory_percent} % of its memory: full, it refuses messages, and they wait in the database."
        anchor     = "queue-full"
        namespace  = "AWS/ElastiCache"
        metric     = "DatabaseMemoryUsagePercentage"
        dimensions = dimensions
        statistic  = "Maximum"
        comparison = "GreaterThanThreshold"
        threshold  = var.thresholds.redis_memory_percent
        periods    = 5
        datapoints = 5
        missing    = "breaching" # a node always publishes it
      }
      "redis-evictions-${id}" = {
        says       = "Redis node ${id} has evicted keys, which noeviction forbids: the parameter group is not what it was, and the queue itself can be evicted."
        anchor     = "queue-full"
        namespace  = "AWS/ElastiCache"
        metric     = "Evictions"
        dimensions = dimensions
        statistic  = "Sum"
        comparison = "GreaterThanThreshold"
        threshold  = 0
        periods    = 1
        datapoints = 1
        missing    = "notBreaching" # redis-memory says it when a node is silent
      }
    }]...),
  )

  alarms = merge(
    { for key, alarm in merge(local.partition_alarms, local.service_alarms) : key => merge(
      { namespace = var.metrics_namespace, period = 60, missing = "notBreaching" }, alarm
    ) },
    { for key, alarm in local.aws_alarms : key => merge({ period = 60 }, alarm) },
  )
}

resource "aws_cloudwatch_metric_alarm" "this" {
  for_each = local.alarms

  alarm_name          = "${var.name}-${each.key}"
  alarm_description   = "${each.value.says} ${var.runbook_url}#${each.value.anchor}"
  namespace           = each.value.namespace
  metric_name         = each.value.metric
  dimensions          = each.value.dimensions
  statistic           = each.value.statistic
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  period              = each.value.period
  evaluation_periods  = each.value.periods
  datapoints_to_alarm = each.value.datapoints
  treat_missing_data  = each.value.missing
  alarm_actions       = var.action_arns
  ok_actions          = var.action_arns
}

# By itself, because it divides two metrics: the service publishes the capacity, so no number here can grow old.
resource "aws_cloudwatch_metric_alarm" "queue_nearly_full" {
  alarm_name          = "${var.name}-queue-nearly-full"
  alarm_description   = "The queue holds more than ${var.thresholds.queue_percent} % of its capacity: consumers take less than comes in; at 100 % messages wait in the database. ${var.runbook_url}#queue-full"
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.thresholds.queue_percent
  evaluation_periods  = 5
  datapoints_to_alarm = 5
  treat_missing_data  = "notBreaching"
  alarm_actions       = var.action_arns
  ok_actions          = var.action_arns

  metric_query {
    id          = "fill"
    label       = "Percent of the queue's capacity"
    expression  = "100 * depth / capacity"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { depth = "registry.queue.depth.value", capacity = "registry.queue.capacity.value" }

    content {
      id = metric_query.key

      metric {
        namespace   = var.metrics_namespace
        metric_name = metric_query.value
        period      = 60
        stat        = "Maximum"
      }
    }
  }
}
