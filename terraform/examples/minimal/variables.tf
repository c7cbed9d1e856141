variable "email" {
  description = "Address that the alarms write to; it has to confirm once."
  type        = string
  nullable    = false
}

variable "package_path" {
  description = "Path of the worker's zip, which `make package` builds."
  type        = string
  nullable    = false
}

variable "prefix" {
  description = "Beginning of every name."
  type        = string
  nullable    = false
}
