variable "architecture" {
  description = "Instruction set that the package was built for."
  type        = string
  default     = "arm64"
  nullable    = false
}

variable "distribution" {
  description = "The distribution that is purged."
  type = object({
    arn = string
    id  = string
  })
  nullable = false
}

variable "kms_key_arn" {
  description = "ARN of a customer-managed KMS key that encrypts queue, environment and logs; null uses AWS's own keys."
  type        = string
  default     = null
  nullable    = true
}

variable "log_retention_days" {
  description = "Days after which log lines are deleted."
  type        = number
  default     = 30
  nullable    = false
}

variable "monthly_paths" {
  description = "Paths that may be invalidated in a month of UTC. The first 1,000 of an account are free. Each key takes four: two, and two more a minute later."
  type        = number
  default     = 1000
  nullable    = false

  validation {
    condition     = var.monthly_paths >= 1 && var.monthly_paths <= 1000000 && floor(var.monthly_paths) == var.monthly_paths
    error_message = "Expected monthly_paths as a whole number from 1 to 1000000; to purge nothing, set enabled to false."
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

variable "serving_table" {
  description = "The table in which the month's paths are counted."
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
