mock_provider "aws" {
  source = "./tests/mocks"
}

variables {
  prefix       = "acme"
  package_path = "recipes.tf" # any file: only its hash is used
}

run "the_alias_of_a_key_is_refused" {
  command = plan

  variables {
    kms_key_arn = "alias/acme"
  }

  expect_failures = [var.kms_key_arn]
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

run "a_prefix_that_s3_reserves_is_refused" {
  command = plan

  variables {
    prefix = "sthree"
  }

  expect_failures = [var.prefix]
}

run "lanes_without_live_are_refused" {
  command = plan

  variables {
    lanes = { bulk = { maximum_concurrency = 20, prefixes = ["bulk/"] } }
  }

  expect_failures = [var.lanes]
}

run "a_prefix_with_capitals_is_refused" {
  command = plan

  variables {
    prefix = "Acme"
  }

  expect_failures = [var.prefix]
}

run "a_missing_recipes_file_is_refused" {
  command = plan

  variables {
    recipes_path = "no.yaml"
  }

  expect_failures = [var.recipes_path]
}

run "a_file_without_recipes_is_refused_for_the_edge" {
  command = plan

  variables {
    delivery = { recipes_path = "versions.tf" }
  }

  expect_failures = [var.delivery]
}

run "a_file_without_recipes_is_refused" {
  command = plan

  variables {
    recipes_path = "versions.tf"
  }

  expect_failures = [var.recipes_path]
}

run "a_sources_key_without_an_existing_bucket_is_refused" {
  command = plan

  variables {
    storage = { existing_sources_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/abc" }
  }

  expect_failures = [var.storage]
}

run "the_alias_of_the_sources_key_is_refused" {
  command = plan

  variables {
    storage = { existing_sources_bucket = "photos", existing_sources_kms_key_arn = "alias/photos" }
  }

  expect_failures = [var.storage]
}

run "a_fifo_topic_is_refused" {
  command = plan

  variables {
    worker = { completion_topic_arn = "arn:aws:sns:eu-central-1:123456789012:changes.fifo" }
  }

  expect_failures = [var.worker]
}

run "a_child_with_little_memory_is_refused" {
  command = plan

  variables {
    worker = { child_memory_mb = 255, max_bytes = 1 }
  }

  expect_failures = [var.worker]
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
