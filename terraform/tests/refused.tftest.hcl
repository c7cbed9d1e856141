mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  prefix       = "acme"
  package_path = "recipes.tf" # any file: only its hash is used
}

run "the_first_bad_value_of_each_variable_is_refused" {
  command = plan

  variables {
    # A file without recipes for the edge.
    delivery = { recipes_path = "versions.tf" }

    # The alias of a key.
    kms_key_arn = "alias/acme"

    # Lanes without live.
    lanes = { bulk = { maximum_concurrency = 20, prefixes = ["bulk/"] } }

    # A prefix that S3 reserves.
    prefix = "sthree"

    # A missing recipes file.
    recipes_path = "no.yaml"

    # A sources key without an existing bucket.
    storage = { existing_sources_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/abc" }

    # A FIFO topic.
    worker = { completion_topic_arn = "arn:aws:sns:eu-central-1:123456789012:changes.fifo" }
  }

  expect_failures = [
    var.delivery,
    var.kms_key_arn,
    var.lanes,
    var.prefix,
    var.recipes_path,
    var.storage,
    var.worker,
  ]
}

run "the_second_bad_value_of_each_variable_is_refused" {
  command = plan

  variables {
    # A prefix with capitals.
    prefix = "Acme"

    # A file without recipes.
    recipes_path = "versions.tf"

    # The alias of the sources key.
    storage = { existing_sources_bucket = "photos", existing_sources_kms_key_arn = "alias/photos" }

    # A child with little memory.
    worker = { child_memory_mb = 255, max_bytes = 1 }
  }

  expect_failures = [
    var.prefix,
    var.recipes_path,
    var.storage,
    var.worker,
  ]
}

run "a_child_with_a_fraction_of_memory_is_refused" {
  command = plan

  variables {
    worker = { child_memory_mb = 1000.5 }
  }

  expect_failures = [var.worker]
}

run "a_limit_of_zero_bytes_is_refused" {
  command = plan

  variables {
    worker = { max_bytes = 0 }
  }

  expect_failures = [var.worker]
}

run "a_limit_of_zero_frames_is_refused" {
  command = plan

  variables {
    worker = { max_frames = 0 }
  }

  expect_failures = [var.worker]
}

run "more_frames_than_the_maximum_are_refused" {
  command = plan

  variables {
    worker = { max_frames = 5001 }
  }

  expect_failures = [var.worker]
}

run "a_limit_of_zero_pixels_is_refused" {
  command = plan

  variables {
    worker = { max_pixels = 0 }
  }

  expect_failures = [var.worker]
}

run "children_for_no_image_are_refused" {
  command = plan

  variables {
    worker = { child_images = 0 }
  }

  expect_failures = [var.worker]
}

run "a_limit_of_zero_render_seconds_is_refused" {
  command = plan

  variables {
    worker = { render_seconds = 0 }
  }

  expect_failures = [var.worker]
}

run "keys_and_a_topic_of_another_region_are_refused" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/abc"
    storage = {
      existing_sources_bucket      = "photos"
      existing_sources_kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/abc"
    }
    worker = { completion_topic_arn = "arn:aws:sns:eu-west-1:123456789012:changes" }
  }

  expect_failures = [var.kms_key_arn, var.storage, var.worker]
}

run "two_topics_of_completion_events_are_refused" {
  command = plan

  variables {
    notifications = {}
    worker        = { completion_topic_arn = "arn:aws:sns:eu-central-1:123456789012:changes" }
  }

  expect_failures = [var.worker]
}

run "less_reserved_concurrency_than_the_lanes_need_is_refused" {
  command = plan

  variables {
    worker = { reserved_concurrency = 69 }
  }

  expect_failures = [terraform_data.rules]
}

run "less_memory_than_one_image_may_need_is_refused" {
  command = plan

  variables {
    worker = { memory_mb = 1509 }
  }

  expect_failures = [terraform_data.rules]
}

run "less_memory_than_two_images_may_need_is_refused" {
  command = plan

  variables {
    worker = { memory_mb = 3538, child_memory_mb = 1500 }
  }

  expect_failures = [terraform_data.rules]
}

run "less_memory_than_the_renderer_may_need_is_refused" {
  command = plan

  variables {
    delivery = { on_demand = { memory_mb = 765 } }
  }

  expect_failures = [terraform_data.rules]
}

run "a_renderer_that_does_not_exist_needs_no_memory" {
  command = plan

  variables {
    delivery = { on_demand = { enabled = false, memory_mb = 128 } }
  }

  assert {
    condition     = !local.has_renderer
    error_message = "There is a renderer."
  }
}

run "sources_too_large_for_a_child_are_refused" {
  command = plan

  variables {
    worker = { max_bytes = 419430401, memory_mb = 3000 }
  }

  expect_failures = [terraform_data.rules]
}

run "a_timeout_shorter_than_a_render_is_refused" {
  command = plan

  variables {
    worker = { timeout_seconds = 149, render_seconds = 90 }
  }

  expect_failures = [terraform_data.rules]
}

run "minus_one_reserves_no_concurrency" {
  command = plan

  variables {
    worker = { reserved_concurrency = -1 }
  }

  assert {
    condition     = local.asked_concurrency == -1
    error_message = "An account with a small quota could not apply this."
  }
}

run "the_least_sufficient_memory_is_accepted" {
  command = plan

  variables {
    worker = { memory_mb = 1510 }
  }

  assert {
    condition     = local.children == 1 && local.needed_memory_mb == 1510
    error_message = "The figures in the message differ from the enforced ones."
  }
}
