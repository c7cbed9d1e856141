variable "domain_name" {
  description = "Name that serves the pictures, such as images.example.org."
  type        = string
  nullable    = false
}

variable "email" {
  description = "E-mail address for alarms; its owner must confirm the subscription."
  type        = string
  nullable    = false
}

variable "package_path" {
  description = "Path of the worker's zip, which `make package` builds."
  type        = string
  nullable    = false
}

variable "pagerduty_url" {
  description = "Integration URL of a PagerDuty service with the integration Amazon CloudWatch; null for none."
  type        = string
  default     = null
  sensitive   = true
}

variable "prefix" {
  description = "Prefix of every name."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of the stack."
  type        = string
  default     = "eu-central-1"
  nullable    = false
}

variable "slack" {
  description = "Ids of a Slack workspace, which is authorised in the console once, and of a channel; null for none."
  type        = object({ channel_id = string, team_id = string })
  default     = null
}

variable "zone_name" {
  description = "Name of the public hosted zone in Route 53, such as example.org."
  type        = string
  nullable    = false
}
