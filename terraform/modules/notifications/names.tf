data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

# By `id`: the attribute `name` is deprecated from version 6 of the provider on.
data "aws_region" "this" {}

locals {
  account_id = data.aws_caller_identity.this.account_id
  partition  = data.aws_partition.this.partition
  region     = data.aws_region.this.id

  # Built from parts, because the policies refer to them.
  topic_arn  = "arn:${local.partition}:sns:${local.region}:${local.account_id}:${var.prefix}-changes"
  queue_name = "${var.prefix}-changes-undelivered"
  queue_arn  = "arn:${local.partition}:sqs:${local.region}:${local.account_id}:${local.queue_name}"
}
