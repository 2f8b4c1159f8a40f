output "dashboard_name" {
  description = "Dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}

output "service_metrics" {
  description = "The service's own metrics that an alarm or the dashboard uses, each as in docs/metrics.txt: its name, and the names of its dimensions."
  value = toset(concat(
    [
      for alarm in values(local.alarms) : join(" ", concat([alarm.metric], keys(alarm.dimensions)))
      if alarm.namespace == var.metrics_namespace && alarm.metric != null
    ],
    flatten([for alarm in values(local.alarms) : [for metric in values(alarm.metrics) : metric.name if metric.namespace == var.metrics_namespace]]),
    flatten([for widget in local.widgets : [
      for line in widget.lines : join(" ", [for i, word in line : word if i == 1 || (i >= 2 && i % 2 == 0)]) if line[0] == var.metrics_namespace
    ]]),
  ))
}
