# The real provider without an account: policies and names are known at plan time; no API is called.
provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.this
  values = { account_id = "123456789012" }
}

override_data {
  target = module.function.data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

override_module {
  target = module.function
  outputs = {
    function  = { name = "acme-purge", arn = "", alias_arn = "arn:aws:lambda:eu-central-1:123456789012:function:acme-purge:live", alias_name = "live" }
    log_group = { name = "/aws/lambda/acme-purge", arn = "" }
    role      = { name = "", arn = "" }
  }
}

variables {
  distribution  = { arn = "arn:aws:cloudfront::123456789012:distribution/E2EXAMPLE", id = "E2EXAMPLE" }
  package_path  = "queue.tf" # any file: only its hash is used
  prefix        = "acme"
  serving_table = { arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-serving", name = "acme-serving" }
}

run "a_message_lives_as_long_as_it_is_useful" {
  command = plan

  assert {
    condition     = aws_sqs_queue.this.name == "acme-purge" && aws_sqs_queue.this.message_retention_seconds == 900
    error_message = "A message would be kept longer than anything can be cached, or lost before."
  }

  assert {
    condition     = aws_sqs_queue.this.visibility_timeout_seconds == 370 && aws_sqs_queue.this.visibility_timeout_seconds * 2 < aws_sqs_queue.this.message_retention_seconds
    error_message = "A message whose function died would come back too late."
  }

  assert {
    condition     = aws_sqs_queue.this.sqs_managed_sse_enabled
    error_message = "The queue is not encrypted."
  }
}

run "keys_are_collected_for_ten_seconds" {
  command = plan

  assert {
    condition = (
      aws_lambda_event_source_mapping.this.batch_size == 1000
      && aws_lambda_event_source_mapping.this.maximum_batching_window_in_seconds == 10
      && aws_lambda_event_source_mapping.this.function_response_types == toset(["ReportBatchItemFailures"])
      && aws_lambda_event_source_mapping.this.function_name == "arn:aws:lambda:eu-central-1:123456789012:function:acme-purge:live"
      && aws_lambda_event_source_mapping.this.scaling_config[0].maximum_concurrency == 2
    )
    error_message = "There would be one invalidation for each key, or whole batches would come back."
  }
}

run "the_queue_refuses_plain_http_and_invites_nobody" {
  command = plan

  assert {
    condition = jsondecode(aws_sqs_queue_policy.this.policy).Statement == [{
      Sid       = "RefuseUnencryptedTransport"
      Effect    = "Deny"
      Action    = "sqs:*"
      Resource  = "arn:aws:sqs:eu-central-1:123456789012:acme-purge"
      Principal = "*"
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
    error_message = "Got ${aws_sqs_queue_policy.this.policy}."
  }
}

run "the_function_may_invalidate_this_distribution_only" {
  command = plan

  assert {
    condition = {
      for statement in jsondecode(data.aws_iam_policy_document.function.json).Statement : statement.Sid => statement.Resource
      } == {
      CountPaths                = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-serving"
      InvalidateOneDistribution = "arn:aws:cloudfront::123456789012:distribution/E2EXAMPLE"
      WorkOffPurges             = "arn:aws:sqs:eu-central-1:123456789012:acme-purge"
    }
    error_message = "Got ${data.aws_iam_policy_document.function.json}."
  }

  assert {
    condition = [
      for statement in jsondecode(data.aws_iam_policy_document.function.json).Statement : statement.Action if statement.Sid == "InvalidateOneDistribution"
    ] == ["cloudfront:CreateInvalidation"]
    error_message = "Got ${data.aws_iam_policy_document.function.json}."
  }
}

run "a_key_of_ones_own_encrypts_the_queue" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/ours"
  }

  assert {
    condition     = aws_sqs_queue.this.kms_master_key_id == "arn:aws:kms:eu-central-1:123456789012:key/ours"
    error_message = "The queue is encrypted by another key."
  }

  assert {
    condition = [
      for statement in jsondecode(data.aws_iam_policy_document.function.json).Statement : statement.Condition.StringEquals["kms:ViaService"] if statement.Sid == "UseTheKeyOfWhatIsStored"
    ] == [["dynamodb.eu-central-1.amazonaws.com", "lambda.eu-central-1.amazonaws.com", "sqs.eu-central-1.amazonaws.com"]]
    error_message = "Got ${data.aws_iam_policy_document.function.json}."
  }
}
