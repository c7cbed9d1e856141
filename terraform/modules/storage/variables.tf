variable "abort_uploads_after_days" {
  description = "Days after which the parts of an upload that never finished are deleted."
  type        = number
  default     = 7
  nullable    = false

  validation {
    condition = (
      var.abort_uploads_after_days >= 1
      && floor(var.abort_uploads_after_days) == var.abort_uploads_after_days
    )
    error_message = "abort_uploads_after_days must be a whole number of days, at least 1: S3 runs lifecycle rules once a day."
  }
}

variable "access_logs_bucket" {
  description = "Name of the bucket for the access logs of our buckets; null for no access logs."
  type        = string
  default     = null
  nullable    = true

  validation {
    condition = (
      var.access_logs_bucket == null
      || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.access_logs_bucket))
    )
    error_message = "access_logs_bucket must be the name of a bucket, not its ARN or address: \"my-logs\"."
  }

  validation {
    condition     = var.access_logs_bucket == null || !can(regex(local.reserved_bucket_name, var.access_logs_bucket))
    error_message = "access_logs_bucket must be a general purpose bucket, and S3 reserves this name or never allows it (see its bucket naming rules): give the bucket's own name, not an alias of an access point."
  }

  validation {
    condition = (
      var.access_logs_bucket == null
      || !can(regex("^${var.prefix}-(sources|variants)-", var.access_logs_bucket))
    )
    error_message = "access_logs_bucket must not be a bucket of this stack, or each log line would cause another: name a separate bucket."
  }
}

variable "allow_destroy" {
  description = "Whether `terraform destroy` may delete buckets that still hold objects."
  type        = bool
  default     = false
  nullable    = false
}

variable "cors_origins" {
  description = "Origins whose pages may upload to the sources bucket with a presigned URL, such as `https://example.org`."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition = alltrue([
      for origin in var.cors_origins :
      can(regex("^https://[a-z0-9.-]+(:[0-9]+)?$|^http://localhost(:[0-9]+)?$", origin))
    ])
    error_message = "Each of cors_origins must be a scheme and a host without a path or wildcard, and https unless it is localhost: \"https://example.org\"."
  }

  validation {
    condition     = var.existing_sources_bucket == null || length(var.cors_origins) == 0
    error_message = "An existing sources bucket keeps its own CORS rules: leave cors_origins empty and add the origins where that bucket is managed."
  }
}

variable "delete_old_versions_after_days" {
  description = "Days for which a replaced or deleted source can still be brought back."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition = (
      var.delete_old_versions_after_days >= 1
      && floor(var.delete_old_versions_after_days) == var.delete_old_versions_after_days
    )
    error_message = "delete_old_versions_after_days must be a whole number of days, at least 1; one day is as short as S3 can keep an old version."
  }
}

variable "existing_sources_bucket" {
  description = "Name of an existing sources bucket, of which nothing is managed here. Null creates one."
  type        = string
  default     = null
  nullable    = true

  validation {
    condition = (
      var.existing_sources_bucket == null
      || can(regex("^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.existing_sources_bucket))
    )
    error_message = "existing_sources_bucket must be the name of a bucket, not its ARN or address: \"my-photos\"."
  }

  validation {
    condition     = var.existing_sources_bucket == null || !can(regex(local.reserved_bucket_name, var.existing_sources_bucket))
    error_message = "existing_sources_bucket must be a general purpose bucket, and S3 reserves this name or never allows it (see its bucket naming rules): give the bucket's own name, not an alias of an access point."
  }
}

variable "expire_lazy_after_days" {
  description = "Days after which a variant that was made at a request is deleted, to be made again at the next one; null never deletes it for its age."
  type        = number
  default     = null
  nullable    = true

  validation {
    condition = var.expire_lazy_after_days == null || (
      coalesce(var.expire_lazy_after_days, 1) >= 1
      && floor(coalesce(var.expire_lazy_after_days, 1)) == coalesce(var.expire_lazy_after_days, 1)
    )
    error_message = "expire_lazy_after_days must be a whole number of days, at least 1, or null: S3 runs lifecycle rules once a day."
  }
}

variable "expire_sources_after_days" {
  description = "Days after which a source is deleted, and its variants with it; null keeps sources. For an existing sources bucket: what its own lifecycle rules do."
  type        = number
  default     = null
  nullable    = true

  validation {
    condition = var.expire_sources_after_days == null || (
      coalesce(var.expire_sources_after_days, 1) >= 1
      && floor(coalesce(var.expire_sources_after_days, 1)) == coalesce(var.expire_sources_after_days, 1)
    )
    error_message = "expire_sources_after_days must be a whole number of days, at least 1, or null to keep sources."
  }
}

variable "expire_variants_after_days" {
  description = "Days after which a variant is deleted, whatever happened to its source; null never deletes. This removes variants that lost events left behind."
  type        = number
  default     = null
  nullable    = true

  validation {
    condition = (
      var.expire_variants_after_days == null
      || var.expire_sources_after_days != null
    )
    error_message = "expire_variants_after_days would delete the variants of existing sources, and nothing would make them again: leave it null, or set expire_sources_after_days so that the sources are deleted first."
  }

  # Two days, because S3 runs lifecycle rules at midnight UTC and may be a day late.
  validation {
    condition = (
      var.expire_variants_after_days == null
      || coalesce(var.expire_variants_after_days, 0) >= coalesce(var.expire_sources_after_days, 0) + 2
    )
    error_message = "expire_variants_after_days must be at least two days more than expire_sources_after_days, or variants are deleted while their source exists: S3 may be a day late."
  }

  validation {
    condition = (
      var.expire_variants_after_days == null
      || floor(coalesce(var.expire_variants_after_days, 0)) == coalesce(var.expire_variants_after_days, 0)
    )
    error_message = "expire_variants_after_days must be a whole number of days, or null to keep variants."
  }
}

variable "kms_key_arn" {
  description = "ARN of a customer-managed KMS key that encrypts our buckets; null uses SSE-S3, which costs nothing."
  type        = string
  default     = null
  nullable    = true

  validation {
    condition = (
      var.kms_key_arn == null
      || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key_arn))
    )
    error_message = "kms_key_arn must be the ARN of a key, not an alias: CloudFront and the worker need the key's own policy, which cannot be edited for aws/s3. Null uses SSE-S3."
  }
}

