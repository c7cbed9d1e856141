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

# With a visibility timeout of 1,800 s, 192 receives take exactly four days.
variables {
  prefix                   = "photos"
  function_timeout_seconds = 300
  sources_bucket_arn       = "arn:aws:s3:::photos-sources-123456789012"
}

run "values_that_aws_refuses_are_refused" {
  command = plan

  variables {
    batch_window_seconds     = 600
    function_timeout_seconds = 901
    kms_key_arn              = "alias/aws/sqs"
    prefix                   = "2photos"
    retention_days           = 14
    senders                  = "sns"
    sources_bucket_arn       = "photos-sources"
  }

  expect_failures = [
    var.batch_window_seconds,
    var.function_timeout_seconds,
    var.kms_key_arn,
    var.prefix,
    var.retention_days,
    var.senders,
    var.sources_bucket_arn,
  ]
}

run "dead_letters_kept_for_a_month_and_four_receives_are_refused" {
  command = plan

  variables {
    dead_letter_retention_days = 30
    max_receives               = 4
  }

  expect_failures = [
    var.dead_letter_retention_days,
    var.max_receives,
  ]
}

run "dead_letters_that_expire_with_their_lane_and_receives_that_do_not_fit_are_refused" {
  command = plan

  variables {
    dead_letter_retention_days = 4
    max_receives               = 192
    retention_days             = 4
  }

  expect_failures = [
    var.dead_letter_retention_days,
    var.max_receives,
  ]
}

run "lanes_without_live_are_refused" {
  command = plan

  variables {
    lanes = {
      bulk = { maximum_concurrency = 20, prefixes = ["bulk/"] }
    }
  }

  expect_failures = [var.lanes]
}

run "prefixes_for_live_are_refused" {
  command = plan

  variables {
    lanes = {
      live = { maximum_concurrency = 50, prefixes = ["now/"] }
    }
  }

  expect_failures = [var.lanes]
}

run "a_lane_without_prefixes_is_refused" {
  command = plan

  variables {
    lanes = {
      live = { maximum_concurrency = 50 }
      bulk = { maximum_concurrency = 20 }
    }
  }

  expect_failures = [var.lanes]
}

run "a_lane_named_with_a_dash_is_refused" {
  command = plan

  variables {
    lanes = {
      live     = { maximum_concurrency = 50 }
      bulk-two = { maximum_concurrency = 20, prefixes = ["bulk/"] }
    }
  }

  expect_failures = [var.lanes]
}

run "a_lane_named_like_the_dead_letter_queue_is_refused" {
  command = plan

  variables {
    lanes = {
      live   = { maximum_concurrency = 50 }
      letter = { maximum_concurrency = 20, prefixes = ["letters/"] }
    }
  }

  expect_failures = [var.lanes]
}

run "an_eleventh_lane_is_refused" {
  command = plan

  variables {
    lanes = merge(
      { live = { maximum_concurrency = 50 } },
      { for name in split("", "abcdefghij") : name => { maximum_concurrency = 2, prefixes = ["${name}/"] } },
    )
  }

  expect_failures = [var.lanes]
}

run "a_concurrency_of_one_is_refused" {
  command = plan

  variables {
    lanes = {
      live = { maximum_concurrency = 1 }
    }
  }

  expect_failures = [var.lanes]
}

run "a_wildcard_in_a_prefix_is_refused" {
  command = plan

  variables {
    lanes = {
      live = { maximum_concurrency = 50 }
      bulk = { maximum_concurrency = 20, prefixes = ["bulk/*"] }
    }
  }

  expect_failures = [var.lanes]
}

run "a_prefix_within_another_lanes_prefix_is_refused" {
  command = plan

  variables {
    lanes = {
      live = { maximum_concurrency = 50 }
      bulk = { maximum_concurrency = 20, prefixes = ["in/"] }
      slow = { maximum_concurrency = 5, prefixes = ["in/slow/"] }
    }
  }

  expect_failures = [var.lanes]
}

run "a_prefix_named_twice_is_refused" {
  command = plan

  variables {
    lanes = {
      live = { maximum_concurrency = 50 }
      bulk = { maximum_concurrency = 20, prefixes = ["in/", "in/"] }
    }
  }

  expect_failures = [var.lanes]
}

run "receives_of_the_slowest_lane_that_do_not_fit_are_refused" {
  command = plan

  variables {
    lanes = {
      large = { function_timeout_seconds = 900, maximum_concurrency = 2 }
      live  = { larger = "large", maximum_concurrency = 50 }
    }
    max_receives = 64
  }

  expect_failures = [var.max_receives]
}
