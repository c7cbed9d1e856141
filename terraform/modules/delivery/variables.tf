variable "access_logs" {
  description = "The bucket for CloudFront's standard logs and the prefix of their keys; null for none. The bucket must have ACLs enabled."
  type = object({
    bucket_domain_name = string
    prefix             = optional(string, "cloudfront/")
  })
  default = null

  validation {
    condition     = var.access_logs == null || can(regex("\\.s3[.-].*amazonaws\\.com", var.access_logs.bucket_domain_name))
    error_message = "access_logs.bucket_domain_name must be a bucket's domain name such as logs.s3.amazonaws.com, not its name or ARN: use the bucket's bucket_domain_name."
  }
}

variable "certificate_arn" {
  description = "The ACM certificate for domain_names, in us-east-1; null without domain names."
  type        = string
  default     = null

  validation {
    condition     = var.certificate_arn == null || can(regex("^arn:aws[a-z-]*:acm:us-east-1:[0-9]{12}:certificate/", var.certificate_arn))
    error_message = "certificate_arn must be of an ACM certificate in us-east-1, where CloudFront looks for it: request the certificate there."
  }

  validation {
    condition     = (var.certificate_arn == null) == (length(var.domain_names) == 0)
    error_message = "certificate_arn and domain_names belong together: give both, or neither for the cloudfront.net name."
  }
}

variable "cors_origins" {
  description = "The origins whose scripts may read pictures and manifests, such as https://www.example.com; [\"*\"] for all, [] for none."
  type        = list(string)
  default     = ["*"]
  nullable    = false

  validation {
    condition = alltrue([
      for origin in var.cors_origins : origin == "*" || can(regex("^https?://[a-z0-9*.-]+(:[0-9]+)?$", origin))
    ])
    error_message = "Each of cors_origins must be \"*\" or scheme and host without a path, such as https://www.example.com."
  }

  validation {
    condition     = alltrue([for origin in var.cors_origins : length(split("*", origin)) <= 2])
    error_message = "Each of cors_origins may have one \"*\" only, such as https://*.example.com: name the others."
  }

  validation {
    condition     = !contains(var.cors_origins, "*") || length(var.cors_origins) == 1
    error_message = "cors_origins with \"*\" allows everyone already: leave out the others, or \"*\"."
  }
}

variable "default_browser_seconds" {
  description = "How long browsers cache the response to a URL without a version, in seconds."
  type        = number
  default     = 300
  nullable    = false

  validation {
    condition = (
      var.default_browser_seconds >= 0
      && var.default_browser_seconds <= 86400
      && floor(var.default_browser_seconds) == var.default_browser_seconds
    )
    error_message = "default_browser_seconds must be a whole number from 0 to 86400: a browser's cache cannot be invalidated, so use the manifest's URLs for longer times."
  }
}

variable "domain_names" {
  description = "Domain names of the distribution besides its own; each needs a DNS alias to it."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = alltrue([for name in var.domain_names : can(regex("^(\\*\\.)?([a-z0-9-]+\\.)+[a-z]{2,}$", name))])
    error_message = "Each of domain_names must be a host name in lower case such as img.example.com, without https:// or a path."
  }
}

variable "hsts" {
  description = "Strict-Transport-Security of pictures and manifests, which tells browsers to use HTTPS only for the whole host name; null for none."
  type = object({
    include_subdomains = optional(bool, false)
    max_age_seconds    = number
    preload            = optional(bool, false)
  })
  default = null

  validation {
    condition     = var.hsts == null || try(var.hsts.max_age_seconds >= 0 && floor(var.hsts.max_age_seconds) == var.hsts.max_age_seconds, false)
    error_message = "hsts.max_age_seconds must be a whole number of at least 0: 0 makes browsers forget it."
  }

  # https://hstspreload.org/#deployment-recommendations
  validation {
    condition     = var.hsts == null || try(!var.hsts.preload || (var.hsts.include_subdomains && var.hsts.max_age_seconds >= 31536000), false)
    error_message = "hsts.preload needs include_subdomains and a max_age_seconds of at least 31536000: otherwise no browser's list accepts the host name."
  }
}

