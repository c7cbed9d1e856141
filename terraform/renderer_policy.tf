# The renderer's permissions, one statement for each capability. The functional tests
# compare them with the renderer's calls (tests/support/iam).
data "aws_iam_policy_document" "renderer" {
  statement {
    sid       = "ReadSourceImages"
    actions   = ["s3:GetObject"]
    resources = ["${module.storage.sources_bucket.arn}/*"]
  }

  # Without s3:ListBucket S3 answers 403 and not 404 for a missing object.
  # https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
  statement {
    sid       = "LearnWhatIsMissing"
    actions   = ["s3:ListBucket"]
    resources = [module.storage.sources_bucket.arn, module.storage.variants_bucket.arn]
  }

  statement {
    sid       = "ReadRecipes"
    actions   = ["s3:GetObject"]
    resources = ["${module.storage.variants_bucket.arn}/_recipes/*"]
  }

  # What is stored is answered, or copied, and not rendered again.
  statement {
    sid       = "ReadVariants"
    actions   = ["s3:GetObject"]
    resources = ["${module.storage.variants_bucket.arn}/??/*"]
  }

  # With the tag of what was made at a request, by which a lifecycle rule may expire it.
  statement {
    sid       = "WriteVariants"
    actions   = ["s3:PutObject", "s3:PutObjectTagging"]
    resources = ["${module.storage.variants_bucket.arn}/??/*"]
  }

  # A serving claim, by which one process at a time stores for a key.
  statement {
    sid       = "KeepTheLedger"
    actions   = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
    resources = [module.ledger.table.arn]
  }

  dynamic "statement" {
    for_each = module.ledger.serving_table[*]

    content {
      sid       = "TakeTurns"
      actions   = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
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
        values   = [for service in ["dynamodb", "lambda", "s3"] : "${service}.${data.aws_region.current.id}.${data.aws_partition.current.dns_suffix}"]
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
