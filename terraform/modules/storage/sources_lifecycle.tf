resource "aws_s3_bucket_lifecycle_configuration" "sources" {
  count = local.is_ours ? 1 : 0

  bucket = aws_s3_bucket.sources[0].id

  rule {
    id     = "abort-uploads"
    status = "Enabled"

    filter {}

    abort_incomplete_multipart_upload {
      days_after_initiation = var.abort_uploads_after_days
    }
  }

  rule {
    id     = "delete-old-versions"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.delete_old_versions_after_days
    }

    # A delete marker without versions hides nothing, and slows every listing down.
    dynamic "expiration" {
      for_each = var.expire_sources_after_days == null ? [true] : []

      content {
        expired_object_delete_marker = true
      }
    }
  }

  # A rule that expires by age also removes expired delete markers; S3 refuses both settings in one rule.
  dynamic "rule" {
    for_each = var.expire_sources_after_days == null ? [] : [var.expire_sources_after_days]

    content {
      id     = "expire-sources"
      status = "Enabled"

      filter {}

      expiration {
        days = rule.value
      }
    }
  }

  # Intelligent-Tiering reads immediately and free of charge; after a change of recipes every source is read again.
  dynamic "rule" {
    for_each = var.tier_sources_after_days == null ? [] : [var.tier_sources_after_days]

    content {
      id     = "tier-sources"
      status = "Enabled"

      filter {}

      transition {
        days          = rule.value
        storage_class = "INTELLIGENT_TIERING"
      }
    }
  }

  depends_on = [aws_s3_bucket_versioning.sources]
}
