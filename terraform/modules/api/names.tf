data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

# By `id`: the attribute `name` is deprecated from version 6 of the provider on.
data "aws_region" "this" {}

locals {
  name = "${var.prefix}-api"

  # API Gateway waits 30 s for an answer, the longest that an HTTP API allows.
  # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-quotas.html
  timeout_seconds = 30

  sources = "${var.sources_bucket.arn}/${var.source_prefix}*"
}
