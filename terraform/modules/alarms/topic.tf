data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  _account_id = data.aws_caller_identity.current.account_id
  _partition  = data.aws_partition.current.partition
  # By `id`: the attribute `name` is deprecated from version 6 of the provider on.
  _region = data.aws_region.current.id

  # Built from parts, so that the policy does not depend on the topic.
  _topic_arn = "arn:${local._partition}:sns:${local._region}:${local._account_id}:${var.prefix}-operations"
}

resource "aws_sns_topic" "this" {
  name              = "${var.prefix}-operations"
  display_name      = "${var.prefix} operations"
  kms_master_key_id = var.kms_key_arn

  tags = var.tags
}

resource "aws_sns_topic_policy" "this" {
  arn    = aws_sns_topic.this.arn
  policy = data.aws_iam_policy_document.topic.json
}

data "aws_iam_policy_document" "topic" {
  statement {
    sid       = "LetOurAlarmsSpeak"
    actions   = ["sns:Publish"]
    resources = [local._topic_arn]

    principals {
      type        = "Service"
      identifiers = ["cloudwatch.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [local._account_id]
    }

    condition {
      test     = "ArnLike"
      variable = "aws:SourceArn"
      values   = ["arn:${local._partition}:cloudwatch:${local._region}:${local._account_id}:alarm:${var.prefix}-*"]
    }
  }

  statement {
    sid       = "RefuseWithoutTLS"
    effect    = "Deny"
    actions   = ["sns:Publish"]
    resources = [local._topic_arn]

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

resource "aws_sns_topic_subscription" "email" {
  count = var.email == null ? 0 : 1

  topic_arn = aws_sns_topic.this.arn
  protocol  = "email"
  endpoint  = var.email

  # The policy must exist before the first alarm.
  depends_on = [aws_sns_topic_policy.this]
}
