resource "aws_s3_bucket_ownership_controls" "ours" {
  for_each = local.our_buckets

  bucket = each.value

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_public_access_block" "ours" {
  for_each = local.our_buckets

  bucket                  = each.value
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_server_side_encryption_configuration" "ours" {
  for_each = local.our_buckets

  bucket = each.value

  rule {
    # Without bucket keys S3 calls KMS for every object: about $39 per million images.
    bucket_key_enabled = var.kms_key_arn != null

    apply_server_side_encryption_by_default {
      kms_master_key_id = var.kms_key_arn
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
    }
  }
}

resource "aws_s3_bucket_logging" "ours" {
  for_each = var.access_logs_bucket == null ? {} : local.our_buckets

  bucket        = each.value
  target_bucket = var.access_logs_bucket
  target_prefix = "${var.prefix}/${each.key}/"

  lifecycle {
    precondition {
      condition     = var.access_logs_bucket != var.existing_sources_bucket
      error_message = "access_logs_bucket is the sources bucket, and each log file would arrive as a source: name a separate bucket."
    }
  }
}
