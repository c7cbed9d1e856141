variable "api" {
  description = "The HTTP API by its id, the log group of its function, and that of API Gateway; null for none."
  type = object({
    access_log_group_name = string
    id                    = string
    log_group_name        = string
  })
  default = null
}

variable "complete_seconds_p95" {
  description = "Seconds within which 95 of 100 uploads to the lane live must be complete; for other lanes the default is a day."
  type        = number
  default     = 300
  nullable    = false

  validation {
    condition     = var.complete_seconds_p95 >= 10 && var.complete_seconds_p95 <= 86400
    error_message = "complete_seconds_p95 must be 10 to 86,400 seconds: set the time that an uploader may wait."
  }
}

variable "dead_letter_queue_name" {
  description = "Name of the dead-letter queue."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,80}$", var.dead_letter_queue_name))
    error_message = "dead_letter_queue_name must be the name of a queue, not its ARN or URL: pass module.queue.dead_letter.name."
  }
}

variable "distribution_id" {
  description = "Id of the CloudFront distribution that serves the variants."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Z0-9]+$", var.distribution_id))
    error_message = "distribution_id must be the id of a distribution, capitals and digits: pass module.delivery.distribution.id."
  }
}

variable "email" {
  description = "E-mail address that the operations topic and the budget notify; null if another subscriber uses the topic."
  type        = string
  default     = null

  validation {
    condition     = can(regex("^[^@\\s]+@[^@\\s]+\\.[^@\\s]+$", coalesce(var.email, "nobody@example.com")))
    error_message = "email must be one address, such as ops@example.com; for several people use a mailing list."
  }
}

variable "function_architecture" {
  description = "Processor of the worker's function, which decides its price: arm64 or x86_64."
  type        = string
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.function_architecture)
    error_message = "function_architecture must be arm64 or x86_64, the function's own."
  }
}

variable "function_memory_mb" {
  description = "Memory of the worker's function in MB, from which its cost is estimated."
  type        = number
  nullable    = false

  validation {
    condition     = var.function_memory_mb >= 128 && var.function_memory_mb <= 10240 && floor(var.function_memory_mb) == var.function_memory_mb
    error_message = "function_memory_mb must be a whole number from 128 to 10,240, the function's own."
  }
}

variable "function_name" {
  description = "Name of the worker's function."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_-]{1,64}$", var.function_name))
    error_message = "function_name must be the name of a function, not its ARN: pass module.function.function.name."
  }
}

variable "function_timeout_seconds" {
  description = "Timeout of the worker's function in seconds; the threshold of the alarm on duration is 80 % of it."
  type        = number
  nullable    = false

  validation {
    condition     = var.function_timeout_seconds >= 1 && var.function_timeout_seconds <= 900
    error_message = "function_timeout_seconds must be 1 to 900, the function's own: Lambda stops every invocation after 900 s."
  }
}

variable "kms_key_arn" {
  description = "ARN of the KMS key that encrypts the operations topic; null leaves it unencrypted at rest."
  type        = string
  default     = null

  validation {
    condition     = can(regex("^arn:[a-z-]+:kms:[a-z0-9-]+:[0-9]{12}:key/", coalesce(var.kms_key_arn, "arn:aws:kms:eu-west-1:123456789012:key/none")))
    error_message = "kms_key_arn must be the ARN of a key of your own: CloudWatch cannot publish through alias/aws/sns, and an alias is no key."
  }
}

variable "lanes" {
  description = "The lanes by name: each one's queue, the seconds within which 95 of 100 of its sources must be complete, whether it forwards to a larger lane, and the EventBridge rule that sends its events."
  type = map(object({
    queue_name           = string
    complete_seconds_p95 = optional(number)
    forwards             = optional(bool, false)
    rule_name            = optional(string)
  }))
  nullable = false

  validation {
    condition     = contains(keys(var.lanes), "live")
    error_message = "lanes must have one named live: it has all keys that no other lane has."
  }

  validation {
    condition     = length(var.lanes) <= 10
    error_message = "lanes must be ten at most, or the dashboard is not readable. Put sources with the same urgency into one lane."
  }

  validation {
    condition     = alltrue([for name in keys(var.lanes) : can(regex("^[a-z]+$", name))])
    error_message = "lanes must be named in lower-case letters only: the worker reads a lane's name from the end of its queue's name."
  }

  validation {
    condition     = alltrue([for name, lane in var.lanes : endswith(lane.queue_name, "-${name}")])
    error_message = "lanes must name queues that end in -<lane>: the worker writes that name into its metrics, and an alarm on another name would never change its state."
  }

  validation {
    condition = alltrue([
      for lane in var.lanes : coalesce(lane.complete_seconds_p95, 10) >= 10 && coalesce(lane.complete_seconds_p95, 10) <= 1209600
    ])
    error_message = "complete_seconds_p95 of a lane must be 10 s to 14 days (1,209,600 s), after which SQS drops its messages."
  }
}

