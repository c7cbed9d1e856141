locals {
  sender_service = {
    eventbridge = "events.amazonaws.com"
    s3          = "s3.amazonaws.com"
  }[var.senders]

  # Each lane has one rule, with the queue's name. A lane without keys of its own gets what smaller lanes forward, and no
  # events.
  sender_arns = {
    for lane, name in local.lane_names : lane => (
      var.senders == "s3"
      ? var.sources_bucket_arn
      : "arn:${local.partition}:events:${local.region}:${local.account_id}:rule/${name}"
    ) if lane == "live" || length(var.lanes[lane].prefixes) > 0
  }
}

data "aws_iam_policy_document" "lane" {
  for_each = local.lane_arns

  dynamic "statement" {
    for_each = [for lane, arn in local.sender_arns : arn if lane == each.key]

    content {
      sid       = "TakeEventsOfSources"
      actions   = ["sqs:SendMessage"]
      resources = [each.value]

      principals {
        type        = "Service"
        identifiers = [local.sender_service]
      }

      condition {
        test     = "ArnEquals"
        variable = "aws:SourceArn"
        values   = [statement.value]
      }

      # A bucket's ARN has no account. A rule's ARN has one, and AWS does not document that EventBridge sends
      # aws:SourceAccount to queues.
      # https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
      dynamic "condition" {
        for_each = var.senders == "s3" ? [local.account_id] : []

        content {
          test     = "StringEquals"
          variable = "aws:SourceAccount"
          values   = [condition.value]
        }
      }
    }
  }

  statement {
    sid       = "RefuseUnencryptedTransport"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [each.value]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_sqs_queue_policy" "lane" {
  for_each = data.aws_iam_policy_document.lane

  queue_url = aws_sqs_queue.lane[each.key].id
  policy    = each.value.json
}
