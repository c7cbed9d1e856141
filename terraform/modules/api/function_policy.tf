# The function's permissions, one statement for each capability. The functional tests compare them with its calls. What a
# presigned request may do is what this role may do, at the time that the request arrives.
data "aws_iam_policy_document" "function" {
  # HeadObject, which needs the same permission as GetObject.
  statement {
    sid       = "DescribeSources"
    actions   = ["s3:GetObject"]
    resources = [local.sources]
  }

  # For the whole bucket: without s3:ListBucket S3 answers 403 and not 404 for a missing object, and no page of AWS says which
  # s3:prefix such a HeadObject has. Ceph takes the object's key, "to match aws behavior". If that is wrong, a condition turns
  # each 404 into a 403; and one that ignores an absent s3:prefix lets a LIST of the whole bucket pass, too.
  # https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html, https://github.com/ceph/ceph/pull/68577
  statement {
    sid       = "LearnWhatIsMissing"
    actions   = ["s3:ListBucket"]
    resources = [var.sources_bucket.arn, var.variants_bucket.arn]
  }

  statement {
    sid       = "StoreSources"
    actions   = ["s3:AbortMultipartUpload", "s3:ListMultipartUploadParts", "s3:PutObject"]
    resources = [local.sources]
  }

  statement {
    sid       = "DeleteSources"
    actions   = ["s3:DeleteObject"]
    resources = [local.sources]
  }

  dynamic "statement" {
    for_each = var.deletes_versions ? [local.sources] : []

    content {
      sid       = "DeleteEveryVersion"
      actions   = ["s3:DeleteObjectVersion"]
      resources = [statement.value]
    }
  }

  dynamic "statement" {
    for_each = var.deletes_versions ? ["${var.source_prefix}*"] : []

    content {
      sid       = "ListVersions"
      actions   = ["s3:ListBucketVersions"]
      resources = [var.sources_bucket.arn]

      condition {
        test     = "StringLike"
        variable = "s3:prefix"
        values   = [statement.value]
      }
    }
  }

  statement {
    sid       = "ReadRecipes"
    actions   = ["s3:GetObject"]
    resources = ["${var.variants_bucket.arn}/_recipes/*"]
  }

  statement {
    sid       = "ReadManifests"
    actions   = ["s3:GetObject"]
    resources = ["${var.variants_bucket.arn}/??/${var.source_prefix}*/manifest.json"]
  }

  statement {
    sid       = "ReadTheLedger"
    actions   = ["dynamodb:BatchGetItem", "dynamodb:GetItem"]
    resources = [var.ledger_table.arn]
  }

  # And the key that signs cursors and ids of uploads.
  statement {
    sid       = "KeepReceipts"
    actions   = ["dynamodb:GetItem", "dynamodb:PutItem"]
    resources = [var.serving_table.arn]
  }

  dynamic "statement" {
    for_each = var.purge_queue[*]

    content {
      sid       = "AskForPurges"
      actions   = ["sqs:SendMessage"]
      resources = [statement.value.arn]
    }
  }

  dynamic "statement" {
    for_each = compact([var.kms_key_arn])

    content {
      sid       = "UseTheKeyOfWhatIsStored"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [statement.value]

      # Lambda decrypts the environment with the function's role.
      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = [for service in ["dynamodb", "lambda", "s3", "sqs"] : "${service}.${data.aws_region.this.id}.${data.aws_partition.this.dns_suffix}"]
      }
    }
  }

  dynamic "statement" {
    for_each = compact([var.existing_sources_kms_key_arn])

    content {
      sid       = "UseTheKeyOfExistingSources"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [statement.value]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["s3.${data.aws_region.this.id}.${data.aws_partition.this.dns_suffix}"]
      }
    }
  }
}
