data "aws_caller_identity" "this" {}

data "aws_partition" "this" {}

# By `id`: the attribute `name` is deprecated from version 6 of the provider on.
data "aws_region" "this" {}

locals {
  name = "${var.prefix}-ledger"
  # Built from parts, so that policies with the table's ARN are known at plan time.
  arn = "${local._table_arn}/${local.name}"

  _table_arn = "arn:${data.aws_partition.this.partition}:dynamodb:${data.aws_region.this.id}:${data.aws_caller_identity.this.account_id}:table"

  status_index_name = "status_shard-updated_at"
}

moved {
  from = aws_dynamodb_table.this
  to   = aws_dynamodb_table.ledger
}

resource "aws_dynamodb_table" "ledger" {
  name                        = local.name
  billing_mode                = "PAY_PER_REQUEST"
  hash_key                    = "key"
  deletion_protection_enabled = var.deletion_protection

  attribute {
    name = "key"
    type = "S"
  }

  attribute {
    name = "status_shard"
    type = "S"
  }

  attribute {
    name = "updated_at"
    type = "N"
  }

  # `status_shard` spreads each status over 16 partitions (shared/cloud/status_shard.py): one accepts 1,000 writes
  # a second, and a throttled index throttles the table.
  # Only the attributes that lists show, besides the keys: DynamoDB writes an index whenever one of its
  # attributes changes, and a claim changes none of these.
  global_secondary_index {
    name               = local.status_index_name
    hash_key           = "status_shard"
    range_key          = "updated_at"
    projection_type    = "INCLUDE"
    non_key_attributes = ["cause"]
  }

  point_in_time_recovery {
    enabled = true
  }

  # Only tombstones have `expires_at`; published sources do not.
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
