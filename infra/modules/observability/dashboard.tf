# One dashboard, in the order in which a person asks: does it accept, does it deliver, what waits, what is broken, what is short.

locals {
  # A line of a widget: the metric's name, the statistic, and dimensions where it has them.
  per_partition = {
    for metric in ["registry.outbox.pending.value", "registry.outbox.oldest.pending.age.value", "registry.outbox.parked.value",
    "registry.relay.last.pass.age.value", "registry.partition.state.value"] :
    metric => [for p in local.partitions : [var.metrics_namespace, metric, "partition", p]]
  }

  widgets = [
    { title = "Registrations accepted and messages delivered, per minute", stat = "Sum", lines = [
      [var.metrics_namespace, "registry.registrations.accepted.count"],
      [var.metrics_namespace, "registry.relay.delivered.count"],
    ] },
    { title = "Pending messages", stat = "Maximum", lines = local.per_partition["registry.outbox.pending.value"] },
    { title = "Age of the oldest pending message, s", stat = "Maximum", lines = local.per_partition["registry.outbox.oldest.pending.age.value"] },
    { title = "Duration, ms: a registration, the worst", stat = "Maximum", lines = [
      [var.metrics_namespace, "registry.registration.duration.max"],
      [var.metrics_namespace, "registry.relay.delivery.latency.max"],
      [var.metrics_namespace, "registry.relay.append.duration.max"],
    ] },
    { title = "Reachable (1) or not (0)", stat = "Minimum", lines = [
      [var.metrics_namespace, "registry.redis.reachable.value"],
      [var.metrics_namespace, "registry.database.reachable.value"],
    ] },
    { title = "Breaker: 0 closed, 1 half-open, 2 open. Partition: 0 running, 1 paused, 2 diverged", stat = "Maximum", lines = concat(
      [[var.metrics_namespace, "registry.breaker.state.value"]], local.per_partition["registry.partition.state.value"],
    ) },
    { title = "Parked messages", stat = "Maximum", lines = local.per_partition["registry.outbox.parked.value"] },
    { title = "Rewinds, and messages sent again", stat = "Sum", lines = [
      [var.metrics_namespace, "registry.relay.rewinds.count"],
      [var.metrics_namespace, "registry.relay.resent.count"],
    ] },
    { title = "Since the relay's last pass, s", stat = "Minimum", lines = local.per_partition["registry.relay.last.pass.age.value"] },
    { title = "Queue: messages and capacity", stat = "Maximum", lines = [
      [var.metrics_namespace, "registry.queue.depth.value"],
      [var.metrics_namespace, "registry.queue.capacity.value"],
    ] },
    { title = "Database connections", stat = "Maximum", lines = [
      [var.metrics_namespace, "hikaricp.connections.active.value", "pool", "registry"],
      [var.metrics_namespace, "hikaricp.connections.pending.value", "pool", "registry"],
      [var.metrics_namespace, "hikaricp.connections.timeout.count", "pool", "registry"],
    ] },
    { title = "HTTP: requests and 5xx", stat = "Sum", lines = [
      ["AWS/ApplicationELB", "RequestCount", "LoadBalancer", var.load_balancer_arn_suffix, "TargetGroup", var.target_group_arn_suffix],
      ["AWS/ApplicationELB", "HTTPCode_Target_5XX_Count", "LoadBalancer", var.load_balancer_arn_suffix, "TargetGroup", var.target_group_arn_suffix],
    ] },
    { title = "Auth service: questions without a verdict, requests refused for it", stat = "Sum", lines = [
      [var.metrics_namespace, "registry.auth.service.failures.count"],
      [var.metrics_namespace, "registry.auth.service.unverified.count"],
    ] },
    { title = "Tasks: CPU and memory, %", stat = "Maximum", lines = [
      ["AWS/ECS", "CPUUtilization", "ClusterName", var.cluster_name, "ServiceName", var.service_name],
      ["AWS/ECS", "MemoryUtilization", "ClusterName", var.cluster_name, "ServiceName", var.service_name],
    ] },
    { title = "Redis memory, %", stat = "Maximum", lines = [
      for id in var.redis_node_ids : ["AWS/ElastiCache", "DatabaseMemoryUsagePercentage", "CacheClusterId", id]
    ] },
    { title = "Database: free storage, bytes", stat = "Minimum", lines = [
      ["AWS/RDS", "FreeStorageSpace", "DBInstanceIdentifier", var.database_identifier],
    ] },
  ]
}

resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.name

  # Three widgets in a row of 24 columns.
  dashboard_body = jsonencode({
    widgets = [for i, widget in local.widgets : {
      type   = "metric"
      x      = (i % 3) * 8
      y      = floor(i / 3) * 6
      width  = 8
      height = 6
      properties = {
        title   = widget.title
        region  = var.region
        view    = "timeSeries"
        stat    = widget.stat
        period  = 60
        metrics = widget.lines
      }
    }]
  })
}
