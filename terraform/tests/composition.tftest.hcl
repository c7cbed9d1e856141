# The whole stack, applied with a mocked provider.
mock_provider "aws" {
  source = "./tests/mocks"
}

# Every other queue has the same mocked URL, which nothing here depends on.
override_resource {
  target = module.purge[0].aws_sqs_queue.this
  values = {
    id  = "https://sqs.eu-central-1.amazonaws.com/123456789012/acme-purge"
    url = "https://sqs.eu-central-1.amazonaws.com/123456789012/acme-purge"
  }
}

variables {
  prefix       = "acme"
  package_path = "recipes.tf" # any file: only its hash is used
}

run "the_whole_stack_is_applied" {
  assert {
    condition     = output.sources_bucket.name == "acme-sources-123456789012" && output.variants_bucket.name == "acme-variants-123456789012"
    error_message = "The buckets do not have the documented names."
  }

  assert {
    condition     = output.function.alias_name == "live" && length(output.event_source_mapping_ids) == 2
    error_message = "A lane does not reach the function."
  }

  assert {
    condition     = { for lane, queue in output.queues : lane => queue.name } == { bulk = "acme-bulk", live = "acme-live" }
    error_message = "The worker would read another lane name."
  }
}

run "the_worker_gets_its_required_settings" {
  assert {
    condition = output.worker_environment == tomap({
      PIXFLEET_DEAD_LETTER_QUEUE = "acme-dead-letter"
      PIXFLEET_FLEET             = "acme"
      PIXFLEET_LEDGER_TABLE      = "acme-ledger"
      PIXFLEET_MAX_RECEIVES      = "8"
      PIXFLEET_ON_DEMAND         = "true"
      PIXFLEET_PURGE_QUEUE       = "https://sqs.eu-central-1.amazonaws.com/123456789012/acme-purge"
      PIXFLEET_RECIPES           = "s3://acme-variants-123456789012/_recipes/${sha256(jsonencode(yamldecode(file("../recipes.yaml"))))}.json"
      PIXFLEET_SERVING_TABLE     = "acme-serving"
      PIXFLEET_SOURCES_BUCKET    = "acme-sources-123456789012"
      PIXFLEET_VARIANTS_BUCKET   = "acme-variants-123456789012"
    })
    error_message = "The worker's environment lacks a setting, or has an unset one."
  }
}

run "the_worker_gets_every_setting" {
  variables {
    delivery = { on_demand = { memory_mb = 1024 } }
    queues   = { max_receives = 6 }
    worker = {
      child_images         = 100
      child_memory_mb      = 1200
      completion_topic_arn = "arn:aws:sns:eu-central-1:123456789012:changes"
      max_bytes            = 52428800
      max_frames           = 100
      max_pixels           = 50000000
      render_seconds       = 90
    }
  }

  assert {
    condition = output.worker_environment == tomap({
      PIXFLEET_CHILD_IMAGES              = "100"
      PIXFLEET_CHILD_MEMORY_MB           = "1200"
      PIXFLEET_COMPLETION_TOPIC          = "arn:aws:sns:eu-central-1:123456789012:changes"
      PIXFLEET_DEAD_LETTER_QUEUE         = "acme-dead-letter"
      PIXFLEET_FLEET                     = "acme"
      PIXFLEET_LEDGER_TABLE              = "acme-ledger"
      PIXFLEET_MAX_BYTES                 = "52428800"
      PIXFLEET_MAX_FRAMES                = "100"
      PIXFLEET_MAX_PIXELS                = "50000000"
      PIXFLEET_MAX_RECEIVES              = "6"
      PIXFLEET_ON_DEMAND                 = "true"
      PIXFLEET_ON_DEMAND_CHILD_MEMORY_MB = "664"
      PIXFLEET_PURGE_QUEUE               = "https://sqs.eu-central-1.amazonaws.com/123456789012/acme-purge"
      PIXFLEET_RECIPES                   = "s3://acme-variants-123456789012/_recipes/${sha256(jsonencode(yamldecode(file("../recipes.yaml"))))}.json"
      PIXFLEET_RENDER_SECONDS            = "90"
      PIXFLEET_SERVING_TABLE             = "acme-serving"
      PIXFLEET_SOURCES_BUCKET            = "acme-sources-123456789012"
      PIXFLEET_VARIANTS_BUCKET           = "acme-variants-123456789012"
    })
    error_message = "The worker's environment lacks a setting."
  }
}

