variable "batch_window_seconds" {
  description = "Longest that a message waits for nine others, in seconds."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.batch_window_seconds >= 0 && var.batch_window_seconds <= 300 && floor(var.batch_window_seconds) == var.batch_window_seconds
    error_message = "Expected batch_window_seconds as a whole number from 0 to 300, which is Lambda's longest window."
  }
}

variable "function_alias_arn" {
  description = "ARN of the alias that the batches are handed to."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[^:]+:[^:]+$", var.function_alias_arn))
    error_message = "Expected the ARN of an alias as function_alias_arn, arn:aws:lambda:<region>:<account>:function:<name>:<alias>, so that a release can be taken back."
  }
}

variable "lanes" {
  description = "Lanes by name: how many batches at once, and the beginnings of the keys that go there. `live` has all other keys."
  type = map(object({
    maximum_concurrency = number
    prefixes            = optional(list(string), [])
  }))
  nullable = false

  validation {
    condition     = contains(keys(var.lanes), "live")
    error_message = "Expected a lane named live: it takes whatever no other lane has asked for."
  }

  validation {
    condition     = alltrue([for lane in keys(var.lanes) : can(regex("^[a-z]+$", lane))])
    error_message = "Expected lanes named with lower-case letters only, since the worker takes a lane's name from the last word of its queue's."
  }

  validation {
    condition     = alltrue([for lane in values(var.lanes) : lane.maximum_concurrency >= 2 && lane.maximum_concurrency <= 1000 && floor(lane.maximum_concurrency) == lane.maximum_concurrency])
    error_message = "Expected maximum_concurrency as a whole number from 2 to 1000, which is what an event source mapping takes."
  }

  validation {
    condition     = length(try(var.lanes["live"].prefixes, [])) == 0
    error_message = "Expected no prefixes for the lane live: it takes whatever no other lane has asked for."
  }

  validation {
    condition     = alltrue([for prefix in flatten(values(var.lanes)[*].prefixes) : can(regex("^[A-Za-z0-9!_.'()/-]+$", prefix)) && !startswith(prefix, "/")])
    error_message = "Expected prefixes of letters, digits and !_.'()/- that do not begin with a slash, such as bulk/: keys do not begin with one, and * stands for nothing else there."
  }

  validation {
    condition = alltrue([
      for each in setproduct(range(length(flatten(values(var.lanes)[*].prefixes))), range(length(flatten(values(var.lanes)[*].prefixes)))) :
      each[0] == each[1] || !startswith(flatten(values(var.lanes)[*].prefixes)[each[0]], flatten(values(var.lanes)[*].prefixes)[each[1]])
    ])
    error_message = "Expected prefixes none of which begins with another, or one event would go to two lanes; leave the longer one out, or choose others."
  }

  validation {
    condition     = var.mode == "eventbridge" || length(flatten(values(var.lanes)[*].prefixes)) == 0
    error_message = "Expected no prefixes with mode notification: S3 cannot send `everything but bulk/` anywhere. Set the mode to eventbridge, or keep `live` as the only lane."
  }
}

variable "mode" {
  description = "How events come: `notification`, from S3 to the queue, or `eventbridge`, which leaves a bucket's notifications alone and knows prefixes."
  type        = string
  default     = "notification"
  nullable    = false

  validation {
    condition     = contains(["eventbridge", "notification"], var.mode)
    error_message = "Expected notification or eventbridge as mode."
  }
}

variable "prefix" {
  description = "Beginning of every name."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}$", var.prefix))
    error_message = "Expected a prefix of 2 to 31 lower-case letters, digits and dashes that begins with a letter, such as pixfleet."
  }
}

variable "queues" {
  description = "Queues by lane, with policies that let the events in."
  type = map(object({
    arn  = string
    url  = string
    name = string
  }))
  nullable = false

  validation {
    condition     = length(setsubtract(keys(var.lanes), keys(var.queues))) == 0
    error_message = "Expected a queue for every lane; hand on the queue module's output `lanes`."
  }
}

variable "replace_notifications_of" {
  description = "Name of a bucket that is not ours and whose notifications, all of them, may be replaced by ours."
  type        = string
  default     = ""
  nullable    = false

  validation {
    condition     = contains(["", var.sources_bucket.name], var.replace_notifications_of)
    error_message = "Expected the name of the sources bucket as replace_notifications_of, or nothing."
  }

  validation {
    condition     = var.sources_bucket.is_ours || var.mode == "eventbridge" || var.replace_notifications_of != ""
    error_message = "Expected the bucket's name as replace_notifications_of: the bucket exists, and mode notification would delete every notification that it has. Set the mode to eventbridge to leave them alone."
  }
}

variable "sources_bucket" {
  description = "The bucket whose changes are told, and whether this stack made it."
  type = object({
    name    = string
    arn     = string
    is_ours = bool
  })
  nullable = false
}

variable "tags" {
  description = "Tags of everything that can have them."
  type        = map(string)
  default     = {}
  nullable    = false
}
