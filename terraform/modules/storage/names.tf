data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

# By `id`: the attribute `name` is deprecated from version 6 of the provider on.
data "aws_region" "this" {}

locals {
  account_id = data.aws_caller_identity.this.account_id
  partition  = data.aws_partition.this.partition

  # Prefixes and suffixes that S3 reserves, adjacent dots and IP addresses; an alias of an access point and a directory
  # bucket send no events. https://docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html
  reserved_bucket_name = "^(xn--|sthree-|amzn-s3-demo-)|[.][.]|^[0-9]+([.][0-9]+){3}$|(-s3alias|--ol-s3|[.]mrap|--x-s3|--table-s3)$"

  is_ours       = var.existing_sources_bucket == null
  sources_name  = local.is_ours ? "${var.prefix}-sources-${local.account_id}" : var.existing_sources_bucket
  variants_name = "${var.prefix}-variants-${local.account_id}"

  # Built from parts, so that policies are known at plan time and do not depend on the bucket.
  sources_arn  = "arn:${local.partition}:s3:::${local.sources_name}"
  variants_arn = "arn:${local.partition}:s3:::${local.variants_name}"

  # The common settings of both buckets. The values come from the resources, so that dependents wait for them.
  our_buckets = merge(
    { variants = aws_s3_bucket.variants.id },
    local.is_ours ? { sources = aws_s3_bucket.sources[0].id } : {},
  )
}