run "the_worker_publishes_to_the_topic_of_the_addresses" {
  variables {
    notifications = { subscriptions = { shop = { url = "https://shop.example.org/changes" } } }
  }

  assert {
    condition     = output.worker_environment["PIXFLEET_COMPLETION_TOPIC"] == "arn:aws:sns:eu-central-1:123456789012:acme-changes"
    error_message = "No address would get an event."
  }

  assert {
    condition     = anytrue([for each in data.aws_iam_policy_document.worker.statement : each.sid == "AnnounceChanges" && each.resources == toset([output.worker_environment["PIXFLEET_COMPLETION_TOPIC"]])])
    error_message = "The worker may not publish to the topic."
  }
}

run "the_recipes_are_where_the_worker_reads_them" {
  assert {
    condition     = "s3://${aws_s3_object.recipes.bucket}/${aws_s3_object.recipes.key}" == output.recipes && aws_s3_object.recipes.content == jsonencode(yamldecode(file("../recipes.yaml")))
    error_message = "The worker would start without recipes."
  }
}

run "the_renderer_is_the_workers_code_with_the_workers_settings" {
  assert {
    condition = output.stack.renderer == {
      function             = "acme-renderer"
      function_alias       = "live"
      log_group            = "/aws/lambda/acme-renderer"
      memory_mb            = 1769
      reserved_concurrency = 10
    }
    error_message = "The renderer is not as documented."
  }

  assert {
    condition     = local.renderer_environment == tomap(merge(output.worker_environment, { PIXFLEET_UNPUBLISHED_RENDERS = "5" }))
    error_message = "The renderer would render otherwise than the worker."
  }
}

run "half_of_the_renderers_are_left_to_what_is_published" {
  command = plan

  variables {
    delivery = { on_demand = { memory_mb = 3008, provisioned_concurrency = 2, reserved_concurrency = 3 } }
  }

  assert {
    condition     = local.renderer_environment["PIXFLEET_UNPUBLISHED_RENDERS"] == "1" && local.renderer_concurrency == 3 && local.renderer_memory_mb == 3008
    error_message = "The concurrency that was asked for is not used."
  }
}

run "the_renderer_redirects_to_no_url_where_all_are_signed" {
  command = plan

  variables {
    delivery = { signing_key_group_ids = ["group"] }
  }

  assert {
    condition     = local.renderer_environment["PIXFLEET_SIGNED_URLS"] == "true" && !can(local.worker_environment["PIXFLEET_SIGNED_URLS"])
    error_message = "A reader would be redirected to a 403."
  }
}

run "one_renderer_may_render_what_is_not_published" {
  command = plan

  variables {
    delivery = { on_demand = { reserved_concurrency = 1 } }
  }

  assert {
    condition     = local.renderer_environment["PIXFLEET_UNPUBLISHED_RENDERS"] == "1"
    error_message = "The worker refuses a setting of 0."
  }
}

run "an_account_with_a_small_quota_reserves_nothing_for_the_renderer" {
  command = plan

  variables {
    worker = { reserved_concurrency = -1 }
  }

  assert {
    condition     = local.renderer_concurrency == null && !can(local.renderer_environment["PIXFLEET_UNPUBLISHED_RENDERS"])
    error_message = "An account with a small quota could not apply this."
  }
}

