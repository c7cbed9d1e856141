variable "architecture" {
  description = "Instruction set that the package was built for."
  type        = string
  default     = "arm64"
  nullable    = false
}

variable "certificate_arn" {
  description = "ARN of the certificate for domain_name, in the stack's region; null without a domain_name."
  type        = string
  default     = null
  nullable    = true

  validation {
    condition     = (var.certificate_arn == null) == (var.domain_name == null)
    error_message = "Expected both domain_name and certificate_arn, or neither: API Gateway serves a name only with its certificate."
  }

  validation {
    condition     = var.certificate_arn == null || can(regex("^arn:aws[a-z-]*:acm:${data.aws_region.this.id}:[0-9]{12}:certificate/[A-Za-z0-9-]+$", var.certificate_arn))
    error_message = "Expected the ARN of a certificate of ACM in ${data.aws_region.this.id} as certificate_arn: unlike CloudFront, API Gateway uses those of its own region. Request one there."
  }
}

variable "cors" {
  description = "Origins whose pages may call the API, such as `https://example.org`, or `*`; null for none. Tokens in the header Authorization need no allow_credentials, which is for cookies."
  type = object({
    allow_credentials = optional(bool, false)
    origins           = list(string)
  })
  default  = null
  nullable = true

  validation {
    condition     = !try(var.cors.allow_credentials && contains(var.cors.origins, "*"), false)
    error_message = "Expected the origins by name in cors.origins, because browsers refuse `*` with credentials: list them, or leave out allow_credentials, which the header Authorization does not need."
  }

  validation {
    condition = alltrue([
      for origin in try(var.cors.origins, []) :
      origin == "*" || can(regex("^https://[a-z0-9.-]+(:[0-9]+)?$|^http://localhost(:[0-9]+)?$", origin))
    ])
    error_message = "Expected each of cors.origins as a scheme and a host without a path, and https unless it is localhost: https://example.org."
  }
}

variable "deletes_versions" {
  description = "Whether `versions=all` deletes every version of a source, which cannot be undone."
  type        = bool
  default     = false
  nullable    = false
}

variable "delivery_url" {
  description = "The distribution's URL, which precedes the paths of variants."
  type        = string
  nullable    = false
}

variable "domain_name" {
  description = "A host name of your own, such as api.example.org; null uses API Gateway's."
  type        = string
  default     = null
  nullable    = true
}

variable "existing_sources_kms_key_arn" {
  description = "ARN of the key that encrypts an existing sources bucket, if it is not kms_key_arn."
  type        = string
  default     = null
  nullable    = true
}

variable "iam" {
  description = "Whether callers sign their requests with AWS credentials, instead of sending a token."
  type        = bool
  default     = false
  nullable    = false

  validation {
    condition     = var.iam || var.jwt != null
    error_message = "Expected either jwt or iam, got neither: everybody could upload and delete. Set jwt to the issuer and the audiences of your tokens, or iam to true for callers with AWS credentials."
  }

  validation {
    condition     = !(var.iam && var.jwt != null)
    error_message = "Expected either jwt or iam, got both, and a route has one way to sign in: leave out one. For both kinds of callers use two stacks over one bucket."
  }
}

variable "jwt" {
  description = "The issuer whose tokens are accepted, their audiences (`aud`, or `client_id`), and the scopes of which a token needs one, by purpose; a purpose without scopes needs a valid token. Null with iam."
  type = object({
    audiences = list(string)
    issuer    = string
    scopes = optional(object({
      delete = optional(list(string), [])
      purge  = optional(list(string), [])
      read   = optional(list(string), [])
      upload = optional(list(string), [])
    }), {})
  })
  default  = null
  nullable = true

  validation {
    condition     = try(length(var.jwt.audiences) > 0 && alltrue([for each in var.jwt.audiences : length(each) > 0]), true)
    error_message = "Expected at least one audience in jwt.audiences: without it, tokens that the issuer made for other services would be accepted. With Cognito it is the id of the app client."
  }

  # The value may be unknown in a plan, of a user pool that is not created yet.
  validation {
    condition     = try(startswith(var.jwt.issuer, "https://"), true)
    error_message = "Expected jwt.issuer as a URL that begins with https://, exactly as the tokens have it in `iss`: API Gateway reads the public keys below it."
  }
}

