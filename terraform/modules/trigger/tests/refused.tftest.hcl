mock_provider "aws" {}

variables {
  prefix                = "acme"
  dead_letter_queue_arn = "arn:aws:sqs:eu-central-1:123456789012:acme-dead-letter"
  function_alias_arns = {
    bulk     = "arn:aws:lambda:eu-central-1:123456789012:function:acme-worker:live"
    bulk-two = "arn:aws:lambda:eu-central-1:123456789012:function:acme-worker:live"
    live     = "arn:aws:lambda:eu-central-1:123456789012:function:acme-worker:live"
    other    = "arn:aws:lambda:eu-central-1:123456789012:function:acme-worker:live"
  }
  sources_bucket = { name = "photos", arn = "arn:aws:s3:::photos", is_ours = true }
  lanes          = { live = { maximum_concurrency = 50 } }
  queues = {
    bulk = { arn = "arn:aws:sqs:eu-central-1:123456789012:acme-bulk", url = "", name = "acme-bulk" }
    live = { arn = "arn:aws:sqs:eu-central-1:123456789012:acme-live", url = "", name = "acme-live" }
  }
}

run "the_first_bad_value_of_each_variable_is_refused" {
  command = plan

  variables {
    # A batch window over Lambda's maximum.
    batch_window_seconds = 301

    # A FIFO queue for dead letters.
    dead_letter_queue_arn = "arn:aws:sqs:eu-central-1:123456789012:acme-dead-letter.fifo"

    # A function without its alias.
    function_alias_arns = {
      bulk = "arn:aws:lambda:eu-central-1:123456789012:function:acme-worker"
    }

    # Lanes without live.
    lanes = { bulk = { maximum_concurrency = 20 } }

    # A prefix with capitals.
    prefix = "Acme"

    # Permission for another bucket.
    replace_notifications_of = "pictures"
  }

  expect_failures = [
    var.batch_window_seconds,
    var.dead_letter_queue_arn,
    var.function_alias_arns,
    var.lanes,
    var.prefix,
    var.replace_notifications_of,
  ]
}

run "the_second_bad_value_of_each_variable_is_refused" {
  command = plan

  variables {
    # A lane named with a dash.
    lanes  = { live = { maximum_concurrency = 50 }, bulk-two = { maximum_concurrency = 20 } }
    queues = { live = { arn = "a", url = "", name = "" }, bulk-two = { arn = "b", url = "", name = "" } }

    # Replacing a bucket's notifications without its name.
    sources_bucket = { name = "photos", arn = "arn:aws:s3:::photos", is_ours = false }
  }

  expect_failures = [
    var.lanes,
    var.replace_notifications_of,
  ]
}

run "a_concurrency_of_one_is_refused" {
  command = plan

  variables {
    lanes = { live = { maximum_concurrency = 50 }, bulk = { maximum_concurrency = 1 } }
  }

  expect_failures = [var.lanes]
}

run "a_concurrency_over_a_thousand_is_refused" {
  command = plan

  variables {
    lanes = { live = { maximum_concurrency = 50 }, bulk = { maximum_concurrency = 1001 } }
  }

  expect_failures = [var.lanes]
}

run "prefixes_for_live_are_refused" {
  command = plan

  variables {
    lanes = { live = { maximum_concurrency = 20, prefixes = ["a/"] } }
    mode  = "eventbridge"
  }

  expect_failures = [var.lanes]
}

run "a_wildcard_in_a_prefix_is_refused" {
  command = plan

  variables {
    lanes = { live = { maximum_concurrency = 50 }, bulk = { maximum_concurrency = 20, prefixes = ["bulk*"] } }
    mode  = "eventbridge"
  }

  expect_failures = [var.lanes]
}

run "a_prefix_that_begins_with_a_slash_is_refused" {
  command = plan

  variables {
    lanes = { live = { maximum_concurrency = 50 }, bulk = { maximum_concurrency = 20, prefixes = ["/bulk/"] } }
    mode  = "eventbridge"
  }

  expect_failures = [var.lanes]
}

run "an_empty_prefix_is_refused" {
  command = plan

  variables {
    lanes = { live = { maximum_concurrency = 50 }, bulk = { maximum_concurrency = 20, prefixes = [""] } }
    mode  = "eventbridge"
  }

  expect_failures = [var.lanes]
}

run "overlapping_prefixes_of_two_lanes_are_refused" {
  command = plan

  variables {
    lanes  = { live = { maximum_concurrency = 50 }, bulk = { maximum_concurrency = 20, prefixes = ["bulk/"] }, slow = { maximum_concurrency = 20, prefixes = ["bulk/slow/"] } }
    queues = { live = { arn = "a", url = "", name = "" }, bulk = { arn = "b", url = "", name = "" }, slow = { arn = "c", url = "", name = "" } }
    mode   = "eventbridge"
  }

  expect_failures = [var.lanes]
}

run "the_same_prefix_twice_is_refused" {
  command = plan

  variables {
    lanes = { live = { maximum_concurrency = 50 }, bulk = { maximum_concurrency = 20, prefixes = ["bulk/", "bulk/"] } }
    mode  = "eventbridge"
  }

  expect_failures = [var.lanes]
}

run "prefixes_without_eventbridge_are_refused" {
  command = plan

  variables {
    lanes = { live = { maximum_concurrency = 50 }, bulk = { maximum_concurrency = 20, prefixes = ["bulk/"] } }
  }

  expect_failures = [var.lanes]
}

run "an_unknown_mode_is_refused" {
  command = plan

  variables {
    mode = "poll"
  }

  expect_failures = [var.mode]
}

run "a_lane_without_a_queue_is_refused" {
  command = plan

  variables {
    lanes = { live = { maximum_concurrency = 50 }, slow = { maximum_concurrency = 20 } }
  }

  expect_failures = [var.queues]
}

run "more_prefixes_than_a_pattern_can_hold_are_refused" {
  command = plan

  variables {
    mode = "eventbridge"
    lanes = {
      live = { maximum_concurrency = 50 }
      bulk = { maximum_concurrency = 20, prefixes = [for number in range(100, 300) : "batch-${number}/"] }
    }
  }

  expect_failures = [aws_cloudwatch_event_rule.lanes]
}
