variable "alarms" {
  description = "Who is notified of alarms, and the limits of time and cost; the budget is for the whole account."
  type = object({
    complete_seconds_p95 = optional(number)
    email                = optional(string)
    monthly_budget_usd   = optional(number)
    renderer_daily_usd   = optional(number)
    renders_per_minute   = optional(number)
    runbook_url          = optional(string)
  })
  default  = {}
  nullable = false
}

variable "api" {
  description = "The HTTP API for applications without AWS credentials: who may call it, below which folder of the sources bucket (source_prefix), from which pages (cors), how often, under which name, and whether it may delete every version. Null for none. modules/api describes each."
  type = object({
    certificate_arn = optional(string)
    cors = optional(object({
      allow_credentials = optional(bool)
      origins           = list(string)
    }))
    deletes_versions = optional(bool)
    domain_name      = optional(string)
    iam              = optional(bool)
    jwt = optional(object({
      audiences = list(string)
      issuer    = string
      scopes = optional(object({
        delete = optional(list(string))
        purge  = optional(list(string))
        read   = optional(list(string))
        upload = optional(list(string))
      }))
    }))
    owner_claim             = optional(string)
    prefix_claim            = optional(string)
    provisioned_concurrency = optional(number)
    reserved_concurrency    = optional(number)
    source_prefix           = optional(string)
    throttling = optional(object({
      burst = optional(number)
      rate  = optional(number)
    }))
  })
  default  = null
  nullable = true
}

variable "delivery" {
  description = "How variants are served: names and certificate, caching, CORS, access logs, signed URLs, WAF; the renderer that makes missing variants on demand; how many paths are purged a month after sources were deleted; and the recipes by which the edge chooses while variants of new recipes are not made yet."
  type = object({
    access_logs = optional(object({
      bucket_domain_name = string
      prefix             = optional(string, "cloudfront/")
    }))
    certificate_arn         = optional(string)
    cors_origins            = optional(list(string))
    default_browser_seconds = optional(number)
    domain_names            = optional(list(string))
    hsts = optional(object({
      include_subdomains = optional(bool, false)
      max_age_seconds    = number
      preload            = optional(bool, false)
    }))
    on_demand = optional(object({
      enabled                 = optional(bool, true)
      memory_mb               = optional(number)
      provisioned_concurrency = optional(number, 0)
      reserved_concurrency    = optional(number)
    }), {})
    origin_shield_region = optional(string)
    price_class          = optional(string)
    purge = optional(object({
      enabled       = optional(bool, true)
      monthly_paths = optional(number)
    }), {})
    recipes_path          = optional(string)
    signing_key_group_ids = optional(list(string))
    web_acl_arn           = optional(string)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.delivery.recipes_path == null || can(yamldecode(file(var.delivery.recipes_path)).recipes[0].name)
    error_message = "Expected a YAML file with recipes as delivery.recipes_path, by which all stored variants were made, or null for the worker's recipes."
  }
}

variable "kms_key_arn" {
  description = "ARN of a KMS key of your own that encrypts all stored data; its policy must allow the services. Null uses AWS's keys, which cost nothing."
  type        = string
  default     = null
  nullable    = true

  validation {
    condition     = var.kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key_arn))
    error_message = "Expected the ARN of a KMS key as kms_key_arn, arn:aws:kms:<region>:<account>:key/<id>, not an alias, or null."
  }

  validation {
    condition     = try(split(":", var.kms_key_arn)[3] == data.aws_region.current.id, true)
    error_message = "Expected a key in the stack's region, ${data.aws_region.current.id}, as kms_key_arn: services use no key of another region. Create one there, or a replica of a multi-Region key."
  }
}

