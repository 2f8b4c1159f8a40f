output "host" {
  description = "Host name of the primary: it stays the same through a failover."
  value       = aws_db_instance.this.address
}

output "port" {
  description = "Port."
  value       = 5432
}

output "identifier" {
  description = "Instance identifier, CloudWatch's DBInstanceIdentifier."
  value       = aws_db_instance.this.identifier
}

output "security_group_id" {
  description = "Security group of the instance, for the rules of those who connect."
  value       = aws_security_group.this.id
}

output "master_secret_arn" {
  description = "ARN (not the value) of the secret with the master's password; null while the instance has none, as after a restore."
  # try: without it, no plan could be made for an instance that was restored and imported.
  value = try(aws_db_instance.this.master_user_secret[0].secret_arn, null)
}
