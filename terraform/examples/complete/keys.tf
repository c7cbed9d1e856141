data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

locals {
  account_arn = "arn:${data.aws_partition.current.partition}:iam::${data.aws_caller_identity.current.account_id}:root"
}

# What a stack's key must allow, besides this account's own policies. In a key policy `*` is
# that key.
data "aws_iam_policy_document" "ours" {
  #checkov:skip=CKV_AWS_109:a key policy applies to that key only
  #checkov:skip=CKV_AWS_111:a key policy applies to that key only
  #checkov:skip=CKV_AWS_356:a key policy applies to that key only
  statement {
    sid       = "LetThisAccountsPoliciesDecide"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [local.account_arn]
    }
  }

  # S3's events to encrypted queues, alarms to the encrypted operations topic, and what SNS could not deliver. Not tested on AWS.
  statement {
    sid       = "LetServicesSendToQueuesAndTopics"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["budgets.amazonaws.com", "cloudwatch.amazonaws.com", "s3.amazonaws.com", "sns.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }

  # EventBridge's events to the encrypted queues, the dead-letter queue too. Without a condition: AWS's guide says for topics
  # that aws:SourceAccount and aws:SourceArn in a key policy are not supported for EventBridge, and nothing for queues.
  # The queues' policies name the rules. Not tested on AWS.
  # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
  statement {
    sid       = "LetEventBridgeSendToQueues"
    actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["events.amazonaws.com"]
    }
  }

  statement {
    sid       = "LetTheDistributionReadVariants"
    actions   = ["kms:Decrypt"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["cloudfront.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }

  # The logs of every function, and API Gateway's access log.
  statement {
    sid       = "LetCloudWatchEncryptLogs"
    actions   = ["kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*", "kms:DescribeKey"]
    resources = ["*"]

    principals {
      type        = "Service"
      identifiers = ["logs.${var.region}.${data.aws_partition.current.dns_suffix}"]
    }

    condition {
      test     = "ArnLike"
      variable = "kms:EncryptionContext:aws:logs:arn"
      values = [
        for folder in ["lambda", "vendedlogs"] :
        "arn:${data.aws_partition.current.partition}:logs:${var.region}:${data.aws_caller_identity.current.account_id}:log-group:/aws/${folder}/${var.prefix}-*"
      ]
    }
  }
}

data "aws_iam_policy_document" "replica" {
  #checkov:skip=CKV_AWS_109:a key policy applies to that key only
  #checkov:skip=CKV_AWS_111:a key policy applies to that key only
  #checkov:skip=CKV_AWS_356:a key policy applies to that key only

  statement {
    sid       = "LetThisAccountsPoliciesDecide"
    actions   = ["kms:*"]
    resources = ["*"]

    principals {
      type        = "AWS"
      identifiers = [local.account_arn]
    }
  }
}

resource "aws_kms_key" "ours" {
  description         = "Everything that ${var.prefix} stores"
  enable_key_rotation = true
  policy              = data.aws_iam_policy_document.ours.json
}

resource "aws_kms_key" "replica" {
  provider = aws.replica

  description         = "The copies of ${var.prefix}'s sources"
  enable_key_rotation = true
  policy              = data.aws_iam_policy_document.replica.json
}

# The public key for signed URLs; the owner of the private key signs them.
resource "aws_cloudfront_public_key" "this" {
  name        = "${var.prefix}-urls"
  encoded_key = var.signing_public_key
}

resource "aws_cloudfront_key_group" "this" {
  name  = "${var.prefix}-urls"
  items = [aws_cloudfront_public_key.this.id]
}