run "without_on_demand_nothing_of_the_renderer_exists" {
  variables {
    delivery = { on_demand = { enabled = false }, purge = { enabled = false } }
  }

  assert {
    condition     = length(module.renderer) == 0 && output.renderer == null && output.stack.renderer == null && output.stack.serving_table == ""
    error_message = "The renderer or its table is left."
  }

  assert {
    condition     = toset([for name in keys(output.worker_environment) : name if contains(["PIXFLEET_ON_DEMAND", "PIXFLEET_SERVING_TABLE"], name)]) == toset([])
    error_message = "The worker would leave variants to a renderer that does not exist."
  }
}

run "keys_are_purged_with_a_budget" {
  command = plan

  variables {
    delivery = { purge = { monthly_paths = 5000 } }
  }

  assert {
    # Not the id of the mapping, which a plan does not know.
    condition = { for name, value in output.stack.purge : name => value if name != "mapping_id" } == {
      function       = "acme-purge"
      function_alias = "live"
      log_group      = "/aws/lambda/acme-purge"
      monthly_paths  = 5000
      queue          = "acme-purge"
    }
    error_message = "The command line would not find the purge queue."
  }
}

run "purging_needs_no_renderer" {
  variables {
    delivery = { on_demand = { enabled = false } }
  }

  assert {
    condition     = length(module.purge) == 1 && output.stack.purge.monthly_paths == 1000 && output.stack.serving_table == "acme-serving"
    error_message = "Paths could not be counted."
  }
}

run "without_purge_nothing_of_it_exists" {
  variables {
    delivery = { purge = { enabled = false } }
  }

  assert {
    condition     = length(module.purge) == 0 && output.purge == null && output.stack.purge == null && output.stack.serving_table == "acme-serving"
    error_message = "Something of the purge is left."
  }

  assert {
    condition     = !can(output.worker_environment["PIXFLEET_PURGE_QUEUE"])
    error_message = "The worker would send to a queue that does not exist."
  }
}

run "lanes_with_prefixes_get_events_from_eventbridge" {
  command = plan

  assert {
    condition     = output.trigger_mode == "eventbridge"
    error_message = "S3's filters cannot separate two lanes."
  }
}

run "live_alone_gets_events_from_the_bucket" {
  command = plan

  variables {
    lanes = { live = { maximum_concurrency = 20 } }
  }

  assert {
    condition     = output.trigger_mode == "notification"
    error_message = "Events go through EventBridge without need."
  }
}

run "the_notifications_of_an_existing_bucket_are_kept" {
  command = plan

  variables {
    lanes   = { live = { maximum_concurrency = 20 } }
    storage = { existing_sources_bucket = "photos" }
  }

  assert {
    condition     = output.trigger_mode == "eventbridge" && output.sources_bucket.name == "photos"
    error_message = "The notifications of an existing bucket would be deleted."
  }
}

run "the_notifications_of_a_named_bucket_are_replaced" {
  command = plan

  variables {
    lanes   = { live = { maximum_concurrency = 20 } }
    storage = { existing_sources_bucket = "photos" }
    trigger = { replace_notifications_of = "photos" }
  }

  assert {
    condition     = output.trigger_mode == "notification"
    error_message = "The notifications are not replaced although the bucket was named."
  }
}

run "the_edge_has_the_recipes_of_the_worker" {
  variables {
    recipes_path = "tests/one_rung.yaml"
  }

  assert {
    condition     = strcontains(aws_s3_object.recipes.content, "4321") && strcontains(module.delivery.function_code.request, "w4321")
    error_message = "The edge requests variants that the worker does not make."
  }
}

run "the_edge_can_choose_by_earlier_recipes_until_new_variants_are_made" {
  variables {
    delivery     = { recipes_path = "../recipes.yaml" }
    recipes_path = "tests/one_rung.yaml"
  }

  assert {
    condition     = strcontains(aws_s3_object.recipes.content, "4321")
    error_message = "The worker does not make the new rung."
  }

  assert {
    condition     = can(regex("w1920.*w4321", module.delivery.function_code.request))
    error_message = "The edge already chooses a rung that no old picture has, or refuses what new manifests name."
  }
}
