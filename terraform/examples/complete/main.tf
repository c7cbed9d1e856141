# A stack with every option.
module "site" {
  source = "../.."

  kms_key_arn  = aws_kms_key.ours.arn
  package_path = var.package_path
  prefix       = var.prefix
  recipes_path = var.recipes_path

  alarms = {
    complete_seconds_p95 = 60
    email                = var.email
    monthly_budget_usd   = 500
    renderer_daily_usd   = 20
    renders_per_minute   = 1000
  }

  api = {
    certificate_arn = var.api_certificate_arn
    cors            = { origins = ["https://${var.domain_name}"] }
    domain_name     = "api.${var.domain_name}"
    # The id token, which has the folder; an access token has `client_id` instead of `aud`, and no attributes.
    jwt = {
      audiences = [aws_cognito_user_pool_client.pages.id]
      issuer    = "https://${aws_cognito_user_pool.uploaders.endpoint}"
    }
    prefix_claim  = "custom:folder"
    source_prefix = "uploads/"
    throttling    = { burst = 200, rate = 100 }
  }

  delivery = {
    access_logs           = { bucket_domain_name = "${var.logs_bucket}.s3.${data.aws_partition.current.dns_suffix}", prefix = "site/" }
    certificate_arn       = var.certificate_arn
    cors_origins          = ["https://${var.domain_name}"]
    domain_names          = ["images.${var.domain_name}"]
    hsts                  = { max_age_seconds = 63072000, include_subdomains = true }
    on_demand             = { memory_mb = 3008, provisioned_concurrency = 2, reserved_concurrency = 20 }
    origin_shield_region  = "eu-central-1"
    price_class           = "PriceClass_All"
    signing_key_group_ids = [aws_cloudfront_key_group.this.id]
    web_acl_arn           = var.web_acl_arn
  }

  # What the others cannot render goes to `large`, which costs nothing while there is no such picture. An account may have to
  # ask for functions of over 3,008 MB.
  lanes = {
    bulk  = { complete_seconds_p95 = 43200, larger = "large", maximum_concurrency = 100, prefixes = ["bulk/", "import/"] }
    large = { max_pixels = 1000000000, maximum_concurrency = 2, memory_mb = 8192, timeout_seconds = 900 }
    live  = { larger = "large", maximum_concurrency = 100 }
  }

  queues = {
    batch_window_seconds = 2
    max_receives         = 10
  }

  storage = {
    access_logs_bucket             = var.logs_bucket
    cors_origins                   = ["https://${var.domain_name}"]
    delete_old_versions_after_days = 90
    expire_lazy_after_days         = 90
    replication = {
      # Through its versioning, because S3 replicates only to a versioned bucket.
      destination_bucket_arn  = "arn:${data.aws_partition.current.partition}:s3:::${aws_s3_bucket_versioning.replica.bucket}"
      destination_kms_key_arn = aws_kms_key.replica.arn
    }
    tier_sources_after_days = 30
  }

  tags = { Environment = "production" }

  worker = {
    completion_topic_arn    = aws_sns_topic.changes.arn
    log_retention_days      = 90
    memory_mb               = 3538
    provisioned_concurrency = 2
    render_seconds          = 90
    timeout_seconds         = 600
  }
}

# A stack over an existing bucket whose notifications stay unchanged: it must send
# its events to EventBridge.
module "archive" {
  source = "../.."

  package_path = var.package_path
  prefix       = "${var.prefix}-archive"

  alarms  = { email = var.email }
  lanes   = { live = { maximum_concurrency = 20 } }
  storage = { existing_sources_bucket = var.archive_bucket }
  worker  = { memory_mb = 3538 }
}

resource "aws_sns_topic" "changes" {
  name              = "${var.prefix}-changes"
  kms_master_key_id = aws_kms_key.ours.arn
}
