variable "batch_window_seconds" {
  description = "How long Lambda waits for a batch to fill; it lengthens the visibility timeout."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition = (
      var.batch_window_seconds >= 0
      && var.batch_window_seconds <= 300
      && floor(var.batch_window_seconds) == var.batch_window_seconds
    )
    error_message = "batch_window_seconds must be whole seconds from 0 to 300: Lambda waits no longer than that."
  }
}

variable "dead_letter_retention_days" {
  description = "Days for which a dead letter is kept, counted from when it was first sent."
  type        = number
  default     = 14
  nullable    = false

  validation {
    condition = (
      var.dead_letter_retention_days >= 1
      && var.dead_letter_retention_days <= 14
      && floor(var.dead_letter_retention_days) == var.dead_letter_retention_days
    )
    error_message = "dead_letter_retention_days must be a whole number of days, 14 at most: SQS keeps no message longer."
  }

  validation {
    condition     = var.dead_letter_retention_days > var.retention_days
    error_message = "dead_letter_retention_days must be more than retention_days: a message keeps its age when it moves, and one that waited long would expire before a person sees it. Raise it (14 at most) or lower retention_days."
  }
}

variable "function_timeout_seconds" {
  description = "The timeout of the function that reads the lanes, but for lanes with a timeout of their own; the visibility timeout follows from it."
  type        = number
  nullable    = false

  validation {
    condition = (
      var.function_timeout_seconds >= 1
      && var.function_timeout_seconds <= 900
      && floor(var.function_timeout_seconds) == var.function_timeout_seconds
    )
    error_message = "function_timeout_seconds must be whole seconds from 1 to 900, which are Lambda's limits."
  }
}

variable "kms_key_arn" {
  description = "ARN of a customer-managed KMS key that encrypts the queues; null uses SSE-SQS, which costs nothing and needs no key policy."
  type        = string
  default     = null
  nullable    = true

  validation {
    condition = (
      var.kms_key_arn == null
      || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key_arn))
    )
    error_message = "kms_key_arn must be the ARN of a customer-managed key, not an alias: S3 can send only with a key whose policy allows it, and the policy of aws/sqs cannot be edited. Null uses SSE-SQS."
  }
}

variable "lanes" {
  description = "The queues by name: how many batches of each run at once, which key prefixes it gets, its larger lane, and the timeout of its function. `live` gets all other keys."
  type = map(object({
    function_timeout_seconds = optional(number)
    larger                   = optional(string)
    maximum_concurrency      = number
    prefixes                 = optional(list(string), [])
  }))
  default = {
    bulk = { maximum_concurrency = 20, prefixes = ["bulk/"] }
    live = { maximum_concurrency = 50 }
  }
  nullable = false

  validation {
    condition     = try(length(var.lanes["live"].prefixes) == 0, false)
    error_message = "lanes must have a lane `live` without prefixes: it gets every key that no other lane has."
  }

  validation {
    condition = alltrue([
      for name, lane in var.lanes :
      name == "live" || length(lane.prefixes) > 0 || contains([for each in values(var.lanes) : coalesce(each.larger, "-")], name)
    ])
    error_message = "Each lane except `live` must have prefixes or be the `larger` lane of another, or it would get no messages: add prefixes or remove the lane."
  }

  validation {
    condition     = alltrue([for name in keys(var.lanes) : can(regex("^[a-z]{1,20}$", name))])
    error_message = "The name of a lane must be 1 to 20 lower-case letters: the worker reads it from the end of the queue's name."
  }

  validation {
    condition     = !contains(keys(var.lanes), "letter")
    error_message = "A lane may not be called `letter`, which the dead-letter queue's name ends in: choose another name."
  }

  validation {
    condition     = length(var.lanes) <= 10
    error_message = "lanes must be ten or fewer: SQS allows at most ten queues to share a dead-letter queue."
  }

  validation {
    condition = alltrue([
      for lane in values(var.lanes) : (
        lane.maximum_concurrency >= 2
        && lane.maximum_concurrency <= 1000
        && floor(lane.maximum_concurrency) == lane.maximum_concurrency
      )
    ])
    error_message = "maximum_concurrency of each lane must be a whole number from 2 to 1000, which are Lambda's limits."
  }

  validation {
    condition = alltrue(flatten([
      for lane in values(var.lanes) : [
        for prefix in lane.prefixes : can(regex("^[^*?\\s][^*?\\s]{0,199}$", prefix))
      ]
    ]))
    error_message = "A prefix must be the beginning of keys, without wildcards or blanks, 200 characters at most: \"bulk/\", not \"bulk/*\"."
  }

  # By position, so that a prefix named twice counts as overlapping.
  validation {
    condition = alltrue(flatten([
      for i, one in flatten(values(var.lanes)[*].prefixes) : [
        for j, other in flatten(values(var.lanes)[*].prefixes) :
        i == j || !startswith(one, other)
      ]
    ]))
    error_message = "Prefixes of lanes must not overlap, or one key would belong to two queues: none may begin with another, and each may occur once."
  }
}

variable "max_receives" {
  description = "How often a message is received before it becomes a dead letter."
  type        = number
  default     = 8
  nullable    = false

  validation {
    condition = (
      var.max_receives >= 5
      && var.max_receives <= 1000
      && floor(var.max_receives) == var.max_receives
    )
    error_message = "max_receives must be a whole number from 5 to 1000: with fewer, throttling alone turns good messages into dead letters."
  }

  validation {
    condition = (
      var.max_receives * (6 * max(var.function_timeout_seconds, [for lane in values(var.lanes) : coalesce(lane.function_timeout_seconds, 1)]...) + var.batch_window_seconds)
      < var.retention_days * 86400
    )
    error_message = "max_receives receives, each as long as the longest visibility timeout (6 × function_timeout_seconds + batch_window_seconds), must fit into retention_days, or a message expires before it becomes a dead letter: lower max_receives or function_timeout_seconds, or raise retention_days."
  }
}

variable "prefix" {
  description = "Prefix of the name of every resource in this stack."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}$", var.prefix))
    error_message = "prefix must be 2 to 31 lower-case letters, digits and dashes, beginning with a letter: names of queues begin with it."
  }
}

variable "retention_days" {
  description = "Days for which a lane keeps a message that is not processed."
  type        = number
  default     = 4
  nullable    = false

  validation {
    condition = (
      var.retention_days >= 1
      && var.retention_days <= 13
      && floor(var.retention_days) == var.retention_days
    )
    error_message = "retention_days must be a whole number from 1 to 13: SQS keeps a message for 14 days at most, and dead letters are kept longer."
  }
}

variable "senders" {
  description = "The service that sends events to the lanes: `s3`, the bucket itself, or `eventbridge`, the rule with the queue's name."
  type        = string
  default     = "s3"
  nullable    = false

  validation {
    condition     = contains(["s3", "eventbridge"], var.senders)
    error_message = "senders must be \"s3\" (bucket notifications) or \"eventbridge\" (for a bucket whose notifications belong to others)."
  }
}

variable "sources_bucket_arn" {
  description = "ARN of the bucket whose events go to the lanes."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:s3:::[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$", var.sources_bucket_arn))
    error_message = "sources_bucket_arn must be the ARN of a bucket: \"arn:aws:s3:::my-photos\"."
  }
}

variable "tags" {
  description = "Tags of every resource that supports tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