variable "kms_key_arn" {
  description = "ARN of a customer-managed KMS key that encrypts what is stored, environment and logs; null uses AWS's own keys."
  type        = string
  default     = null
  nullable    = true
}

variable "ledger_table" {
  description = "The ledger, which is only read."
  type = object({
    arn  = string
    name = string
  })
  nullable = false
}

variable "log_retention_days" {
  description = "Days after which log lines, of the function and of the gateway, are deleted."
  type        = number
  default     = 30
  nullable    = false
}

variable "max_bytes" {
  description = "The worker's limit on a source, which is the API's limit on an upload; null for the default of both."
  type        = number
  default     = null
  nullable    = true
}

variable "owner_claim" {
  description = "The claim that is stored with an upload as its owner; null for `sub`."
  type        = string
  default     = null
  nullable    = true

  validation {
    condition     = var.owner_claim == null || var.jwt != null
    error_message = "Expected no owner_claim without jwt, because a claim is a part of a token: with iam the owner is the caller's ARN. Leave it out, or set jwt."
  }
}

variable "package_path" {
  description = "Path of the zip with the code; `make package` builds it."
  type        = string
  nullable    = false
}

variable "prefix" {
  description = "Prefix of every name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}$", var.prefix))
    error_message = "Expected a prefix of 2 to 31 lower-case letters, digits and dashes that begins with a letter, such as pixfleet."
  }
}

variable "prefix_claim" {
  description = "The claim that names the caller's folder; null lets every caller reach all of source_prefix."
  type        = string
  default     = null
  nullable    = true

  validation {
    condition     = var.prefix_claim == null || var.jwt != null
    error_message = "Expected no prefix_claim without jwt, because a claim is a part of a token, and with iam every caller would be refused: leave it out, or set jwt."
  }

  validation {
    condition     = var.prefix_claim == null || can(regex("^[A-Za-z0-9_:./-]{1,200}$", var.prefix_claim))
    error_message = "Expected the name of a claim as prefix_claim, of letters, digits, _, :, ., / and -: custom:folder, for example."
  }
}

variable "provisioned_concurrency" {
  description = "Environments of the function that are kept warm, billed by the hour."
  type        = number
  default     = 0
  nullable    = false
}

variable "purge_queue" {
  description = "The queue of keys to purge; null without purges."
  type = object({
    arn = string
    url = string
  })
  default  = null
  nullable = true
}

variable "recipes" {
  description = "The deployed recipes, as s3://bucket/key."
  type        = string
  nullable    = false
}

variable "reserved_concurrency" {
  description = "How many calls are answered at once, of which each may wait 20 seconds; null reserves none."
  type        = number
  default     = null
  nullable    = true
}

variable "serving_table" {
  description = "The table with the receipts of deletions."
  type = object({
    arn  = string
    name = string
  })
  nullable = false
}

variable "source_prefix" {
  description = "The folder of the sources bucket that the API may touch, with a slash at its end; empty for all of it."
  type        = string
  default     = ""
  nullable    = false

  # It becomes a part of ARNs in the role's policy, where * and ? are wildcards and $ begins a variable.
  validation {
    condition     = can(regex("^([A-Za-z0-9!'()-][A-Za-z0-9_!.'()-]*/)*$", var.source_prefix))
    error_message = "Expected source_prefix as folders of letters, digits and - . ! ' ( ), with a slash at the end of each which begins with none of _ and ., such as uploads/: without the slash, uploads would also mean uploads-private/."
  }
}

variable "sources_bucket" {
  description = "The sources bucket."
  type = object({
    arn  = string
    name = string
  })
  nullable = false
}

variable "tags" {
  description = "Tags of every resource that supports tags."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "throttling" {
  description = "Limits of each route, for all callers together: `rate` requests a second, and `burst` requests at once. API Gateway answers 429 to others."
  type = object({
    burst = optional(number, 100)
    rate  = optional(number, 50)
  })
  default  = {}
  nullable = false

  validation {
    condition     = var.throttling.rate >= 1 && var.throttling.burst >= 1 && floor(var.throttling.burst) == var.throttling.burst
    error_message = "Expected throttling with a rate of at least 1 a second and a burst as a whole number of at least 1: with 0 API Gateway refuses every request. Set api to null to switch the API off."
  }
}

variable "variants_bucket" {
  description = "The bucket with the manifests and the recipes."
  type = object({
    arn  = string
    name = string
  })
  nullable = false
}