variable "prefix" {
  description = "Prefix of the name of every resource in this stack."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}$", var.prefix))
    error_message = "prefix must be 2 to 31 lower-case letters, digits and dashes, beginning with a letter: names of buckets begin with it."
  }

  validation {
    condition     = !can(regex(local.reserved_bucket_name, "${var.prefix}-"))
    error_message = "prefix must not make names of buckets that begin with xn--, sthree- or amzn-s3-demo-, which S3 reserves: choose another."
  }
}

variable "replication" {
  description = "Copies sources to a versioned bucket of this account in another region, with that region's key if kms_key_arn is set; null copies nothing."
  type = object({
    destination_bucket_arn  = string
    destination_kms_key_arn = optional(string)
  })
  default  = null
  nullable = true

  validation {
    condition = (
      var.replication == null
      || can(regex("^arn:aws[a-z-]*:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.replication.destination_bucket_arn))
    )
    error_message = "replication.destination_bucket_arn must be the ARN of a bucket: \"arn:aws:s3:::my-copy\"."
  }

  # The part after the last colon of the ARN.
  validation {
    condition     = var.replication == null || !can(regex(local.reserved_bucket_name, reverse(split(":", var.replication.destination_bucket_arn))[0]))
    error_message = "replication.destination_bucket_arn must be of a general purpose bucket, and S3 reserves this name or never allows it (see its bucket naming rules)."
  }

  validation {
    condition = (
      try(var.replication.destination_kms_key_arn, null) == null
      || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.replication.destination_kms_key_arn))
    )
    error_message = "replication.destination_kms_key_arn must be the ARN of a key in the destination's region, not an alias."
  }

  validation {
    condition = (
      var.replication == null
      || (var.kms_key_arn == null) == (try(var.replication.destination_kms_key_arn, null) == null)
    )
    error_message = "Set replication.destination_kms_key_arn if and only if kms_key_arn is set: S3 skips encrypted sources if it has no key for the copies."
  }

  validation {
    condition     = var.replication == null || var.existing_sources_bucket == null
    error_message = "An existing sources bucket keeps its own replication rules: leave replication null and add the rule where that bucket is managed."
  }
}

variable "tags" {
  description = "Tags of every resource that supports tags."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "tier_sources_after_days" {
  description = "Days after which sources move to S3 Intelligent-Tiering; null leaves them in Standard."
  type        = number
  default     = null
  nullable    = true

  validation {
    condition = var.tier_sources_after_days == null || (
      coalesce(var.tier_sources_after_days, 1) >= 1
      && floor(coalesce(var.tier_sources_after_days, 1)) == coalesce(var.tier_sources_after_days, 1)
    )
    error_message = "tier_sources_after_days must be a whole number of days, at least 1, or null to leave sources where they are."
  }

  validation {
    condition = (
      var.tier_sources_after_days == null
      || var.expire_sources_after_days == null
      || coalesce(var.tier_sources_after_days, 0) < coalesce(var.expire_sources_after_days, 0)
    )
    error_message = "tier_sources_after_days must be less than expire_sources_after_days: a source that is deleted earlier is never moved."
  }

  validation {
    condition     = var.tier_sources_after_days == null || var.existing_sources_bucket == null
    error_message = "An existing sources bucket keeps its own lifecycle rules: leave tier_sources_after_days null and add the rule where that bucket is managed."
  }
}
