output "sources_bucket" {
  description = "The sources bucket; `is_ours` says whether this module created it."
  value = {
    name    = local.sources_name
    arn     = local.sources_arn
    is_ours = local.is_ours
  }

  depends_on = [
    aws_s3_bucket_lifecycle_configuration.sources,
    aws_s3_bucket_ownership_controls.ours,
    aws_s3_bucket_policy.sources,
    aws_s3_bucket_server_side_encryption_configuration.ours,
    aws_s3_bucket_versioning.sources,
  ]
}

output "variants_bucket" {
  description = "The bucket for variants, manifests and recipes; another module writes its policy."
  value = {
    name                 = local.variants_name
    arn                  = local.variants_arn
    regional_domain_name = aws_s3_bucket.variants.bucket_regional_domain_name
  }

  depends_on = [
    aws_s3_bucket_lifecycle_configuration.variants,
    aws_s3_bucket_ownership_controls.ours,
    aws_s3_bucket_public_access_block.ours,
    aws_s3_bucket_server_side_encryption_configuration.ours,
  ]
}
