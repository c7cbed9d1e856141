# `backfill upload`, `sync` and `restore`: puts sources, deletes them, and sees what becomes of them.
data "aws_iam_policy_document" "uploading" {
  statement {
    sid       = "UploadSources"
    actions   = ["s3:PutObject"]
    resources = ["${module.storage.sources_bucket.arn}/*"]
  }

  # `restore` copies an earlier version, with its tags, to the front.
  statement {
    sid       = "CopyEarlierSources"
    actions   = ["s3:GetObjectVersion", "s3:GetObjectVersionTagging", "s3:PutObjectTagging"]
    resources = ["${module.storage.sources_bucket.arn}/*"]
  }

  # `sync --delete`. In a bucket with versions that adds a delete marker.
  statement {
    sid       = "DeleteSources"
    actions   = ["s3:DeleteObject"]
    resources = ["${module.storage.sources_bucket.arn}/*"]
  }
}

data "aws_iam_policy_document" "uploader" {
  source_policy_documents = [data.aws_iam_policy_document.uploading.json]

  # All stacks: a mistyped name is then reported as unknown, with the names that there are. The documents have names and no secrets.
  statement {
    sid       = "FindStacks"
    actions   = ["ssm:GetParameter", "ssm:GetParametersByPath"]
    resources = ["${local._own_arn["ssm"]}:parameter/pixfleet/*"]
  }

  # A HEAD of a missing object is a 403 without s3:ListBucket.
  # https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
  statement {
    sid       = "ListSources"
    actions   = ["s3:ListBucket", "s3:ListBucketVersions"]
    resources = [module.storage.sources_bucket.arn]
  }

  # To compare a file with its object. A conditional deletion needs it, too.
  # https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-delete-enforce.html
  statement {
    sid       = "ReadSources"
    actions   = ["s3:GetObject"]
    resources = ["${module.storage.sources_bucket.arn}/*"]
  }

  statement {
    sid       = "ReadRecipes"
    actions   = ["s3:GetObject"]
    resources = ["${module.storage.variants_bucket.arn}/_recipes/*"]
  }

  # Whether the lanes are empty, and how many dead letters there are.
  statement {
    sid       = "CountMessages"
    actions   = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl"]
    resources = sort(concat([module.queue.dead_letter.arn], values(module.queue.lanes)[*].arn))
  }

  statement {
    sid       = "ReadOutcomes"
    actions   = ["dynamodb:BatchGetItem"]
    resources = [module.ledger.table.arn]
  }

  # The averages of the latest images, for the estimate.
  statement {
    sid       = "ReadNewestOutcomes"
    actions   = ["dynamodb:Query"]
    resources = ["${module.ledger.table.arn}/index/*"]
  }

  dynamic "statement" {
    for_each = compact([var.kms_key_arn])

    content {
      sid       = "UseKeyForUploads"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [statement.value]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = [for service in ["dynamodb", "s3"] : "${service}.${data.aws_region.current.id}.${data.aws_partition.current.dns_suffix}"]
      }
    }
  }

  dynamic "statement" {
    for_each = compact([var.storage.existing_sources_kms_key_arn])

    content {
      sid       = "UseKeyOfExistingSourcesForUploads"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [statement.value]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["s3.${data.aws_region.current.id}.${data.aws_partition.current.dns_suffix}"]
      }
    }
  }
}
