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
  lanes = {
    live = { maximum_concurrency = 50 }
    bulk = { maximum_concurrency = 20 }
  }
  queues = {
    bulk = { arn = "arn:aws:sqs:eu-central-1:123456789012:acme-bulk", url = "", name = "acme-bulk" }
    live = { arn = "arn:aws:sqs:eu-central-1:123456789012:acme-live", url = "", name = "acme-live" }
  }
}

run "every_change_of_our_bucket_goes_to_live" {
  command = plan

  assert {
    condition     = one(aws_s3_bucket_notification.this[0].queue).queue_arn == var.queues["live"].arn
    error_message = "Events do not go to the lane live."
  }

  assert {
    condition     = toset(one(aws_s3_bucket_notification.this[0].queue).events) == toset(["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:LifecycleExpiration:*"])
    error_message = "An event type is missing, or there are too many."
  }

  assert {
    condition     = one(aws_s3_bucket_notification.this[0].queue).filter_prefix == null && !aws_s3_bucket_notification.this[0].eventbridge && length(aws_cloudwatch_event_rule.lanes) == 0
    error_message = "Some keys have no events, or events are sent twice."
  }
}

run "a_batch_has_ten_messages_and_reports_each_failed_one" {
  command = plan

  assert {
    condition     = alltrue([for mapping in aws_lambda_event_source_mapping.lanes : mapping.batch_size == 10 && mapping.function_response_types == toset(["ReportBatchItemFailures"]) && length(mapping.filter_criteria) == 0])
    error_message = "One bad image would fail its whole batch, or a filter drops events."
  }

  assert {
    condition     = { for lane, mapping in aws_lambda_event_source_mapping.lanes : lane => mapping.scaling_config[0].maximum_concurrency } == { bulk = 20, live = 50 }
    error_message = "A lane has another concurrency than its own."
  }

  assert {
    condition     = alltrue([for lane, mapping in aws_lambda_event_source_mapping.lanes : mapping.function_name == var.function_alias_arns[lane]])
    error_message = "Events do not go to the alias."
  }
}

run "a_larger_lane_has_a_function_of_its_own_and_gets_one_message_at_a_time" {
  command = plan

  variables {
    function_alias_arns = {
      large = "arn:aws:lambda:eu-central-1:123456789012:function:acme-worker-large:live"
      live  = "arn:aws:lambda:eu-central-1:123456789012:function:acme-worker:live"
    }
    lanes = {
      large = { batch_size = 1, maximum_concurrency = 2 }
      live  = { maximum_concurrency = 50 }
    }
    queues = {
      large = { arn = "arn:aws:sqs:eu-central-1:123456789012:acme-large", url = "", name = "acme-large" }
      live  = { arn = "arn:aws:sqs:eu-central-1:123456789012:acme-live", url = "", name = "acme-live" }
    }
  }

  assert {
    condition     = { for lane, mapping in aws_lambda_event_source_mapping.lanes : lane => [mapping.function_name, mapping.batch_size] } == { large = [var.function_alias_arns["large"], 1], live = [var.function_alias_arns["live"], 10] }
    error_message = "A lane's messages go to another lane's function, or giants share a batch."
  }
}

run "a_bucket_in_use_keeps_its_notifications" {
  command = plan

  variables {
    mode           = "eventbridge"
    sources_bucket = { name = "photos", arn = "arn:aws:s3:::photos", is_ours = false }
  }

  assert {
    condition     = length(aws_s3_bucket_notification.this) == 0
    error_message = "The notifications of an existing bucket would be deleted."
  }

  assert {
    condition     = keys(aws_cloudwatch_event_rule.lanes) == ["live"] && aws_cloudwatch_event_target.lanes["live"].arn == var.queues["live"].arn
    error_message = "Its events do not go to live."
  }
}

run "the_notifications_of_a_named_bucket_are_replaced" {
  command = plan

  variables {
    sources_bucket           = { name = "photos", arn = "arn:aws:s3:::photos", is_ours = false }
    replace_notifications_of = "photos"
  }

  assert {
    condition     = aws_s3_bucket_notification.this[0].bucket == "photos"
    error_message = "The notifications are not replaced although the bucket was named."
  }
}

run "our_bucket_sends_events_to_eventbridge_if_lanes_have_prefixes" {
  command = plan

  variables {
    mode = "eventbridge"
    lanes = {
      live = { maximum_concurrency = 50 }
      bulk = { maximum_concurrency = 20, prefixes = ["import/", "bulk/"] }
    }
  }

  assert {
    condition     = aws_s3_bucket_notification.this[0].eventbridge && length(aws_s3_bucket_notification.this[0].queue) == 0
    error_message = "Events are sent twice, or not at all."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.lanes["bulk"].event_pattern).detail == { bucket = { name = ["photos"] }, object = { key = [{ prefix = "bulk/" }, { prefix = "import/" }] } }
    error_message = "The lane bulk does not get exactly its prefixes."
  }

  assert {
    condition = alltrue([for target in aws_cloudwatch_event_target.lanes : (
      one(target.dead_letter_config).arn == var.dead_letter_queue_arn
      && one(target.retry_policy).maximum_event_age_in_seconds == 86400
      && one(target.retry_policy).maximum_retry_attempts == 185
    )])
    error_message = "EventBridge drops what it cannot deliver."
  }

  assert {
    condition     = output.rule_names == { bulk = "acme-bulk", live = "acme-live" }
    error_message = "The alarms would watch other rules."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.lanes["live"].event_pattern).detail == { bucket = { name = ["photos"] }, object = { key = [{ "anything-but" = { prefix = ["bulk/", "import/"] } }] } }
    error_message = "The lane live does not get exactly the rest."
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.lanes["live"].event_pattern)["detail-type"] == ["Object Created", "Object Deleted"]
    error_message = "An event type is missing, or there are too many."
  }
}

run "without_prefixes_live_gets_every_key" {
  command = plan

  variables {
    mode = "eventbridge"
  }

  assert {
    condition     = jsondecode(aws_cloudwatch_event_rule.lanes["live"].event_pattern).detail == { bucket = { name = ["photos"] } }
    error_message = "The lane live is filtered."
  }
}
