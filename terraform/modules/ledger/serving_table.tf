locals {
  serving_name = "${var.prefix}-serving"
  serving_arn  = "${local._table_arn}/${local.serving_name}"
}

# What is known for minutes, or for a month: leases of renders, failed renders, the month's purged paths. These need no
# point-in-time recovery, because a restored item would only be out of date. Receipts of deletions, which the API keeps for 400 days,
# need it.
resource "aws_dynamodb_table" "serving" {
  #checkov:skip=CKV_AWS_28:Without receipts, its items live for minutes, and can be lost without harm.
  count = var.has_serving_table ? 1 : 0

  name                        = local.serving_name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "id"
  deletion_protection_enabled = var.keeps_receipts && var.deletion_protection

  attribute {
    name = "id"
    type = "S"
  }

  point_in_time_recovery {
    enabled = var.keeps_receipts
  }

  ttl {
    attribute_name = "expires_at"
    enabled        = true
  }

  dynamic "server_side_encryption" {
    for_each = var.kms_key_arn == null ? [] : [var.kms_key_arn]

    content {
      enabled     = true
      kms_key_arn = server_side_encryption.value
    }
  }

  tags = var.tags
}
