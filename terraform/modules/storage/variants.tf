# Without versions: `pixfleet verify` finds lost variants and the worker makes them again.
# Its policy is in the module delivery, in one document with CloudFront's permission.
resource "aws_s3_bucket" "variants" {
  bucket        = local.variants_name
  force_destroy = var.allow_destroy
  tags          = var.tags

  lifecycle {
    precondition {
      condition     = local.sources_name != local.variants_name
      error_message = "existing_sources_bucket is the bucket for this stack's variants, and variants must not become sources: name another bucket, or choose another prefix."
    }
  }
}

resource "aws_s3_bucket_lifecycle_configuration" "variants" {
  bucket = aws_s3_bucket.variants.id

  rule {
    id     = "abort-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = var.abort_uploads_after_days
    }
  }

  # `pixfleet dlq status` reads the records of a redrive, and nobody needs them for long after the dead letters
  # themselves, which SQS keeps for 14 days at most.
  rule {
    id     = "expire-redrives"
    status = "Enabled"

    filter {
      prefix = "_redrives/"
    }

    expiration {
      days = 90
    }
  }

  # What a renderer made has the tag, and is made again at the next request.
  dynamic "rule" {
    for_each = var.expire_lazy_after_days[*]

    content {
      id     = "expire-lazy"
      status = "Enabled"

      filter {
        tag {
          key   = "pixfleet"
          value = "lazy"
        }
      }

      expiration {
        days = rule.value
      }
    }
  }

  # Keys of variants begin with two hex digits, so sixteen rules cover them all; a rule without a prefix
  # would expire `_recipes/`, which the worker needs.
  dynamic "rule" {
    for_each = var.expire_variants_after_days == null ? [] : split("", "0123456789abcdef")

    content {
      id     = "expire-variants-${rule.value}"
      status = "Enabled"

      filter {
        prefix = rule.value
      }

      expiration {
        days = var.expire_variants_after_days
      }
    }
  }
}
