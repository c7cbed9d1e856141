resource "aws_s3_bucket_replication_configuration" "sources" {
  count = var.replication == null ? 0 : 1

  bucket = aws_s3_bucket.sources[0].id
  role   = aws_iam_role.replication[0].arn

  rule {
    id     = "copy-sources"
    status = "Enabled"

    filter {}

    # The destination is versioned, so a replicated delete marker can be undone.
    delete_marker_replication {
      status = "Enabled"
    }

    destination {
      bucket = var.replication.destination_bucket_arn

      dynamic "encryption_configuration" {
        for_each = var.replication.destination_kms_key_arn == null ? [] : [true]

        content {
          replica_kms_key_id = var.replication.destination_kms_key_arn
        }
      }
    }

    dynamic "source_selection_criteria" {
      for_each = var.kms_key_arn == null ? [] : [true]

      content {
        sse_kms_encrypted_objects {
          status = "Enabled"
        }
      }
    }
  }

  depends_on = [
    aws_iam_role_policy.replication,
    aws_s3_bucket_versioning.sources,
  ]

  lifecycle {
    precondition {
      condition     = !contains([local.sources_arn, local.variants_arn], var.replication.destination_bucket_arn)
      error_message = "replication.destination_bucket_arn is a bucket of this stack: name a versioned bucket in another region, made for the copies."
    }
  }
}
