resource "aws_sns_topic" "this" {
  name              = "${var.prefix}-changes"
  display_name      = "${var.prefix} changes"
  kms_master_key_id = var.kms_key_arn
  # SHA-256; version 1, the default, is SHA-1.
  # https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
  signature_version = 2

  tags = var.tags
}

# The worker publishes with its own role, which is of this account.
data "aws_iam_policy_document" "topic" {
  statement {
    sid       = "LetThisAccountUseIt"
    actions   = ["sns:Publish", "sns:Subscribe"]
    resources = [local.topic_arn]

    principals {
      type        = "AWS"
      identifiers = ["arn:${local.partition}:iam::${local.account_id}:root"]
    }
  }

  statement {
    sid       = "RefuseWithoutTLS"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [local.topic_arn]

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

resource "aws_sns_topic_policy" "this" {
  arn    = aws_sns_topic.this.arn
  policy = data.aws_iam_policy_document.topic.json
}
