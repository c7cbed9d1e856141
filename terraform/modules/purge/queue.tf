# No dead-letter queue, and so no limit on receives: CloudFront may throttle for minutes, and a message that was not
# purged within 15 minutes is of no use any more, because CloudFront has asked S3 again.
resource "aws_sqs_queue" "this" {
  name                       = local.queue_name
  visibility_timeout_seconds = 6 * local.timeout_seconds + local.window_seconds
  message_retention_seconds  = 900
  receive_wait_time_seconds  = 20
  sqs_managed_sse_enabled    = var.kms_key_arn == null ? true : null
  kms_master_key_id          = var.kms_key_arn

  tags = var.tags
}

# The worker and people send with their own roles, which are of this account.
data "aws_iam_policy_document" "queue" {
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
