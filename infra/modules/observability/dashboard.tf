# One dashboard, in the order in which a person asks: does it accept, does it deliver, what waits, what is broken, what is short.

locals {
  # A line of a widget: namespace, the metric's name, and dimensions where it has them.
  service_lines = {
    for metric in ["registry.outbox.pending.value", "registry.outbox.oldest.pending.age.value", "registry.outbox.stalled.value",
    "registry.outbox.parked.value", "registry.relay.last.pass.age.value", "registry.partition.state.value"] :
    metric => [for p in keys(local.targets.partition) : [var.metrics_namespace, metric, "partition", p]]
  }

  database_lines = {
    for metric in ["CPUUtilization", "CPUCreditBalance", "FreeableMemory", "FreeStorageSpace", "DatabaseConnections"] :
    metric => [["AWS/RDS", metric, "DBInstanceIdentifier", var.database_identifier]]
  }

  redis_lines = {
    for metric in ["DatabaseMemoryUsagePercentage", "EngineCPUUtilization", "CPUCreditBalance", "ReplicationLag", "Evictions"] :
    metric => [for id in var.redis_node_ids : ["AWS/ElastiCache", metric, "CacheClusterId", id]]
  }

  target_group_dimensions = ["LoadBalancer", var.load_balancer_arn_suffix, "TargetGroup", var.target_group_arn_suffix]
  task_dimensions         = ["ClusterName", var.cluster_name, "ServiceName", var.service_name]

  widgets = [
    { title = "Registrations accepted and messages delivered, per minute", stat = "Sum", lines = [
      [var.metrics_namespace, "registry.registrations.accepted.count"],
      [var.metrics_namespace, "registry.relay.delivered.count"],
    ] },
    { title = "Pending messages", stat = "Maximum", lines = local.service_lines["registry.outbox.pending.value"] },
    { title = "Age of the oldest pending message, s", stat = "Maximum", lines = local.service_lines["registry.outbox.oldest.pending.age.value"] },
    { title = "Duration, ms: the slowest registration, delivery and append", stat = "Maximum", lines = [
      [var.metrics_namespace, "registry.registration.duration.max"],
      [var.metrics_namespace, "registry.relay.delivery.latency.max"],
      [var.metrics_namespace, "registry.relay.append.duration.max"],
      [var.metrics_namespace, "registry.relay.append.duration.avg"],
    ] },
    { title = "Reachable (1) or not (0); the database takes writes (1) or not (0)", stat = "Minimum", lines = [
      [var.metrics_namespace, "registry.redis.reachable.value"],
      [var.metrics_namespace, "registry.database.reachable.value"],
      [var.metrics_namespace, "registry.database.writable.value"],
    ] },
    { title = "Breaker: 0 closed, 1 half-open, 2 open. Partition: 0 running, 1 paused, 2 stopped. Stalled: 1", stat = "Maximum", lines = concat(
      [[var.metrics_namespace, "registry.breaker.state.value"]],
      local.service_lines["registry.partition.state.value"], local.service_lines["registry.outbox.stalled.value"],
    ) },
    { title = "Parked messages", stat = "Maximum", lines = local.service_lines["registry.outbox.parked.value"] },
    { title = "Rewinds, messages sent again, messages parked, failed passes", stat = "Sum", lines = [
      [var.metrics_namespace, "registry.relay.rewinds.count"],
      [var.metrics_namespace, "registry.relay.resent.count"],
      [var.metrics_namespace, "registry.relay.messages.parked.count"],
      [var.metrics_namespace, "registry.relay.failures.count"],
    ] },
    { title = "Since the relay's last pass, and since the last look at the outbox, s", stat = "Minimum", lines = concat(
      local.service_lines["registry.relay.last.pass.age.value"], [[var.metrics_namespace, "registry.status.sample.age.value"]],
    ) },
    { title = "Queue: elements and capacity", stat = "Maximum", lines = [
      [var.metrics_namespace, "registry.queue.depth.value"],
      [var.metrics_namespace, "registry.queue.capacity.value"],
    ] },
    { title = "Consumers: elements at work or stuck, and given up", stat = "Maximum", lines = [
      [var.metrics_namespace, "registry.consumer.processing.depth.value"],
      [var.metrics_namespace, "registry.consumer.dlq.depth.value"],
    ] },
    { title = "Consumers, s: oldest element at work; commit to taken, median and p99", stat = "Maximum", lines = [
      [var.metrics_namespace, "registry.consumer.processing.oldest.age.value"],
      [var.metrics_namespace, "registry.consumer.taken.latency.p50.value"],
      [var.metrics_namespace, "registry.consumer.taken.latency.p99.value"],
    ] },
    { title = "Database connections of one task: in use, waited for", stat = "Maximum", lines = [
      [var.metrics_namespace, "hikaricp.connections.active.value"],
      [var.metrics_namespace, "hikaricp.connections.pending.value"],
    ] },
    { title = "Waited for a connection in vain", stat = "Sum", lines = [
      [var.metrics_namespace, "hikaricp.connections.timeout.count"],
    ] },
    { title = "HTTP: requests, 5xx, and tasks that the load balancer could not connect to", stat = "Sum", lines = [
      concat(["AWS/ApplicationELB", "RequestCount"], local.target_group_dimensions),
      concat(["AWS/ApplicationELB", "HTTPCode_Target_5XX_Count"], local.target_group_dimensions),
      concat(["AWS/ApplicationELB", "TargetConnectionErrorCount"], local.target_group_dimensions),
      ["AWS/ApplicationELB", "HTTPCode_ELB_5XX_Count", "LoadBalancer", var.load_balancer_arn_suffix],
    ] },
    { title = "Targets: healthy and not", stat = "Maximum", lines = [
      concat(["AWS/ApplicationELB", "HealthyHostCount"], local.target_group_dimensions),
      concat(["AWS/ApplicationELB", "UnHealthyHostCount"], local.target_group_dimensions),
    ] },
    { title = "Auth service: tasks that it fails, questions without a verdict, requests refused for it", stat = "Sum", lines = [
      [var.metrics_namespace, "registry.auth.service.failing.value"],
      [var.metrics_namespace, "registry.auth.service.failures.count"],
      [var.metrics_namespace, "registry.auth.service.unverified.count"],
    ] },
    { title = "Tasks: CPU and memory, %", stat = "Maximum", lines = [
      concat(["AWS/ECS", "CPUUtilization"], local.task_dimensions),
      concat(["AWS/ECS", "MemoryUtilization"], local.task_dimensions),
    ] },
    { title = "Database: CPU, %, and CPU credits", stat = "Average", lines = concat(local.database_lines["CPUUtilization"], local.database_lines["CPUCreditBalance"]) },
    { title = "Database: free storage and memory, bytes", stat = "Minimum", lines = concat(local.database_lines["FreeStorageSpace"], local.database_lines["FreeableMemory"]) },
    { title = "Database: connections", stat = "Maximum", lines = local.database_lines["DatabaseConnections"] },
    { title = "Redis: memory and CPU, %", stat = "Maximum", lines = concat(local.redis_lines["DatabaseMemoryUsagePercentage"], local.redis_lines["EngineCPUUtilization"]) },
    { title = "Redis: replication lag, s, and CPU credits", stat = "Maximum", lines = concat(local.redis_lines["ReplicationLag"], local.redis_lines["CPUCreditBalance"]) },
    { title = "Redis: evictions", stat = "Sum", lines = local.redis_lines["Evictions"] },
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
