resource "aws_s3_bucket" "sources" {
  count = local.is_ours ? 1 : 0

  bucket        = local.sources_name
  force_destroy = var.allow_destroy
  tags          = var.tags
}

resource "aws_s3_bucket_versioning" "sources" {
  count = local.is_ours ? 1 : 0

  bucket = aws_s3_bucket.sources[0].id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_cors_configuration" "sources" {
  count = length(var.cors_origins) > 0 ? 1 : 0

  bucket = aws_s3_bucket.sources[0].id

  cors_rule {
    id              = "presigned-uploads"
    allowed_headers = ["*"]
    allowed_methods = ["POST", "PUT"]
    allowed_origins = var.cors_origins
    # A browser needs each part's ETag for a multipart upload, and Uppy 5 the Location of a form's.
    expose_headers  = ["ETag", "Location"]
    max_age_seconds = 3600
  }
}
