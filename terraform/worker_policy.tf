# What the worker may do, a capability a statement. tests/terraform/test_worker_policy.py compares it with
# the calls that the worker makes.
data "aws_region" "current" {}

data "aws_iam_policy_document" "worker" {
  statement {
    sid       = "ReadSourceImages"
    actions   = ["s3:GetObject"]
    resources = ["${module.storage.sources_bucket.arn}/*"]
  }

  # Without it S3 answers 403 for a source that is gone, and its variants would stay.
  # https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
  statement {
    sid       = "LearnThatASourceIsGone"
    actions   = ["s3:ListBucket"]
    resources = [module.storage.sources_bucket.arn]
  }

  statement {
    sid       = "ReadRecipes"
    actions   = ["s3:GetObject"]
    resources = ["${module.storage.variants_bucket.arn}/_recipes/*"]
  }

  # Two characters, the shard, begin the key of every variant: the recipes are out of reach.
  statement {
    sid       = "WriteVariants"
    actions   = ["s3:PutObject"]
    resources = ["${module.storage.variants_bucket.arn}/??/*"]
  }

  statement {
    sid       = "DeleteVariants"
    actions   = ["s3:DeleteObject"]
    resources = ["${module.storage.variants_bucket.arn}/??/*"]
  }

  # Lambda receives and deletes in the function's name, and asks for a queue's attributes first.
  statement {
    sid = "WorkOffLanes"
    actions = [
      "sqs:ChangeMessageVisibility",
      "sqs:DeleteMessage",
      "sqs:GetQueueAttributes",
      "sqs:GetQueueUrl",
      "sqs:ReceiveMessage",
    ]
    resources = sort(values(module.queue.lanes)[*].arn)
  }

  # A worker that finds its claim taken over asks for one more look at the key.
  statement {
    sid       = "AskForAnotherLook"
    actions   = ["sqs:SendMessage"]
    resources = sort(values(module.queue.lanes)[*].arn)
  }

  statement {
    sid       = "SendDeadLetters"
    actions   = ["sqs:GetQueueUrl", "sqs:SendMessage"]
    resources = [module.queue.dead_letter.arn]
  }

  statement {
    sid       = "KeepTheLedger"
    actions   = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
    resources = [module.ledger.table.arn]
  }

  dynamic "statement" {
    for_each = compact([var.worker.completion_topic_arn])

    content {
      sid       = "AnnounceChanges"
      actions   = ["sns:Publish"]
      resources = [statement.value]
    }
  }

  dynamic "statement" {
    for_each = compact([var.kms_key_arn])

    content {
      sid       = "UseTheKeyOfWhatIsStored"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [statement.value]

      # Lambda decrypts the environment in the function's name, and SNS encrypts what is published: the
      # topic of changes may have the same key.
      # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = [for service in ["dynamodb", "lambda", "s3", "sns", "sqs"] : "${service}.${data.aws_region.current.id}.amazonaws.com"]
      }
    }
  }

  dynamic "statement" {
    for_each = compact([var.storage.existing_sources_kms_key_arn])

    content {
      sid       = "ReadWithTheKeyOfExistingSources"
      actions   = ["kms:Decrypt"]
      resources = [statement.value]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["s3.${data.aws_region.current.id}.amazonaws.com"]
      }
    }
  }
}
