data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

# By `id`: the attribute `name` is deprecated from version 6 of the provider on.
data "aws_region" "this" {}

locals {
  account_id = data.aws_caller_identity.this.account_id
  partition  = data.aws_partition.this.partition
  region     = data.aws_region.this.id

  dead_letter_name = "${var.prefix}-dead-letter"
  lane_names       = { for lane in keys(var.lanes) : lane => "${var.prefix}-${lane}" }

  # Built from parts, because the queues refer to each other, and their policies refer to them.
  dead_letter_arn = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${local.dead_letter_name}"
  lane_arns = {
    for lane, name in local.lane_names :
    lane => "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${name}"
  }

  # Six times the timeout, as AWS recommends, so that Lambda can retry throttled batches:
  # https://docs.aws.amazon.com/lambda/latest/dg/services-sqs-configure.html
  visibility_timeouts = {
    for lane, each in var.lanes : lane =>
    6 * coalesce(each.function_timeout_seconds, var.function_timeout_seconds) + var.batch_window_seconds
  }

  seconds_a_day = 86400
}
