# The stack with the API, applied with a mocked provider.
mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  prefix       = "acme"
  package_path = "recipes.tf" # any file: only its hash is used
  api          = { jwt = { audiences = ["uploader"], issuer = "https://id.example.org" } }
}

run "the_api_is_found_by_its_address" {
  assert {
    condition = output.stack.api == {
      access_log_group = "/aws/vendedlogs/acme-api"
      function         = "acme-api"
      id               = "a1b2c3d4e5"
      log_group        = "/aws/lambda/acme-api"
      url              = "https://a1b2c3d4e5.execute-api.eu-central-1.amazonaws.com"
    }
    error_message = "Got ${jsonencode(output.stack.api)}."
  }

  assert {
    condition     = output.api.url == output.stack.api.url && output.stack.serving_table == "acme-serving"
    error_message = "The address or the table of receipts is missing."
  }
}

run "more_requests_than_an_account_takes_are_warned_of" {
  command = plan

  variables {
    api = { jwt = { audiences = ["uploader"], issuer = "https://id.example.org" }, throttling = { burst = 100, rate = 20000 } }
  }

  expect_failures = [check.api_rates]
}

run "uploads_are_aborted_after_the_day_for_which_they_can_be_resumed" {
  command = plan

  assert {
    condition     = local.abort_uploads_after_days == 1
    error_message = "Parts of uploads that nobody can resume would be billed for a week."
  }
}

run "another_number_of_days_can_be_asked_for" {
  command = plan

  variables {
    storage = { abort_uploads_after_days = 3 }
  }

  assert {
    condition     = local.abort_uploads_after_days == 3
    error_message = "What was asked for is overridden."
  }
}

run "without_an_api_nothing_of_it_exists" {
  variables {
    api      = null
    delivery = { on_demand = { enabled = false }, purge = { enabled = false } }
  }

  assert {
    condition     = length(module.api) == 0 && output.api == null && output.stack.api == null && output.stack.serving_table == ""
    error_message = "Something of the API is left."
  }
}

run "the_api_needs_neither_renderer_nor_purges" {
  variables {
    delivery = { on_demand = { enabled = false }, purge = { enabled = false } }
  }

  assert {
    condition     = output.stack.serving_table == "acme-serving" && length(module.api) == 1
    error_message = "There is no table for receipts."
  }
}

run "an_account_with_a_small_quota_reserves_nothing_for_the_api" {
  command = plan

  variables {
    worker = { reserved_concurrency = -1 }
  }

  assert {
    condition     = local.api_concurrency == null
    error_message = "An account with a small quota could not apply this."
  }
}

run "pages_that_may_call_the_api_may_upload_to_the_bucket" {
  command = plan

  variables {
    api = {
      cors = { origins = ["https://example.org", "https://www.example.org"] }
      jwt  = { audiences = ["uploader"], issuer = "https://id.example.org" }
    }
    storage = { cors_origins = ["https://example.org"] }
  }

  assert {
    condition     = local.sources_cors_origins == tolist(["https://example.org", "https://www.example.org"])
    error_message = "A page would get a signed upload that its browser does not send."
  }
}

run "all_origins_and_an_existing_bucket_leave_the_buckets_rules_alone" {
  command = plan

  variables {
    api = {
      cors = { origins = ["*"] }
      jwt  = { audiences = ["uploader"], issuer = "https://id.example.org" }
    }
    storage = { existing_sources_bucket = "photos" }
  }

  assert {
    condition     = local.sources_cors_origins == null
    error_message = "The plan would be refused, or the rules of an existing bucket changed."
  }
}
