output "cluster_name" {
  description = "ECS cluster; infra/deploy --cluster."
  value       = module.service.cluster_name
}

output "service_name" {
  description = "ECS service; infra/deploy --service."
  value       = module.service.service_name
}

output "database_host" {
  description = "Host of the database's primary, for operators' SQL."
  value       = module.database.host
}

output "database_master_secret_arn" {
  description = "Secret (made and rotated by RDS) of the master user, which makes the service's role and is needed for nothing else."
  value       = module.database.master_secret_arn
}

output "redis_host" {
  description = "Redis' primary endpoint: what consumers connect to, with TLS and the AUTH token."
  value       = module.redis.host
}

output "redis_replication_group_id" {
  description = "Replication group; infra/redis-token needs it."
  value       = module.redis.replication_group_id
}

output "service_security_group_id" {
  description = "Security group of the tasks, for VPC endpoints that should admit them."
  value       = module.service.security_group_id
}

output "dashboard_name" {
  description = "CloudWatch dashboard."
  value       = module.observability.dashboard_name
}

output "log_group_name" {
  description = "Log of the tasks; the deployments' and the sessions' logs are beside it."
  value       = module.service.log_group_name
}

output "deployer_policy" {
  description = "IAM policy, as JSON, of whoever runs infra/deploy: exactly the calls that it makes."
  value       = module.service.deployer_policy
}
