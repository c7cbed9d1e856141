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

run "an_unknown_architecture_is_refused" {
  command = plan

  variables {
    architecture = "riscv"
  }

  expect_failures = [var.architecture]
}

run "an_environment_over_four_kilobytes_is_refused" {
  command = plan

  variables {
    environment = { LONG = format("%04096d", 0) }
  }

  expect_failures = [var.environment]
}

run "less_disk_than_lambdas_minimum_is_refused" {
  command = plan

  variables {
    ephemeral_storage_mb = 511
  }

  expect_failures = [var.ephemeral_storage_mb]
}

run "more_disk_than_lambdas_maximum_is_refused" {
  command = plan

  variables {
    ephemeral_storage_mb = 10241
  }

  expect_failures = [var.ephemeral_storage_mb]
}

run "a_handler_without_a_module_is_refused" {
  command = plan

  variables {
    handler = "handler"
  }

  expect_failures = [var.handler]
}

run "the_alias_of_a_key_is_refused" {
  command = plan

  variables {
    kms_key_arn = "alias/acme"
  }

  expect_failures = [var.kms_key_arn]
}

run "a_retention_that_cloudwatch_does_not_have_is_refused" {
  command = plan

  variables {
    log_retention_days = 31
  }

  expect_failures = [var.log_retention_days]
}

run "logs_without_retention_are_refused" {
  command = plan

  variables {
    log_retention_days = 0
  }

  expect_failures = [var.log_retention_days]
}

run "too_little_memory_is_refused" {
  command = plan

  variables {
    memory_mb = 127
  }

  expect_failures = [var.memory_mb]
}

run "too_much_memory_is_refused" {
  command = plan

  variables {
    memory_mb = 10241
  }

  expect_failures = [var.memory_mb]
}

run "a_fraction_of_a_megabyte_is_refused" {
  command = plan

  variables {
    memory_mb = 1769.5
  }

  expect_failures = [var.memory_mb]
}

run "a_name_with_capitals_is_refused" {
  command = plan

  variables {
    name = "Worker"
  }

  expect_failures = [var.name]
}

run "a_missing_package_is_refused" {
  command = plan

  variables {
    package_path = "no.zip"
  }

  expect_failures = [var.package_path]
}

run "a_policy_that_is_not_json_is_refused" {
  command = plan

  variables {
    policy_json = "allow everything"
  }

  expect_failures = [var.policy_json]
}

run "a_prefix_with_capitals_is_refused" {
  command = plan

  variables {
    prefix = "Acme"
  }

  expect_failures = [var.prefix]
}

run "a_negative_provisioned_concurrency_is_refused" {
  command = plan

  variables {
    provisioned_concurrency = -1
  }

  expect_failures = [var.provisioned_concurrency]
}

run "more_provisioned_than_reserved_concurrency_is_refused" {
  command = plan

  variables {
    provisioned_concurrency = 11
    reserved_concurrency    = 10
  }

  expect_failures = [var.provisioned_concurrency]
}

run "a_reserved_concurrency_of_zero_is_refused" {
  command = plan

  variables {
    reserved_concurrency = 0
  }

  expect_failures = [var.reserved_concurrency]
}

run "a_runtime_other_than_python_is_refused" {
  command = plan

  variables {
    runtime = "nodejs22.x"
  }

  expect_failures = [var.runtime]
}

run "a_timeout_too_short_for_an_image_is_refused" {
  command = plan

  variables {
    timeout_seconds = 59
  }

  expect_failures = [var.timeout_seconds]
}

run "a_timeout_over_lambdas_maximum_is_refused" {
  command = plan

  variables {
    timeout_seconds = 901
  }

  expect_failures = [var.timeout_seconds]
}
