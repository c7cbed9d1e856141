# The real provider, which calls no API: the policies are the JSON that AWS would get.
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
  package_path = "function.tf" # any file: only its hash is used
  policy_json  = "{\"Version\": \"2012-10-17\", \"Statement\": []}"
}

run "only_lambda_functions_of_this_account_may_assume_the_role" {
  command = plan

  assert {
    condition     = jsondecode(data.aws_iam_policy_document.trust.json).Statement[0].Condition.StringEquals["aws:SourceAccount"] == "123456789012"
    error_message = "A service principal is trusted without a source condition."
  }

  assert {
    condition     = jsondecode(data.aws_iam_policy_document.trust.json).Statement[0].Principal == { Service = "lambda.amazonaws.com" }
    error_message = "A principal other than Lambda is trusted."
  }
}

run "the_role_may_write_only_its_own_logs_and_create_no_log_group" {
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
    error_message = "The log group does not have the name that Lambda uses, or has no retention."
  }
}

run "lines_are_logged_unchanged" {
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
    error_message = "A release could not be rolled back."
  }

  assert {
    condition     = aws_lambda_function.this.source_code_hash == filebase64sha256("function.tf")
    error_message = "A new package would not be deployed."
  }
}

run "no_concurrency_is_reserved_or_provisioned_by_default" {
  command = plan

  assert {
    condition     = aws_lambda_function.this.reserved_concurrent_executions == -1 && length(aws_lambda_provisioned_concurrency_config.this) == 0
    error_message = "Concurrency is reserved or provisioned by default."
  }
}

run "provisioned_concurrency_belongs_to_the_alias" {
  command = plan

  variables {
    provisioned_concurrency = 2
    reserved_concurrency    = 10
  }

  assert {
    condition     = aws_lambda_provisioned_concurrency_config.this[0].qualifier == "live"
    error_message = "The provisioned environments get no events."
  }
}
