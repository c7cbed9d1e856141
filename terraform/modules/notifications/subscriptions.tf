resource "aws_sns_topic_subscription" "this" {
  for_each = var.subscriptions

  topic_arn = aws_sns_topic.this.arn
  protocol  = "https"
  endpoint  = each.value.url
  # SNS asks the address to confirm; an apply does not wait for it.
  endpoint_auto_confirms = false
  filter_policy          = each.value.events == null ? null : jsonencode({ event = each.value.events })
  redrive_policy         = jsonencode({ deadLetterTargetArn = aws_sqs_queue.this.arn })

  depends_on = [aws_sns_topic_policy.this, aws_sqs_queue_policy.this]
}

# What an address has not taken within an hour.
resource "aws_sqs_queue" "this" {
  name                      = local.queue_name
  message_retention_seconds = 1209600
  sqs_managed_sse_enabled   = var.kms_key_arn == null ? true : null
  kms_master_key_id         = var.kms_key_arn

  tags = var.tags
}

data "aws_iam_policy_document" "queue" {
  statement {
    sid       = "LetTheTopicSend"
    actions   = ["sqs:SendMessage"]
    resources = [local.queue_arn]

    principals {
      type        = "Service"
      identifiers = ["sns.amazonaws.com"]
    }

    condition {
      test     = "ArnEquals"
      variable = "aws:SourceArn"
      values   = [local.topic_arn]
    }
  }

  statement {
    sid       = "RefuseUnencryptedTransport"
    effect    = "Deny"
    actions   = ["sqs:*"]
    resources = [local.queue_arn]

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

resource "aws_sqs_queue_policy" "this" {
  queue_url = aws_sqs_queue.this.id
  policy    = data.aws_iam_policy_document.queue.json
}
