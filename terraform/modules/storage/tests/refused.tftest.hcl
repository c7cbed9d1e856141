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

run "values_that_s3_refuses_are_refused" {
  command = plan

  variables {
    abort_uploads_after_days       = 0
    delete_old_versions_after_days = 0.5
    existing_sources_bucket        = "arn:aws:s3:::holiday-photos"
    expire_lazy_after_days         = 0.5
    expire_sources_after_days      = 0
    kms_key_arn                    = "arn:aws:kms:eu-west-1:123456789012:alias/aws/s3"
    prefix                         = "abcdefghijklmnopqrstuvwxyzabcdef"
  }

  expect_failures = [
    var.abort_uploads_after_days,
    var.delete_old_versions_after_days,
    var.existing_sources_bucket,
    var.expire_lazy_after_days,
    var.expire_sources_after_days,
    var.kms_key_arn,
    var.prefix,
  ]
}

run "uploads_from_every_origin_fractions_of_days_and_names_for_arns_are_refused" {
  command = plan

  variables {
    access_logs_bucket         = "arn:aws:s3:::logs"
    cors_origins               = ["*"]
    expire_sources_after_days  = 90
    expire_variants_after_days = 92.5
    replication                = { destination_bucket_arn = "photos-copy" }
    tier_sources_after_days    = 0.5
  }

  expect_failures = [
    var.access_logs_bucket,
    var.cors_origins,
    var.expire_variants_after_days,
    var.replication,
    var.tier_sources_after_days,
  ]
}

run "origins_without_tls_expiring_variants_of_existing_sources_and_logs_of_the_log_bucket_are_refused" {
  command = plan

  variables {
    access_logs_bucket         = "photos-variants-123456789012"
    cors_origins               = ["http://example.org"]
    expire_variants_after_days = 90
  }

  expect_failures = [
    var.access_logs_bucket,
    var.cors_origins,
    var.expire_variants_after_days,
  ]
}

run "variants_that_expire_before_their_sources_and_sources_that_tier_after_expiry_are_refused" {
  command = plan

  variables {
    expire_sources_after_days  = 90
    expire_variants_after_days = 91
    tier_sources_after_days    = 90
  }

  expect_failures = [
    var.expire_variants_after_days,
    var.tier_sources_after_days,
  ]
}

run "rules_for_an_existing_bucket_are_refused" {
  command = plan

  variables {
    cors_origins            = ["https://example.org"]
    existing_sources_bucket = "holiday-photos"
    replication             = { destination_bucket_arn = "arn:aws:s3:::photos-copy" }
    tier_sources_after_days = 30
  }

  expect_failures = [
    var.cors_origins,
    var.replication,
    var.tier_sources_after_days,
  ]
}

run "one_bucket_for_sources_and_variants_is_refused" {
  command = plan

  variables {
    existing_sources_bucket = "photos-variants-123456789012"
  }

  expect_failures = [aws_s3_bucket.variants]
}

run "logs_that_would_arrive_as_sources_are_refused" {
  command = plan

  variables {
    access_logs_bucket      = "holiday-photos"
    existing_sources_bucket = "holiday-photos"
  }

  expect_failures = [aws_s3_bucket_logging.ours["variants"]]
}

run "the_alias_of_the_replication_key_is_refused" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/0a1b"
    replication = {
      destination_bucket_arn  = "arn:aws:s3:::photos-copy"
      destination_kms_key_arn = "alias/copy"
    }
  }

  expect_failures = [var.replication]
}

run "replication_of_encrypted_sources_without_a_key_is_refused" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/0a1b"
    replication = { destination_bucket_arn = "arn:aws:s3:::photos-copy" }
  }

  expect_failures = [var.replication]
}

run "replication_into_the_variants_bucket_is_refused" {
  command = plan

  variables {
    replication = { destination_bucket_arn = "arn:aws:s3:::photos-variants-123456789012" }
  }

  expect_failures = [aws_s3_bucket_replication_configuration.sources[0]]
}

# tests/terraform tries every reserved name.
run "names_that_s3_reserves_are_refused" {
  command = plan

  variables {
    existing_sources_bucket = "photos--euw1-az1--x-s3"
    prefix                  = "sthree"
  }

  expect_failures = [
    var.existing_sources_bucket,
    var.prefix,
  ]
}

run "names_that_s3_reserves_are_refused_for_logs_and_copies" {
  command = plan

  variables {
    access_logs_bucket = "photos-s3alias"
    replication        = { destination_bucket_arn = "arn:aws:s3:::photos..copy" }
  }

  expect_failures = [
    var.access_logs_bucket,
    var.replication,
  ]
}
