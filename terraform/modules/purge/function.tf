module "function" {
  source = "../function"

  architecture = var.architecture
  environment = {
    PIXFLEET_DISTRIBUTION_ID = var.distribution.id
    PIXFLEET_FLEET           = var.prefix
    PIXFLEET_PURGE_BUDGET    = tostring(var.monthly_paths)
    PIXFLEET_PURGE_QUEUE     = aws_sqs_queue.this.url
    PIXFLEET_SERVING_TABLE   = var.serving_table.name
  }
  handler            = "worker.purge.handler.handler"
  kms_key_arn        = var.kms_key_arn
  log_retention_days = var.log_retention_days
  # Enough for boto3; with less memory a cold start takes seconds.
  memory_mb       = 512
  name            = "purge"
  package_path    = var.package_path
  policy_json     = data.aws_iam_policy_document.function.json
  prefix          = var.prefix
  tags            = var.tags
  timeout_seconds = local.timeout_seconds
}

# One invocation after another would be best for CloudFront's limits; two are the least that Lambda allows.
resource "aws_lambda_event_source_mapping" "this" {
  event_source_arn                   = aws_sqs_queue.this.arn
  function_name                      = module.function.function.alias_arn
  batch_size                         = 1000
  maximum_batching_window_in_seconds = local.window_seconds
  function_response_types            = ["ReportBatchItemFailures"]

  scaling_config {
    maximum_concurrency = 2
  }

  tags = merge(var.tags, { Name = local.queue_name })
}
