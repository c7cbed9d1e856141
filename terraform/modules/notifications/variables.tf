variable "kms_key_arn" {
  description = "ARN of a customer-managed KMS key that encrypts topic and queue; null uses none for the topic, and SQS's own for the queue."
  type        = string
  default     = null
  nullable    = true
}

variable "prefix" {
  description = "Prefix of every name."
  type        = string
  nullable    = false
}

variable "subscriptions" {
  description = "Addresses that get the events with POST, by names of your own: `url`, and `events`, such as `rejected`, if it should not get all."
  type = map(object({
    events = optional(list(string))
    url    = string
  }))
  default  = {}
  nullable = false

  validation {
    condition     = alltrue([for each in values(var.subscriptions) : can(regex("^https://[A-Za-z0-9.-]+(:[0-9]+)?(/[^\\s@]*)?$", each.url))])
    error_message = "Expected each url of notifications.subscriptions to begin with https:// and to have neither a user nor a password, which everyone who reads the state would know: let the receiver check the signature instead."
  }

  validation {
    condition = alltrue(flatten([
      for each in values(var.subscriptions) : [
        for event in coalesce(each.events, ["complete"]) : contains(["complete", "replaced", "rejected", "removed"], event)
      ]
    ]))
    error_message = "Expected each of events to be complete, replaced, rejected or removed: docs/events.md describes them. Leave out events for all of them."
  }

  validation {
    condition     = alltrue([for each in values(var.subscriptions) : try(length(each.events) > 0, true)])
    error_message = "Expected at least one event in events, or none at all: without any, the address would get nothing. Leave out events for all of them."
  }
}

variable "tags" {
  description = "Tags of every resource that supports tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
