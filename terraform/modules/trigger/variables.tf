variable "batch_window_seconds" {
  description = "How long Lambda waits for a batch of ten to fill, in seconds."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.batch_window_seconds >= 0 && var.batch_window_seconds <= 300 && floor(var.batch_window_seconds) == var.batch_window_seconds
    error_message = "Expected batch_window_seconds as a whole number from 0 to 300, which is Lambda's longest window."
  }
}

variable "dead_letter_queue_arn" {
  description = "ARN of the queue for events that EventBridge cannot deliver; its policy must allow the lanes' rules."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:sqs:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,80}$", var.dead_letter_queue_arn))
    error_message = "Expected the ARN of a standard queue as dead_letter_queue_arn, arn:aws:sqs:<region>:<account>:<name>; EventBridge accepts no FIFO queue there."
  }
}

variable "function_alias_arns" {
  description = "ARN of the alias that processes the batches, by lane."
  type        = map(string)
  nullable    = false

  validation {
    condition     = alltrue([for arn in values(var.function_alias_arns) : can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[^:]+:[^:]+$", arn))])
    error_message = "Expected the ARN of an alias for each lane, arn:aws:lambda:<region>:<account>:function:<name>:<alias>, so that a release can be rolled back."
  }
}

variable "lanes" {
  description = "Lanes by name: how many batches run at once, of how many messages, and the prefixes of its keys. `live` has all other keys."
  type = map(object({
    batch_size          = optional(number, 10)
    maximum_concurrency = number
    prefixes            = optional(list(string), [])
  }))
  nullable = false

  validation {
    condition     = contains(keys(var.lanes), "live")
    error_message = "Expected a lane named live: it has all keys that no other lane has."
  }

  validation {
    condition     = alltrue([for lane in keys(var.lanes) : can(regex("^[a-z]+$", lane))])
    error_message = "Expected lanes named with lower-case letters only, because the worker reads a lane's name from the end of its queue's name."
  }

  validation {
    condition     = alltrue([for lane in values(var.lanes) : lane.maximum_concurrency >= 2 && lane.maximum_concurrency <= 1000 && floor(lane.maximum_concurrency) == lane.maximum_concurrency])
    error_message = "Expected maximum_concurrency as a whole number from 2 to 1000, which are the limits of an event source mapping."
  }

  validation {
    condition     = length(try(var.lanes["live"].prefixes, [])) == 0
    error_message = "Expected no prefixes for the lane live: it has all keys that no other lane has."
  }

  validation {
    condition     = alltrue([for prefix in flatten(values(var.lanes)[*].prefixes) : can(regex("^[A-Za-z0-9!_.'()/-]+$", prefix)) && !startswith(prefix, "/")])
    error_message = "Expected prefixes of letters, digits and !_.'()/- that do not begin with a slash, such as bulk/: keys do not begin with a slash, and * is not a wildcard there."
  }

  validation {
    condition = alltrue([
      for each in setproduct(range(length(flatten(values(var.lanes)[*].prefixes))), range(length(flatten(values(var.lanes)[*].prefixes)))) :
      each[0] == each[1] || !startswith(flatten(values(var.lanes)[*].prefixes)[each[0]], flatten(values(var.lanes)[*].prefixes)[each[1]])
    ])
    error_message = "Expected prefixes that do not begin with one another, or one event would go to two lanes; remove the longer one, or choose others."
  }

  validation {
    condition     = var.mode == "eventbridge" || length(flatten(values(var.lanes)[*].prefixes)) == 0
    error_message = "Expected no prefixes with mode notification: S3 cannot send `everything but bulk/` anywhere. Set the mode to eventbridge, or keep `live` as the only lane."
  }
}

variable "mode" {
  description = "How events reach the queues: `notification`, from S3 directly, or `eventbridge`, which keeps a bucket's notifications and supports prefixes."
  type        = string
  default     = "notification"
  nullable    = false

  validation {
    condition     = contains(["eventbridge", "notification"], var.mode)
    error_message = "Expected notification or eventbridge as mode."
  }
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

variable "queues" {
  description = "Queues by lane, with policies that allow the events."
  type = map(object({
    arn  = string
    url  = string
    name = string
  }))
  nullable = false

  validation {
    condition     = length(setsubtract(keys(var.lanes), keys(var.queues))) == 0
    error_message = "Expected a queue for every lane; pass the queue module's output `lanes`."
  }
}

variable "replace_notifications_of" {
  description = "Name of an existing bucket whose notifications may all be replaced by ours."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = contains(["", var.sources_bucket.name], var.replace_notifications_of)
    error_message = "Expected the name of the sources bucket as replace_notifications_of, or an empty string."
  }

  validation {
    condition     = var.sources_bucket.is_ours || var.mode == "eventbridge" || var.replace_notifications_of != ""
    error_message = "Expected the bucket's name as replace_notifications_of: the bucket exists, and mode notification would delete every notification that it has. Set the mode to eventbridge to keep them."
  }
}

variable "sources_bucket" {
  description = "The bucket that sends the events, and whether this stack created it."
  type = object({
    name    = string
    arn     = string
    is_ours = bool
  })
  nullable = false
}

variable "tags" {
  description = "Tags of every resource that supports tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
