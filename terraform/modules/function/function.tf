resource "aws_lambda_function" "this" {
  function_name = local.function_name
  description   = "Pixfleet: ${var.handler}"
  role          = aws_iam_role.this.arn

  filename         = var.package_path
  source_code_hash = filebase64sha256(var.package_path)
  handler          = var.handler
  runtime          = var.runtime
  architectures    = [var.architecture]

  memory_size                    = var.memory_mb
  timeout                        = var.timeout_seconds
  reserved_concurrent_executions = coalesce(var.reserved_concurrency, -1)
  kms_key_arn                    = var.kms_key_arn
  publish                        = true

  environment {
    variables = var.environment
  }

  ephemeral_storage {
    size = var.ephemeral_storage_mb
  }

  # In text format Lambda logs each line unchanged. The worker's lines are JSON with their metrics
  # already; in JSON format Lambda would drop lines below its own log level.
  # https://docs.aws.amazon.com/lambda/latest/dg/monitoring-cloudwatchlogs-log-level.html
  logging_config {
    log_format = "Text"
    log_group  = aws_cloudwatch_log_group.this.name
  }

  tracing_config {
    mode = "PassThrough"
  }

  tags = var.tags

  # The first invocation may follow immediately, and needs its permissions.
  depends_on = [aws_iam_role_policy.logs, aws_iam_role_policy.work]
}

resource "aws_lambda_alias" "this" {
  name = "live"
  # The description contains the environment's hash, so that old objects are deleted after the alias has moved.
  description      = "Settings ${substr(sha256(jsonencode(var.environment)), 0, 12)}"
  function_name    = aws_lambda_function.this.function_name
  function_version = aws_lambda_function.this.version
}

resource "aws_lambda_provisioned_concurrency_config" "this" {
  count = var.provisioned_concurrency > 0 ? 1 : 0

  function_name                     = aws_lambda_function.this.function_name
  provisioned_concurrent_executions = var.provisioned_concurrency
  qualifier                         = aws_lambda_alias.this.name
}
