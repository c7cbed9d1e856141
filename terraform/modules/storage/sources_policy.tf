data "aws_iam_policy_document" "sources" {
  count = local.is_ours ? 1 : 0

  statement {
    sid       = "RefuseUnencryptedTransport"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.sources_arn, "${local.sources_arn}/*"]

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

resource "aws_s3_bucket_policy" "sources" {
  count = local.is_ours ? 1 : 0

  bucket = aws_s3_bucket.sources[0].id
  policy = data.aws_iam_policy_document.sources[0].json

  # S3 refuses two concurrent changes of a bucket's access settings.
  depends_on = [aws_s3_bucket_public_access_block.ours]
}
