data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

# By `id`: the attribute `name` is deprecated from version 6 of the provider on.
data "aws_region" "this" {}

locals {
  partition = data.aws_partition.this.partition

  queue_name = "${var.prefix}-purge"
  # Built from parts, because the queue's policy refers to it.
  queue_arn = "arn:${local.partition}:sqs:${data.aws_region.this.id}:${data.aws_caller_identity.this.account_id}:${local.queue_name}"

  # For ten calls of AWS, one after another.
  timeout_seconds = 60
  # How long keys are collected for one invalidation.
  window_seconds = 10
}
