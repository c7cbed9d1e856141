mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = {
      account_id = "123456789012"
    }
  }

  mock_data "aws_partition" {
    defaults = {
      partition = "aws"
    }
  }

  mock_data "aws_region" {
    defaults = {
      name = "eu-west-1"
    }
  }

  mock_data "aws_iam_policy_document" {
    defaults = {
      json = "{}"
    }
  }
}

variables {
  prefix                   = "pixfleet"
  dead_letter_queue_name   = "pixfleet-dead-letter"
  distribution_id          = "E2QWRUHAPOMQZL"
  function_memory_mb       = 3538
  function_name            = "pixfleet-worker"
  function_timeout_seconds = 300
  log_group_name           = "/aws/lambda/pixfleet-worker"
  lanes = {
    live = { queue_name = "pixfleet-live" }
    bulk = { queue_name = "pixfleet-bulk" }
  }
}

run "a_target_of_one_second_is_refused" {
  command         = plan
  expect_failures = [var.complete_seconds_p95]

  variables {
    complete_seconds_p95 = 1
  }
}

run "an_arn_in_place_of_the_dead_letter_queues_name_is_refused" {
  command         = plan
  expect_failures = [var.dead_letter_queue_name]

  variables {
    dead_letter_queue_name = "arn:aws:sqs:eu-west-1:123456789012:pixfleet-dead-letter"
  }
}

run "a_domain_name_in_place_of_the_distributions_id_is_refused" {
  command         = plan
  expect_failures = [var.distribution_id]

  variables {
    distribution_id = "d111111abcdef8.cloudfront.net"
  }
}

run "two_email_addresses_in_one_string_are_refused" {
  command         = plan
  expect_failures = [var.email]

  variables {
    email = "one@example.com, two@example.com"
  }
}

run "an_unknown_processor_is_refused" {
  command         = plan
  expect_failures = [var.function_architecture]

  variables {
    function_architecture = "riscv64"
  }
}

run "more_memory_than_lambda_allows_is_refused" {
  command         = plan
  expect_failures = [var.function_memory_mb]

  variables {
    function_memory_mb = 10241
  }
}

run "an_arn_in_place_of_the_functions_name_is_refused" {
  command         = plan
  expect_failures = [var.function_name]

  variables {
    function_name = "arn:aws:lambda:eu-west-1:123456789012:function:pixfleet-worker"
  }
}

run "a_timeout_over_lambdas_maximum_is_refused" {
  command         = plan
  expect_failures = [var.function_timeout_seconds]

  variables {
    function_timeout_seconds = 901
  }
}

run "the_aws_managed_key_of_sns_is_refused" {
  command         = plan
  expect_failures = [var.kms_key_arn]

  variables {
    kms_key_arn = "alias/aws/sns"
  }
}

run "lanes_without_live_are_refused" {
  command         = plan
  expect_failures = [var.lanes]

  variables {
    lanes = { bulk = { queue_name = "pixfleet-bulk" } }
  }
}

run "eleven_lanes_are_refused" {
  command         = plan
  expect_failures = [var.lanes]

  variables {
    lanes = { for name in ["live", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j"] : name => { queue_name = "pixfleet-${name}" } }
  }
}

run "a_lane_in_capitals_is_refused" {
  command         = plan
  expect_failures = [var.lanes]

  variables {
    lanes = {
      live = { queue_name = "pixfleet-live" }
      BULK = { queue_name = "pixfleet-BULK" }
    }
  }
}

run "a_queue_that_does_not_end_in_its_lane_is_refused" {
  command         = plan
  expect_failures = [var.lanes]

  variables {
    lanes = { live = { queue_name = "pixfleet-fast" } }
  }
}

run "a_target_over_the_longest_retention_of_sqs_is_refused" {
  command         = plan
  expect_failures = [var.lanes]

  variables {
    lanes = { live = { queue_name = "pixfleet-live", complete_seconds_p95 = 1209601 } }
  }
}

run "an_arn_in_place_of_the_log_groups_name_is_refused" {
  command         = plan
  expect_failures = [var.log_group_name]

  variables {
    log_group_name = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/pixfleet-worker"
  }
}

run "a_budget_of_zero_is_refused" {
  command         = plan
  expect_failures = [var.monthly_budget_usd]

  variables {
    email              = "ops@example.com"
    monthly_budget_usd = 0
  }
}

run "a_budget_without_an_address_is_refused" {
  command         = plan
  expect_failures = [var.monthly_budget_usd]

  variables {
    monthly_budget_usd = 100
  }
}

run "a_prefix_in_capitals_is_refused" {
  command         = plan
  expect_failures = [var.prefix]

  variables {
    prefix = "Pixfleet"
  }
}

run "a_runbook_url_with_a_fragment_is_refused" {
  command         = plan
  expect_failures = [var.runbook_url]

  variables {
    runbook_url = "https://example.com/runbook.md#top"
  }
}
