# The worker's permissions, one statement for each capability. tests/terraform/test_worker_policy.py compares them with
# the worker's calls.
data "aws_partition" "current" {}

data "aws_region" "current" {}

data "aws_iam_policy_document" "worker" {
  statement {
    sid       = "ReadSourceImages"
    actions   = ["s3:GetObject"]
    resources = ["${module.storage.sources_bucket.arn}/*"]
  }

  # Without s3:ListBucket S3 answers 403 and not 404 for a deleted source, and its variants would stay.
  # A source with its owner's key (SSE-C) is seen in the listing only.
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

  # Every variant's key begins with a shard of two characters, so this excludes the recipes.
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

  # Lambda receives and deletes messages with the function's role, and reads the queue's attributes first.
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

  # A worker that lost its claim sends a message, so that the key is processed once more. One that cannot render a source
  # sends its key to the larger lane.
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

  dynamic "statement" {
    for_each = local.purge_queues[*].arn

    content {
      sid       = "AskForPurges"
      actions   = ["sqs:SendMessage"]
      resources = [statement.value]
    }
  }

  statement {
    sid       = "KeepTheLedger"
    actions   = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
    resources = [module.ledger.table.arn]
  }

  dynamic "statement" {
    for_each = compact([local.completion_topic_arn])

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

      # Lambda decrypts the environment with the function's role, and SNS encrypts published messages: the
      # topic for completion events may have the same key.
      # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = [for service in ["dynamodb", "lambda", "s3", "sns", "sqs"] : "${service}.${data.aws_region.current.id}.${data.aws_partition.current.dns_suffix}"]
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
        values   = ["s3.${data.aws_region.current.id}.${data.aws_partition.current.dns_suffix}"]
      }
    }
  }
}