variable "lanes" {
  description = "Queues by name: how many batches of each run at once, the prefixes of its keys, and within how many seconds 95 of 100 must be complete. `live` has all other keys. A lane with memory_mb, timeout_seconds or max_pixels of its own has a function of that size; what a lane cannot render goes to its `larger` lane, which needs no prefixes."
  type = map(object({
    complete_seconds_p95 = optional(number)
    larger               = optional(string)
    max_pixels           = optional(number)
    maximum_concurrency  = number
    memory_mb            = optional(number)
    prefixes             = optional(list(string), [])
    timeout_seconds      = optional(number)
  }))
  default = {
    bulk = { maximum_concurrency = 20, prefixes = ["bulk/"] }
    live = { maximum_concurrency = 50 }
  }
  nullable = false

  validation {
    condition     = contains(keys(var.lanes), "live")
    error_message = "Expected a lane named live: it has all keys that no other lane has."
  }

  validation {
    condition     = alltrue([for lane in values(var.lanes) : try(lane.max_pixels >= 1 && lane.max_pixels <= 4294967296 && floor(lane.max_pixels) == lane.max_pixels, lane.max_pixels == null)])
    error_message = "Expected max_pixels of a lane as a whole number from 1 to 4294967296."
  }
}

variable "notifications" {
  description = "A topic for completion events, and HTTPS addresses that get them (subscriptions, by names of your own, of all events or of some). Null for none. modules/notifications describes each."
  type = object({
    subscriptions = optional(map(object({
      events = optional(list(string))
      url    = string
    })), {})
  })
  default  = null
  nullable = true
}

variable "package_path" {
  description = "Path of the worker's zip, which `make package` builds."
  type        = string
  nullable    = false
}

variable "prefix" {
  description = "Prefix of every name; two stacks in one account need two."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}$", var.prefix))
    error_message = "Expected a prefix of 2 to 31 lower-case letters, digits and dashes that begins with a letter, such as pixfleet."
  }

  validation {
    condition     = !can(regex("^(xn--|sthree-|amzn-s3-demo-)", "${var.prefix}-"))
    error_message = "Expected a prefix with which no bucket's name begins with xn--, sthree- or amzn-s3-demo-, because S3 reserves those; choose another."
  }
}

variable "queues" {
  description = "How long messages wait for a batch, how often they are received, and how long they and dead letters are kept."
  type = object({
    batch_window_seconds       = optional(number, 0)
    dead_letter_retention_days = optional(number)
    max_receives               = optional(number, 8)
    retention_days             = optional(number)
  })
  default  = {}
  nullable = false
}

variable "recipes_path" {
  description = "Path of the recipes in YAML, checked by `pixfleet recipes check`; null uses those of this repository."
  type        = string
  default     = null
  nullable    = true

  validation {
    condition     = var.recipes_path == null || can(yamldecode(file(var.recipes_path)).recipes[0].name)
    error_message = "Expected a YAML file with recipes as recipes_path; `pixfleet recipes check` says what is wrong with it."
  }
}

variable "storage" {
  description = "Buckets: an existing one for sources, how long objects are kept, copies, access logs, and whether buckets and ledger may be destroyed with their contents."
  type = object({
    abort_uploads_after_days       = optional(number)
    access_logs_bucket             = optional(string)
    allow_destroy                  = optional(bool, false)
    cors_origins                   = optional(list(string))
    delete_old_versions_after_days = optional(number)
    existing_sources_bucket        = optional(string)
    existing_sources_kms_key_arn   = optional(string)
    expire_lazy_after_days         = optional(number)
    expire_sources_after_days      = optional(number)
    expire_variants_after_days     = optional(number)
    replication = optional(object({
      destination_bucket_arn  = string
      destination_kms_key_arn = optional(string)
    }))
    tier_sources_after_days = optional(number)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.storage.existing_sources_kms_key_arn == null || var.storage.existing_sources_bucket != null
    error_message = "Expected existing_sources_kms_key_arn only with an existing_sources_bucket; a bucket that is created here is encrypted by kms_key_arn."
  }

  validation {
    condition     = var.storage.existing_sources_kms_key_arn == null || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.storage.existing_sources_kms_key_arn))
    error_message = "Expected the ARN of a KMS key as existing_sources_kms_key_arn, arn:aws:kms:<region>:<account>:key/<id>, not an alias, or null."
  }

  validation {
    condition     = try(split(":", var.storage.existing_sources_kms_key_arn)[3] == data.aws_region.current.id, true)
    error_message = "Expected a key in the stack's region, ${data.aws_region.current.id}, as existing_sources_kms_key_arn: the bucket must be there too, because its events are sent there."
  }
}

