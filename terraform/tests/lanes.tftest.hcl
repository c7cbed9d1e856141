# Lanes by size: what is derived of them, and what is refused.
mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  prefix       = "acme"
  package_path = "recipes.tf" # any file: only its hash is used
}

run "a_lane_of_its_own_size_has_a_function_with_all_that_follows_from_it" {
  variables {
    lanes = {
      bulk  = { larger = "large", maximum_concurrency = 20, prefixes = ["bulk/"] }
      large = { max_pixels = 1000000000, maximum_concurrency = 2, memory_mb = 8192, timeout_seconds = 900 }
      live  = { larger = "large", maximum_concurrency = 50 }
    }
  }

  assert {
    condition     = module.sized_worker["large"].function.name == "acme-worker-large" && length(module.sized_worker) == 1
    error_message = "Each size must have one function, named after its first lane."
  }

  assert {
    condition = output.stack.sizes == {
      large = {
        environment = {
          PIXFLEET_CHILD_MEMORY_MB           = "7682"
          PIXFLEET_MAX_PIXELS                = "1000000000"
          PIXFLEET_ON_DEMAND_CHILD_MEMORY_MB = "1000"
          PIXFLEET_RENDER_CHILDREN           = "1"
          PIXFLEET_RENDER_SECONDS            = "840"
        }
        function        = "acme-worker-large"
        function_alias  = "live"
        log_group       = "/aws/lambda/acme-worker-large"
        memory_mb       = 8192
        timeout_seconds = 900
      }
    }
    error_message = "Got ${jsonencode(output.stack.sizes)}."
  }

  assert {
    condition     = { for lane, each in output.stack.lanes : lane => [each.larger, each.size, tostring(each.batch_size)] } == { bulk = ["large", "", "10"], large = ["", "large", "1"], live = ["large", "", "10"] }
    error_message = "Got ${jsonencode(output.stack.lanes)}."
  }

  assert {
    condition     = output.worker_environment["PIXFLEET_LARGER_LANES"] == "bulk=acme-large,live=acme-large"
    error_message = "The worker would reject what the larger lane can render."
  }

  assert {
    condition     = output.trigger_mode == "eventbridge" && length(output.event_source_mapping_ids) == 3
    error_message = "A lane does not reach its function."
  }

  assert {
    condition     = alltrue([for action in ["logs:FilterLogEvents", "lambda:GetFunctionConfiguration"] : anytrue([for each in data.aws_iam_policy_document.on_call_reader.statement : contains(each.actions, action) && anytrue([for resource in each.resources : endswith(resource, "acme-worker-large:*")])])])
    error_message = "An operator may not read the log of a lane's function, or the doctor its size."
  }

  assert {
    condition     = contains(keys(module.alarms.alarm_names), "crashes") && contains(keys(module.alarms.alarm_names), "crashes-large")
    error_message = "A function has no alarm."
  }
}

run "lanes_of_one_size_share_a_function" {
  variables {
    lanes = {
      archive = { maximum_concurrency = 3, memory_mb = 8192, prefixes = ["archive/"], timeout_seconds = 900 }
      large   = { maximum_concurrency = 2, memory_mb = 8192, timeout_seconds = 900 }
      live    = { larger = "large", maximum_concurrency = 50 }
    }
  }

  assert {
    condition     = keys(output.stack.sizes) == ["archive"] && output.stack.lanes["large"].size == "archive"
    error_message = "Got ${jsonencode(output.stack.sizes)}."
  }
}

run "without_lanes_of_other_sizes_there_is_one_function" {
  command = plan

  assert {
    condition     = length(module.sized_worker) == 0
    error_message = "Accounts that may not have more memory could not apply the stack."
  }
}

run "a_circle_of_lanes_is_refused" {
  command = plan

  variables {
    lanes = {
      huge  = { larger = "large", maximum_concurrency = 2, memory_mb = 10240, timeout_seconds = 900 }
      large = { larger = "huge", maximum_concurrency = 2, memory_mb = 8192, timeout_seconds = 900 }
      live  = { larger = "large", maximum_concurrency = 50 }
    }
  }

  expect_failures = [terraform_data.rules]
}

run "a_lane_that_is_its_own_larger_lane_is_refused" {
  command = plan

  variables {
    lanes = { live = { larger = "live", maximum_concurrency = 50 } }
  }

  expect_failures = [terraform_data.rules]
}

run "an_unknown_larger_lane_is_refused" {
  command = plan

  variables {
    lanes = { live = { larger = "large", maximum_concurrency = 50 } }
  }

  expect_failures = [terraform_data.rules]
}

run "a_larger_lane_of_the_same_size_is_refused" {
  command = plan

  variables {
    lanes = {
      bulk = { maximum_concurrency = 20, prefixes = ["bulk/"] }
      live = { larger = "bulk", maximum_concurrency = 50 }
    }
  }

  expect_failures = [terraform_data.rules]
}

run "a_larger_lane_with_less_time_is_refused" {
  command = plan

  variables {
    lanes = {
      large = { maximum_concurrency = 2, memory_mb = 8192, timeout_seconds = 299 }
      live  = { larger = "large", maximum_concurrency = 50 }
    }
  }

  expect_failures = [terraform_data.rules]
}

run "a_larger_lane_with_fewer_pixels_is_refused" {
  command = plan

  variables {
    lanes = {
      large = { max_pixels = 1000000, maximum_concurrency = 2, memory_mb = 8192 }
      live  = { larger = "large", maximum_concurrency = 50 }
    }
  }

  expect_failures = [terraform_data.rules]
}

run "a_lane_without_memory_for_a_source_is_refused" {
  command = plan

  variables {
    lanes = {
      live = { maximum_concurrency = 50 }
      tiny = { maximum_concurrency = 2, memory_mb = 512, prefixes = ["tiny/"] }
    }
  }

  expect_failures = [terraform_data.rules]
}

run "a_lane_with_less_time_than_a_render_is_refused" {
  command = plan

  variables {
    lanes = {
      fast = { maximum_concurrency = 2, prefixes = ["fast/"], timeout_seconds = 100 }
      live = { maximum_concurrency = 50 }
    }
  }

  expect_failures = [terraform_data.rules]
}

run "a_fraction_of_a_pixel_is_refused" {
  command = plan

  variables {
    lanes = { live = { max_pixels = 0.5, maximum_concurrency = 50 } }
  }

  expect_failures = [var.lanes]
}

run "more_workers_than_a_new_bucket_takes_are_warned_of" {
  command = plan

  variables {
    lanes = {
      bulk = { maximum_concurrency = 551, prefixes = ["bulk/"] }
      live = { maximum_concurrency = 50 }
    }
  }

  expect_failures = [check.new_bucket]
}
