# The real provider, which is asked nothing: the policies are the JSON that AWS would get.
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
  target = data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

variables {
  prefix       = "acme"
  name         = "worker"
  handler      = "worker.batch.handler"
  package_path = "function.tf" # any file: only its hash is taken
  policy_json  = "{\"Version\": \"2012-10-17\", \"Statement\": []}"
}

run "only_functions_of_this_account_get_the_role" {
  command = plan

  assert {
    condition     = jsondecode(data.aws_iam_policy_document.trust.json).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "123456789012"
    error_message = "A service principal is trusted without saying for whom."
  }

  assert {
    condition     = jsondecode(data.aws_iam_policy_document.trust.json).Statement[0].Principal == { Service = "lambda.amazonaws.com" }
    error_message = "Somebody else than Lambda is trusted."
  }
}

run "it_writes_its_own_logs_and_makes_no_group" {
  command = plan

  assert {
    condition     = jsondecode(data.aws_iam_policy_document.logs.json).Statement[0].Resource == "arn:aws:logs:eu-central-1:123456789012:log-group:/aws/lambda/acme-worker:log-stream:*"
    error_message = "The role may write to other logs than its own."
  }

  assert {
    condition     = toset(jsondecode(data.aws_iam_policy_document.logs.json).Statement[0].Action) == toset(["logs:CreateLogStream", "logs:PutLogEvents"])
    error_message = "The role may do more than write logs."
  }

  assert {
    condition     = aws_cloudwatch_log_group.this.name == "/aws/lambda/acme-worker" && aws_cloudwatch_log_group.this.retention_in_days == 30
    error_message = "The log group has another name than Lambda writes to, or keeps lines for ever."
  }
}

run "lines_go_to_the_log_as_they_were_written" {
  command = plan

  assert {
    condition     = aws_lambda_function.this.logging_config[0].log_format == "Text"
    error_message = "Lambda would drop lines by their level, and the metrics in them."
  }
}

run "a_release_is_a_version_behind_an_alias" {
  command = plan

  assert {
    condition     = aws_lambda_function.this.publish && aws_lambda_alias.this.name == "live"
    error_message = "Nothing could be taken back."
  }

  assert {
    condition     = aws_lambda_function.this.source_code_hash == filebase64sha256("function.tf")
    error_message = "A new package would go unnoticed."
  }
}

run "nothing_is_reserved_or_kept_warm_unasked" {
  command = plan

  assert {
    condition     = aws_lambda_function.this.reserved_concurrent_executions == -1 && length(aws_lambda_provisioned_concurrency_config.this) == 0
    error_message = "The account's concurrency is taken, or money spent, without being asked."
  }
}

run "what_is_kept_warm_is_kept_behind_the_alias" {
  command = plan

  variables {
    provisioned_concurrency = 2
    reserved_concurrency    = 10
  }

  assert {
    condition     = aws_lambda_provisioned_concurrency_config.this[0].qualifier == "live"
    error_message = "The environments that are kept warm get no events."
  }
}