variable "origin_shield_region" {
  description = "The Region of an Origin Shield, a second cache before the bucket that is paid for each request: the one nearest to the bucket; null for none."
  type        = string
  default     = null

  # https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_OriginShield.html
  validation {
    condition     = var.origin_shield_region == null || can(regex("^[a-z]{2}-[a-z]+-[0-9]$", var.origin_shield_region))
    error_message = "origin_shield_region must be a Region such as eu-west-1: choose the one nearest to the bucket from the list in CloudFront's guide on Origin Shield."
  }
}

variable "prefix" {
  description = "Prefix of every name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}$", var.prefix))
    error_message = "prefix must be 2 to 31 lower-case letters, digits and dashes, beginning with a letter."
  }
}

variable "price_class" {
  description = "Which edge locations serve: PriceClass_100 is North America and Europe, PriceClass_All the world."
  type        = string
  default     = "PriceClass_100"
  nullable    = false

  validation {
    condition     = contains(["PriceClass_100", "PriceClass_200", "PriceClass_All"], var.price_class)
    error_message = "price_class must be PriceClass_100, PriceClass_200 or PriceClass_All."
  }
}

variable "recipes_json" {
  description = "The recipes in JSON form: jsonencode(yamldecode(file(\"recipes.yaml\")))."
  type        = string
  nullable    = false

  validation {
    condition = try(
      min([for recipe in jsondecode(var.recipes_json).recipes : length(recipe.variants)]...) > 0,
      false,
    )
    error_message = "recipes_json must be recipes that `pixfleet recipes check` accepts, in JSON form: use jsonencode(yamldecode(file(\"recipes.yaml\")))."
  }
}

# Whatever uses this variable comes after the worker's alias: an older worker does not delete what a renderer has stored.
variable "renderer" {
  description = "The function that makes missing objects at their first request, by its alias, and the alias of the worker that leaves them to it; null for none."
  type = object({
    alias_name       = string
    function_name    = string
    worker_alias_arn = string
  })
  default = null

  validation {
    condition     = var.renderer == null || try(regex("^[A-Za-z0-9_-]{1,64}$", var.renderer.function_name) != "", false)
    error_message = "renderer.function_name must be the name of a function, not its ARN: pass module.renderer.function.name."
  }

  validation {
    condition     = var.renderer == null || try(regex("^[a-zA-Z0-9_-]*[a-zA-Z_-][a-zA-Z0-9_-]*$", var.renderer.alias_name) != "", false)
    error_message = "renderer.alias_name must be an alias, not $LATEST or a version: the distribution must ask the released code."
  }
}

variable "signing_key_group_ids" {
  description = "CloudFront key groups; if there are any, every URL and manifest must be signed by one of their keys."
  type        = list(string)
  default     = []
  nullable    = false

  validation {
    condition     = length(var.signing_key_group_ids) <= 4
    error_message = "signing_key_group_ids may have at most four key groups for a distribution's behaviour: put more keys into one group."
  }
}

variable "tags" {
  description = "Tags of every resource that supports tags."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "variants_bucket" {
  description = "The bucket of the variants; this module owns its policy."
  type = object({
    name                 = string
    arn                  = string
    regional_domain_name = string
  })
  nullable = false

  validation {
    condition     = can(regex("\\.s3[.-][a-z0-9-]+\\.amazonaws\\.com", var.variants_bucket.regional_domain_name))
    error_message = "variants_bucket.regional_domain_name must name the region, such as b.s3.eu-west-1.amazonaws.com: a global name answers with redirects, which CloudFront caches."
  }
}

variable "web_acl_arn" {
  description = "A WAF web ACL (v2, scope CLOUDFRONT); null for none."
  type        = string
  default     = null

  validation {
    condition     = var.web_acl_arn == null || can(regex("^arn:aws[a-z-]*:wafv2:us-east-1:[0-9]{12}:global/webacl/", var.web_acl_arn))
    error_message = "web_acl_arn must be of a web ACL of scope CLOUDFRONT, in us-east-1: a regional ACL cannot protect a distribution."
  }
}