variable "tags" {
  description = "Tags of every resource that supports tags, besides ManagedBy, Project and Fleet."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "trigger" {
  description = "How events reach the queues, `notification` or `eventbridge`, by default derived from the lanes and the bucket; and the existing bucket whose notifications may all be replaced."
  type = object({
    mode                     = optional(string)
    replace_notifications_of = optional(string, "")
  })
  default  = {}
  nullable = false
}

variable "worker" {
  description = "The worker's function: its size, its limits, its concurrency, and the topic for completion events."
  type = object({
    architecture            = optional(string, "arm64")
    child_images            = optional(number)
    child_memory_mb         = optional(number)
    completion_topic_arn    = optional(string)
    log_retention_days      = optional(number)
    max_bytes               = optional(number)
    max_frames              = optional(number)
    max_pixels              = optional(number)
    memory_mb               = optional(number, 1769)
    provisioned_concurrency = optional(number)
    render_seconds          = optional(number)
    reserved_concurrency    = optional(number)
    timeout_seconds         = optional(number, 300)
  })
  default  = {}
  nullable = false

  # The worker checks the same limits, but only when the function starts.
  validation {
    condition     = var.worker.completion_topic_arn == null || can(regex("^arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}$", var.worker.completion_topic_arn))
    error_message = "Expected the ARN of a standard SNS topic as completion_topic_arn, arn:aws:sns:<region>:<account>:<name>, or null."
  }

  validation {
    condition     = var.worker.completion_topic_arn == null || var.notifications == null
    error_message = "Expected either worker.completion_topic_arn or notifications, which makes a topic of its own, got both: a worker publishes to one topic. Leave out one."
  }

  validation {
    condition     = try(var.worker.child_images >= 1 && var.worker.child_images <= 1000000 && floor(var.worker.child_images) == var.worker.child_images, true)
    error_message = "Expected child_images as a whole number from 1 to 1000000."
  }

  validation {
    condition     = try(split(":", var.worker.completion_topic_arn)[3] == data.aws_region.current.id, true)
    error_message = "Expected a topic in the stack's region, ${data.aws_region.current.id}, as completion_topic_arn: an event is sent before its message is acknowledged, and must not depend on a second region. A queue of another region can subscribe to it."
  }

  validation {
    condition     = try(var.worker.child_memory_mb >= 256 && var.worker.child_memory_mb <= 32768 && floor(var.worker.child_memory_mb) == var.worker.child_memory_mb, true)
    error_message = "Expected child_memory_mb as a whole number from 256 to 32768."
  }

  validation {
    condition     = try(var.worker.max_bytes >= 1 && var.worker.max_bytes <= 536870912 && floor(var.worker.max_bytes) == var.worker.max_bytes, true)
    error_message = "Expected max_bytes as a whole number from 1 to 536870912."
  }

  validation {
    condition     = try(var.worker.max_frames >= 1 && var.worker.max_frames <= 5000 && floor(var.worker.max_frames) == var.worker.max_frames, true)
    error_message = "Expected max_frames as a whole number from 1 to 5000."
  }

  validation {
    condition     = try(var.worker.max_pixels >= 1 && var.worker.max_pixels <= 4294967296 && floor(var.worker.max_pixels) == var.worker.max_pixels, true)
    error_message = "Expected max_pixels as a whole number from 1 to 4294967296."
  }

  validation {
    condition     = try(var.worker.render_seconds >= 1 && var.worker.render_seconds <= 900 && floor(var.worker.render_seconds) == var.worker.render_seconds, true)
    error_message = "Expected render_seconds as a whole number from 1 to 900."
  }
}
