output "function" {
  description = "The function, and the alias that gets the events."
  value = {
    name       = aws_lambda_function.this.function_name
    arn        = aws_lambda_function.this.arn
    alias_arn  = aws_lambda_alias.this.arn
    alias_name = aws_lambda_alias.this.name
  }

  depends_on = [aws_lambda_provisioned_concurrency_config.this]
}

output "log_group" {
  description = "Name of its log group."
  value = {
    name = aws_cloudwatch_log_group.this.name
    arn  = aws_cloudwatch_log_group.this.arn
  }
}

output "role" {
  description = "The function's execution role, with its permissions."
  value = {
    name = aws_iam_role.this.name
    arn  = aws_iam_role.this.arn
  }

  depends_on = [aws_iam_role_policy.logs, aws_iam_role_policy.work]
}
