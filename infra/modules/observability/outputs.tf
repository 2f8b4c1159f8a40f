output "dashboard_name" {
  description = "Dashboard."
  value       = aws_cloudwatch_dashboard.this.dashboard_name
}

output "alarms" {
  description = "Every alarm, as tests look at it: its name, description, actions and decision about missing data."
  value = {
    for alarm in concat(values(aws_cloudwatch_metric_alarm.this), [aws_cloudwatch_metric_alarm.queue_nearly_full]) :
    alarm.alarm_name => {
      description = alarm.alarm_description
      actions     = alarm.alarm_actions
      ok_actions  = alarm.ok_actions
      missing     = alarm.treat_missing_data
    }
  }
}

output "service_metric_names" {
  description = "Names of the service's own metrics that an alarm or the dashboard uses; docs/metrics.txt must have each."
  value = toset(concat(
    [for alarm in values(aws_cloudwatch_metric_alarm.this) : alarm.metric_name if alarm.namespace == var.metrics_namespace],
    [
      for query in aws_cloudwatch_metric_alarm.queue_nearly_full.metric_query : query.metric[0].metric_name
      if length(query.metric) > 0
    ],
    flatten([for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets : [
      for line in widget.properties.metrics : line[1] if line[0] == var.metrics_namespace
    ]]),
  ))
}
