locals {
  other_prefixes = sort(flatten([for lane, settings in var.lanes : settings.prefixes if lane != "live"]))
  # The keys of each lane; live has all keys that no other lane has.
  wanted_keys = merge(
    { live = [for prefixes in [local.other_prefixes] : { "anything-but" = { prefix = prefixes } } if length(prefixes) > 0] },
    { for lane, settings in var.lanes : lane => [for prefix in sort(settings.prefixes) : { prefix = prefix }] if length(settings.prefixes) > 0 },
  )
  # "Object Deleted" includes deletions by lifecycle rules.
  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/EventBridge.html
  event_patterns = {
    for lane, keys in local.wanted_keys : lane => jsonencode({
      source      = ["aws.s3"]
      detail-type = ["Object Created", "Object Deleted"]
      detail = merge(
        { bucket = { name = [var.sources_bucket.name] } },
        { for name, wanted in { object = { key = keys } } : name => wanted if length(keys) > 0 },
      )
    }) if var.mode == "eventbridge"
  }
}

resource "aws_cloudwatch_event_rule" "lanes" {
  for_each = local.event_patterns

  name          = "${var.prefix}-${each.key}"
  description   = "Changes in ${var.sources_bucket.name} for the lane ${each.key}"
  event_pattern = each.value

  tags = var.tags

  lifecycle {
    precondition {
      condition     = length(each.value) <= 2048
      error_message = "Expected an event pattern of at most 2,048 characters, got ${length(each.value)}; name fewer or shorter prefixes in lanes."
    }
  }
}

resource "aws_cloudwatch_event_target" "lanes" {
  for_each = local.event_patterns

  rule      = aws_cloudwatch_event_rule.lanes[each.key].name
  target_id = each.key
  arn       = var.queues[each.key].arn

  # EventBridge drops an event that it cannot deliver, unless the target has a dead-letter queue: at once if it may not
  # send, otherwise after these retries, which are its defaults.
  # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-rule-event-delivery.html
  dead_letter_config {
    arn = var.dead_letter_queue_arn
  }

  retry_policy {
    maximum_event_age_in_seconds = 86400
    maximum_retry_attempts       = 185
  }
}
