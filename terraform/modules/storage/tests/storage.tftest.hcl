# The real provider without an account: policies and names are known at plan time; no API is called.
provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.this
  values = { account_id = "123456789012" }
}

variables {
  prefix = "photos"
}

run "by_default_buckets_are_private_sources_have_versions_and_variants_do_not_expire" {
  command = plan

  assert {
    condition = output.sources_bucket == {
      arn     = "arn:aws:s3:::photos-sources-123456789012"
      is_ours = true
      name    = "photos-sources-123456789012"
    }
    error_message = "Got ${jsonencode(output.sources_bucket)}."
  }

  assert {
    condition     = aws_s3_bucket.sources[0].bucket == output.sources_bucket.name
    error_message = "The output must match the bucket."
  }

  assert {
    condition     = aws_s3_bucket.variants.bucket == "photos-variants-123456789012"
    error_message = "Got ${aws_s3_bucket.variants.bucket}."
  }

  assert {
    condition     = keys(aws_s3_bucket_public_access_block.ours) == ["sources", "variants"]
    error_message = "Public access must be blocked on both."
  }

  assert {
    condition = alltrue([
      for block in aws_s3_bucket_public_access_block.ours :
      block.block_public_acls && block.block_public_policy && block.ignore_public_acls && block.restrict_public_buckets
    ])
    error_message = "All four kinds of public access must be blocked."
  }

  assert {
    condition = (
      keys(aws_s3_bucket_ownership_controls.ours) == ["sources", "variants"]
      && alltrue([
        for controls in aws_s3_bucket_ownership_controls.ours :
        one(controls.rule).object_ownership == "BucketOwnerEnforced"
      ])
    )
    error_message = "All objects must belong to the bucket owner."
  }

  assert {
    condition = (
      keys(aws_s3_bucket_server_side_encryption_configuration.ours) == ["sources", "variants"]
      && alltrue(flatten([
        for encryption in aws_s3_bucket_server_side_encryption_configuration.ours : [
          for rule in encryption.rule :
          one(rule.apply_server_side_encryption_by_default).sse_algorithm == "AES256"
        ]
      ]))
    )
    error_message = "Both must be encrypted with SSE-S3 unless a key is named."
  }

  assert {
    condition     = !aws_s3_bucket.sources[0].force_destroy && !aws_s3_bucket.variants.force_destroy
    error_message = "Buckets that are not empty must be protected."
  }

  assert {
    condition = jsondecode(aws_s3_bucket_policy.sources[0].policy).Statement == [{
      Sid    = "RefuseUnencryptedTransport"
      Effect = "Deny"
      Action = "s3:*"
      Resource = [
        "arn:aws:s3:::photos-sources-123456789012/*",
        "arn:aws:s3:::photos-sources-123456789012",
      ]
      Principal = "*"
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
    error_message = "Got ${aws_s3_bucket_policy.sources[0].policy}."
  }

  assert {
    condition     = one(aws_s3_bucket_versioning.sources[0].versioning_configuration).status == "Enabled"
    error_message = "Sources must have versions."
  }

  assert {
    condition = {
      for rule in aws_s3_bucket_lifecycle_configuration.sources[0].rule :
      rule.id => join(" ", concat(
        rule.abort_incomplete_multipart_upload[*].days_after_initiation,
        rule.noncurrent_version_expiration[*].noncurrent_days,
        rule.expiration[*].expired_object_delete_marker,
      ))
      } == {
      abort-uploads       = "7"
      delete-old-versions = "30 true"
    }
    error_message = "Expected just the rules for uploads and old versions, got ${jsonencode(aws_s3_bucket_lifecycle_configuration.sources[0].rule)}."
  }

  assert {
    condition     = alltrue([for rule in aws_s3_bucket_lifecycle_configuration.sources[0].rule : rule.status == "Enabled"])
    error_message = "Every rule must be enabled."
  }

  assert {
    condition = {
      for rule in aws_s3_bucket_lifecycle_configuration.variants.rule : rule.id => "${coalesce(one(rule.filter).prefix, "all")} ${try(one(rule.expiration).days, "never")}"
      } == {
      abort-uploads   = "all never"
      expire-redrives = "_redrives/ 90"
    }
    error_message = "Only records of redrives may expire by default, got ${jsonencode(aws_s3_bucket_lifecycle_configuration.variants.rule)}."
  }

  assert {
    condition     = length(aws_s3_bucket_cors_configuration.sources) == 0
    error_message = "There must be no CORS rules by default."
  }
}

run "only_what_was_made_at_a_request_expires_by_its_tag" {
  command = plan

  variables {
    expire_lazy_after_days = 30
  }

  assert {
    condition = [
      for rule in aws_s3_bucket_lifecycle_configuration.variants.rule :
      "${rule.filter[0].tag[0].key}=${rule.filter[0].tag[0].value} ${rule.expiration[0].days}" if rule.id == "expire-lazy"
    ] == ["pixfleet=lazy 30"]
    error_message = "Got ${jsonencode(aws_s3_bucket_lifecycle_configuration.variants.rule)}."
  }
}

run "lazy_variants_are_kept_by_default" {
  command = plan

  assert {
    condition     = [for rule in aws_s3_bucket_lifecycle_configuration.variants.rule : rule.id if rule.id == "expire-lazy"] == []
    error_message = "Variants expire although nobody asked for it."
  }
}

run "sources_expire_and_variants_after_them" {
  command = plan

  variables {
    expire_sources_after_days  = 90
    expire_variants_after_days = 92
  }

  assert {
    condition = {
      for rule in aws_s3_bucket_lifecycle_configuration.sources[0].rule :
      rule.id => join(" ", rule.expiration[*].days)
      if rule.id != "abort-uploads"
    } == { delete-old-versions = "", expire-sources = "90" }
    error_message = "Got ${jsonencode(aws_s3_bucket_lifecycle_configuration.sources[0].rule)}."
  }

  assert {
    condition = [
      for rule in aws_s3_bucket_lifecycle_configuration.variants.rule :
      "${rule.filter[0].prefix} ${rule.expiration[0].days}"
      if startswith(rule.id, "expire-variants-")
    ] == [for digit in split("", "0123456789abcdef") : "${digit} 92"]
    error_message = "Every shard must expire."
  }

  assert {
    condition = alltrue([
      for rule in aws_s3_bucket_lifecycle_configuration.variants.rule :
      length(rule.expiration) == 0 || !startswith("_recipes/", try(rule.filter[0].prefix, ""))
    ])
    error_message = "The recipes that the worker reads must stay."
  }
}

run "every_option_is_applied" {
  command = plan

  variables {
    tier_sources_after_days = 30
    cors_origins            = ["https://example.org", "http://localhost:3000"]
    access_logs_bucket      = "logs"
    kms_key_arn             = "arn:aws:kms:eu-west-1:123456789012:key/0a1b"
  }

  assert {
    condition = [
      for move in flatten(aws_s3_bucket_lifecycle_configuration.sources[0].rule[*].transition) :
      "${move.days} ${move.storage_class}"
    ] == ["30 INTELLIGENT_TIERING"]
    error_message = "Got ${jsonencode(aws_s3_bucket_lifecycle_configuration.sources[0].rule)}."
  }

  assert {
    condition = (
      one(aws_s3_bucket_cors_configuration.sources[0].cors_rule).allowed_origins == toset(["https://example.org", "http://localhost:3000"])
      && one(aws_s3_bucket_cors_configuration.sources[0].cors_rule).allowed_methods == toset(["POST", "PUT"])
    )
    error_message = "Only these origins may upload, and do nothing else."
  }

  assert {
    condition = { for role, logging in aws_s3_bucket_logging.ours : role => "${logging.target_bucket}/${logging.target_prefix}" } == {
      sources  = "logs/photos/sources/"
      variants = "logs/photos/variants/"
    }
    error_message = "Each bucket's log must have a prefix of its own."
  }

  assert {
    condition = alltrue(flatten([
      for encryption in aws_s3_bucket_server_side_encryption_configuration.ours : [
        for rule in encryption.rule : (
          rule.bucket_key_enabled
          && one(rule.apply_server_side_encryption_by_default).sse_algorithm == "aws:kms"
          && one(rule.apply_server_side_encryption_by_default).kms_master_key_id == "arn:aws:kms:eu-west-1:123456789012:key/0a1b"
        )
      ]
    ]))
    error_message = "Both buckets must be encrypted with the key, through a bucket key."
  }
}

run "nothing_of_an_existing_bucket_is_managed" {
  command = plan

  variables {
    access_logs_bucket      = "logs"
    existing_sources_bucket = "holiday-photos"
  }

  assert {
    condition = output.sources_bucket == {
      arn     = "arn:aws:s3:::holiday-photos"
      is_ours = false
      name    = "holiday-photos"
    }
    error_message = "Got ${jsonencode(output.sources_bucket)}."
  }

  assert {
    condition = length(concat(
      aws_s3_bucket.sources[*].bucket,
      aws_s3_bucket_cors_configuration.sources[*].cors_rule,
      aws_s3_bucket_lifecycle_configuration.sources[*].rule,
      aws_s3_bucket_policy.sources[*].policy,
      aws_s3_bucket_replication_configuration.sources[*].rule,
      aws_s3_bucket_versioning.sources[*].versioning_configuration,
    )) == 0
    error_message = "The existing bucket must not be managed."
  }

  assert {
    condition = toset(concat(
      keys(aws_s3_bucket_logging.ours),
      keys(aws_s3_bucket_ownership_controls.ours),
      keys(aws_s3_bucket_public_access_block.ours),
      keys(aws_s3_bucket_server_side_encryption_configuration.ours),
    )) == toset(["variants"])
    error_message = "Only the variants bucket must be managed."
  }
}
