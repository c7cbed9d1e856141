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
      id = "eu-west-1"
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

run "the_first_bad_value_of_each_variable_is_refused" {
  command = plan

  variables {
    # A target of one second.
    complete_seconds_p95 = 1

    # An ARN in place of the dead-letter queue's name.
    dead_letter_queue_name = "arn:aws:sqs:eu-west-1:123456789012:pixfleet-dead-letter"

    # A domain name in place of the distribution's id.
    distribution_id = "d111111abcdef8.cloudfront.net"

    # Two email addresses in one string.
    email = "one@example.com, two@example.com"

    # An unknown processor.
    function_architecture = "riscv64"

    # More memory than Lambda allows.
    function_memory_mb = 10241

    # An ARN in place of the function's name.
    function_name = "arn:aws:lambda:eu-west-1:123456789012:function:pixfleet-worker"

    # A timeout over Lambda's maximum.
    function_timeout_seconds = 901

    # The AWS managed key of SNS.
    kms_key_arn = "alias/aws/sns"

    # Lanes without live.
    lanes = { bulk = { queue_name = "pixfleet-bulk" } }

    # An ARN in place of the log group's name.
    log_group_name = "arn:aws:logs:eu-west-1:123456789012:log-group:/aws/lambda/pixfleet-worker"

    # A prefix in capitals.
    prefix = "Pixfleet"

    # An ARN in place of the purge function's name.
    purge = {
      function_name  = "arn:aws:lambda:eu-west-1:123456789012:function:pixfleet-purge"
      log_group_name = "/aws/lambda/pixfleet-purge"
    }

    # An ARN in place of the renderer's name.
    renderer = {
      function_name  = "arn:aws:lambda:eu-west-1:123456789012:function:pixfleet-renderer"
      log_group_name = "/aws/lambda/pixfleet-renderer"
      memory_mb      = 1769
    }

    # A renderer that may cost nothing.
    renderer_daily_usd = 0

    # Readers who may ask for nothing first.
    renders_per_minute = 0

    # A runbook URL with a fragment.
    runbook_url = "https://example.com/runbook.md#top"

    # An ARN in place of the function's name.
    sizes = {
      large = {
        function_name   = "arn:aws:lambda:eu-west-1:123456789012:function:pixfleet-worker-large"
        log_group_name  = "/aws/lambda/pixfleet-worker-large"
        memory_mb       = 8192
        timeout_seconds = 900
      }
    }
  }

  expect_failures = [
    var.complete_seconds_p95,
    var.dead_letter_queue_name,
    var.distribution_id,
    var.email,
    var.function_architecture,
    var.function_memory_mb,
    var.function_name,
    var.function_timeout_seconds,
    var.kms_key_arn,
    var.lanes,
    var.log_group_name,
    var.prefix,
    var.purge,
    var.renderer,
    var.renderer_daily_usd,
    var.renders_per_minute,
    var.runbook_url,
    var.sizes,
  ]
}

run "a_size_with_a_timeout_over_lambdas_maximum_is_refused" {
  command = plan

  variables {
    sizes = {
      large = {
        function_name   = "pixfleet-worker-large"
        log_group_name  = "/aws/lambda/pixfleet-worker-large"
        memory_mb       = 8192
        timeout_seconds = 901
      }
    }
  }

  expect_failures = [var.sizes]
}

run "the_second_bad_value_of_each_variable_is_refused" {
  command = plan

  variables {
    # Eleven lanes.
    lanes = { for name in ["live", "a", "b", "c", "d", "e", "f", "g", "h", "i", "j"] : name => { queue_name = "pixfleet-${name}" } }

    # A budget of zero.
    email              = "ops@example.com"
    monthly_budget_usd = 0
  }

  expect_failures = [
    var.lanes,
    var.monthly_budget_usd,
  ]
}

run "the_third_bad_value_of_each_variable_is_refused" {
  command = plan

  variables {
    # A lane in capitals.
    lanes = {
      live = { queue_name = "pixfleet-live" }
      BULK = { queue_name = "pixfleet-BULK" }
    }

    # A budget without an address.
    monthly_budget_usd = 100
  }

  expect_failures = [
    var.lanes,
    var.monthly_budget_usd,
  ]
}

run "a_queue_that_does_not_end_in_its_lane_is_refused" {
  command = plan

  variables {
    lanes = { live = { queue_name = "pixfleet-fast" } }
  }

  expect_failures = [var.lanes]
}

run "a_target_over_the_longest_retention_of_sqs_is_refused" {
  command = plan

  variables {
    lanes = { live = { queue_name = "pixfleet-live", complete_seconds_p95 = 1209601 } }
  }

  expect_failures = [var.lanes]
}
