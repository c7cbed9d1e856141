output "serving_table" {
  description = "The serving table; null without one."
  value = var.has_serving_table ? {
    arn  = local.serving_arn
    name = local.serving_name
  } : null

  depends_on = [aws_dynamodb_table.serving]
}

output "status_index_name" {
  description = "The index that lists sources by status and a hash of the key, newest last, with their cause."
  value       = local.status_index_name
}

output "table" {
  description = "The ledger."
  value = {
    arn  = local.arn
    name = local.name
  }

  depends_on = [aws_dynamodb_table.ledger]
}
