# The real provider without an account: policies and names are known at plan time; no API is called.
provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.this
  values = { account_id = "123456789012" }
}

variables {
  prefix = "photos"
}

run "sources_are_found_by_key_and_by_status_and_the_table_can_be_restored" {
  command = plan

  assert {
    condition     = aws_dynamodb_table.ledger.hash_key == "key" && aws_dynamodb_table.ledger.range_key == null
    error_message = "The worker reads and writes by `key` only."
  }

  assert {
    condition = alltrue([
      for index in aws_dynamodb_table.ledger.global_secondary_index :
      index.hash_key == "status_shard" && index.range_key == "updated_at" && index.name == output.status_index_name
    ])
    error_message = "The index must list by status, in chronological order."
  }

  assert {
    condition = { for each in aws_dynamodb_table.ledger.attribute : each.name => each.type } == {
      key          = "S"
      status_shard = "S"
      updated_at   = "N"
    }
    error_message = "Attributes must have the types that the worker writes."
  }

  assert {
    condition = alltrue([
      for index in aws_dynamodb_table.ledger.global_secondary_index :
      index.projection_type == "INCLUDE" && toset(index.non_key_attributes) == toset(["cause"])
    ])
    error_message = "The index must hold nothing that a claim changes."
  }

  assert {
    condition     = one(aws_dynamodb_table.ledger.ttl).attribute_name == "expires_at" && one(aws_dynamodb_table.ledger.ttl).enabled
    error_message = "The worker writes `expires_at` on tombstones."
  }

  assert {
    condition     = one(aws_dynamodb_table.ledger.point_in_time_recovery).enabled
    error_message = "The table must be restorable."
  }

  assert {
    condition     = aws_dynamodb_table.ledger.deletion_protection_enabled
    error_message = "The table must be protected by default."
  }

  assert {
    condition     = aws_dynamodb_table.ledger.billing_mode == "PAY_PER_REQUEST"
    error_message = "An idle fleet must cost nothing."
  }

  assert {
    condition     = output.table.arn == "arn:aws:dynamodb:eu-west-1:123456789012:table/photos-ledger"
    error_message = "Got ${output.table.arn}."
  }
}

run "without_a_renderer_there_is_no_serving_table" {
  command = plan

  assert {
    condition     = length(aws_dynamodb_table.serving) == 0 && output.serving_table == null
    error_message = "A table that nothing uses is created."
  }
}

run "the_serving_table_forgets_what_has_expired" {
  command = plan

  variables {
    has_serving_table = true
    kms_key_arn       = "arn:aws:kms:eu-west-1:123456789012:key/0a1b"
  }

  assert {
    condition = (
      aws_dynamodb_table.serving[0].hash_key == "id"
      && aws_dynamodb_table.serving[0].range_key == null
      && { for each in aws_dynamodb_table.serving[0].attribute : each.name => each.type } == { id = "S" }
    )
    error_message = "The renderer reads and writes by `id` only."
  }

  assert {
    condition     = one(aws_dynamodb_table.serving[0].ttl).attribute_name == "expires_at" && one(aws_dynamodb_table.serving[0].ttl).enabled
    error_message = "Expired leases would stay for ever."
  }

  assert {
    condition     = aws_dynamodb_table.serving[0].billing_mode == "PAY_PER_REQUEST" && !aws_dynamodb_table.serving[0].deletion_protection_enabled && !one(aws_dynamodb_table.serving[0].point_in_time_recovery).enabled
    error_message = "An idle table must cost nothing, and nothing in it is worth protecting."
  }

  assert {
    condition     = one(aws_dynamodb_table.serving[0].server_side_encryption).kms_key_arn == var.kms_key_arn
    error_message = "The key that was named must encrypt the table."
  }

  assert {
    condition     = output.serving_table == { arn = "arn:aws:dynamodb:eu-west-1:123456789012:table/photos-serving", name = "photos-serving" }
    error_message = "The renderer would read another table."
  }
}

run "receipts_are_protected_as_the_ledger_is" {
  command = plan

  variables {
    has_serving_table = true
    keeps_receipts    = true
  }

  assert {
    condition     = aws_dynamodb_table.serving[0].deletion_protection_enabled && one(aws_dynamodb_table.serving[0].point_in_time_recovery).enabled
    error_message = "A proof of a deletion could be lost."
  }
}

run "a_customer_managed_key_is_used_and_protection_can_be_turned_off" {
  command = plan

  variables {
    kms_key_arn         = "arn:aws:kms:eu-west-1:123456789012:key/0a1b"
    deletion_protection = false
  }

  assert {
    condition     = one(aws_dynamodb_table.ledger.server_side_encryption).kms_key_arn == var.kms_key_arn
    error_message = "The key that was named must encrypt the table."
  }

  assert {
    condition     = !aws_dynamodb_table.ledger.deletion_protection_enabled
    error_message = "It must be possible to destroy the stack."
  }
}

run "the_alias_of_a_key_and_a_prefix_with_a_capital_are_refused" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:alias/aws/dynamodb"
    prefix      = "Photos"
  }

  expect_failures = [
    var.kms_key_arn,
    var.prefix,
  ]
}