variable "log_group_name" {
  description = "Name of the log group that the worker writes to."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[A-Za-z0-9_/.#-]{1,512}$", var.log_group_name))
    error_message = "log_group_name must be the name of a log group, not its ARN: pass module.function.log_group.name."
  }
}

variable "monthly_budget_usd" {
  description = "Budget of the whole account for a month, in dollars; null creates no budget."
  type        = number
  default     = null

  validation {
    condition     = coalesce(var.monthly_budget_usd, 1) > 0
    error_message = "monthly_budget_usd must be more than 0, or null for no budget."
  }

  validation {
    condition     = var.monthly_budget_usd == null || var.email != null
    error_message = "monthly_budget_usd needs an address to notify: set email too."
  }
}

variable "notifications_topic_name" {
  description = "Name of the topic whose events are sent to HTTPS addresses; null for none."
  type        = string
  default     = null
  nullable    = true
}

variable "prefix" {
  description = "Prefix of every name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}$", var.prefix))
    error_message = "prefix must be 2 to 31 lower-case letters, digits and hyphens, beginning with a letter."
  }
}

variable "purge" {
  description = "The function that sends invalidations to CloudFront, and its log group; null for none."
  type = object({
    function_name  = string
    log_group_name = string
  })
  default = null

  validation {
    condition     = var.purge == null || try(regex("^[A-Za-z0-9_-]{1,64}$", var.purge.function_name) != "", false)
    error_message = "purge.function_name must be the name of a function, not its ARN: pass module.purge.function.name."
  }
}

variable "renderer" {
  description = "The function that makes missing variants on demand, its log group, and its memory, from which its cost is estimated; null for none."
  type = object({
    function_name  = string
    log_group_name = string
    memory_mb      = number
  })
  default = null

  validation {
    condition     = var.renderer == null || try(regex("^[A-Za-z0-9_-]{1,64}$", var.renderer.function_name) != "", false)
    error_message = "renderer.function_name must be the name of a function, not its ARN: pass module.renderer.function.name."
  }
}

variable "renderer_daily_usd" {
  description = "Dollars that the renderer may cost in a day."
  type        = number
  default     = 10
  nullable    = false

  validation {
    condition     = var.renderer_daily_usd > 0
    error_message = "renderer_daily_usd must be more than 0: set what a day of first requests may cost."
  }
}

variable "renders_per_minute" {
  description = "Variants a minute that readers may have rendered for ten minutes."
  type        = number
  default     = 600
  nullable    = false

  validation {
    condition     = var.renders_per_minute > 0
    error_message = "renders_per_minute must be more than 0: set what your readers normally ask for first."
  }
}

variable "runbook_url" {
  description = "URL of the runbook; the alarms link to its sections."
  type        = string
  default     = "docs/runbook.md"
  nullable    = false

  validation {
    condition     = can(regex("^[^#\\s]{1,200}$", var.runbook_url))
    error_message = "runbook_url must be up to 200 characters without spaces and without #: each alarm adds its own section."
  }
}

variable "sizes" {
  description = "Further functions that process lanes, by the name of a lane: lanes with more memory or time than the others have one of their own."
  type = map(object({
    function_name   = string
    log_group_name  = string
    memory_mb       = number
    timeout_seconds = number
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for size in values(var.sizes) : can(regex("^[A-Za-z0-9_-]{1,64}$", size.function_name))])
    error_message = "sizes.function_name must be the name of a function, not its ARN: pass module.function.function.name."
  }

  validation {
    condition     = alltrue([for size in values(var.sizes) : size.timeout_seconds >= 1 && size.timeout_seconds <= 900])
    error_message = "sizes.timeout_seconds must be 1 to 900, the function's own: Lambda stops every invocation after 900 s."
  }
}

variable "tags" {
  description = "Tags of every resource that supports tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
