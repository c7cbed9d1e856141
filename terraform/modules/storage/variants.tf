# Without versions: whatever is lost here, `pixfleet verify` finds and the worker makes again.
# Its policy is one document with CloudFront's permission, and stands where CloudFront does.
resource "aws_s3_bucket" "variants" {
  bucket        = local.variants_name
  force_destroy = var.allow_destroy
  tags          = var.tags

  lifecycle {
    precondition {
      condition     = local.sources_name != local.variants_name
      error_message = "existing_sources_bucket is where this stack puts its variants, and variants must not become sources: name another bucket, or choose another prefix."
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

  # Variants lie under two hex digits, so sixteen rules cover them all; a rule without a prefix
  # would take `_recipes/`, which the worker reads for as long as it runs.
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
