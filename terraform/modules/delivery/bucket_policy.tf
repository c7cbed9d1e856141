data "aws_iam_policy_document" "variants" {
  # Without s3:ListBucket a missing object is a 403, so a client cannot learn which objects exist.
  statement {
    sid     = "AllowDistributionToReadVariants"
    actions = ["s3:GetObject"]
    # The two characters of a shard: the edge cannot read `_recipes/`.
    resources = ["${var.variants_bucket.arn}/??/*"]

    principals {
      type        = "Service"
      identifiers = ["cloudfront.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "AWS:SourceArn"
      values   = [aws_cloudfront_distribution.this.arn]
    }
  }

  statement {
    sid       = "DenyWithoutTls"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [var.variants_bucket.arn, "${var.variants_bucket.arn}/*"]

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

resource "aws_s3_bucket_policy" "variants" {
  bucket = var.variants_bucket.name
  policy = data.aws_iam_policy_document.variants.json
}
