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

variable "prefix" {
  description = "Prefix of every name."
  type        = string
  nullable    = false
}
