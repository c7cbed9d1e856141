mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  prefix       = "acme"
  name         = "worker"
  handler      = "worker.batch.handler"
  package_path = "function.tf" # any file: only its hash is used
  policy_json  = "{\"Version\": \"2012-10-17\", \"Statement\": []}"
}

run "the_first_bad_value_of_each_variable_is_refused" {
  command = plan

  variables {
    # An unknown architecture.
    architecture = "riscv"

    # An environment over four kilobytes.
    environment = { LONG = format("%04096d", 0) }

    # Less disk than Lambda's minimum.
    ephemeral_storage_mb = 511

    # A handler without a module.
    handler = "handler"

    # The alias of a key.
    kms_key_arn = "alias/acme"

    # A retention that CloudWatch does not have.
    log_retention_days = 31

    # Too little memory.
    memory_mb = 127

    # A name with capitals.
    name = "Worker"

    # A missing package.
    package_path = "no.zip"

    # A policy that is not JSON.
    policy_json = "allow everything"

    # A prefix with capitals.
    prefix = "Acme"

    # A negative provisioned concurrency.
    provisioned_concurrency = -1

    # A runtime other than Python.
    runtime = "nodejs22.x"

    # No time at all.
    timeout_seconds = 0
  }

  expect_failures = [
    var.architecture,
    var.environment,
    var.ephemeral_storage_mb,
    var.handler,
    var.kms_key_arn,
    var.log_retention_days,
    var.memory_mb,
    var.name,
    var.package_path,
    var.policy_json,
    var.prefix,
    var.provisioned_concurrency,
    var.runtime,
    var.timeout_seconds,
  ]
}

run "the_second_bad_value_of_each_variable_is_refused" {
  command = plan

  variables {
    # More disk than Lambdas maximum.
    ephemeral_storage_mb = 10241

    # Logs without retention.
    log_retention_days = 0

    # Too much memory.
    memory_mb = 10241

    # More provisioned than reserved concurrency.
    provisioned_concurrency = 11
    reserved_concurrency    = 10

    # A timeout over Lambda's maximum.
    timeout_seconds = 901
  }

  expect_failures = [
    var.ephemeral_storage_mb,
    var.log_retention_days,
    var.memory_mb,
    var.provisioned_concurrency,
    var.timeout_seconds,
  ]
}

run "the_third_bad_value_of_each_variable_is_refused" {
  command = plan

  variables {
    # A fraction of a megabyte.
    memory_mb = 1769.5

    # A reserved concurrency of zero.
    reserved_concurrency = 0
  }

  expect_failures = [
    var.memory_mb,
    var.reserved_concurrency,
  ]
}
