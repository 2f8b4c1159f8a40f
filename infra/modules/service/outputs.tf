output "cluster_name" {
  description = "ECS cluster."
  value       = aws_ecs_cluster.this.name
}

output "service_name" {
  description = "ECS service."
  value       = aws_ecs_service.this.name
}

output "security_group_id" {
  description = "Security group of the tasks."
  value       = aws_security_group.this.id
}

output "target_group_arn_suffix" {
  description = "CloudWatch's name of the target group."
  value       = aws_lb_target_group.this.arn_suffix
}

output "load_balancer_arn_suffix" {
  description = "CloudWatch's name of the load balancer: the middle of its listener's ARN."
  value       = regex("listener/(app/[^/]+/[^/]+)/", var.listener_arn)[0]
}

output "log_group_name" {
  description = "Log of the tasks."
  value       = aws_cloudwatch_log_group.this.name
}

output "deployer_policy" {
  description = "IAM policy of whoever runs infra/deploy, as JSON."
  value       = jsonencode(local.deployer_policy)
}
