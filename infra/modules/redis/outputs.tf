output "host" {
  description = "Primary endpoint: its name follows a failover."
  value       = aws_elasticache_replication_group.this.primary_endpoint_address
}

output "port" {
  description = "Port of every node."
  value       = local.port
}

output "security_group_id" {
  description = "Security group of the nodes, for the rules of those who connect."
  value       = aws_security_group.this.id
}

output "replication_group_id" {
  description = "Replication group."
  value       = aws_elasticache_replication_group.this.id
}

output "node_ids" {
  description = "Ids of the nodes, which are CloudWatch's CacheClusterId; ElastiCache numbers them so."
  value       = [for n in range(var.nodes) : format("%s-%03d", var.name, n + 1)]
}
