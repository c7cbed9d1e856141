variable "architecture" {
  description = "Instruction set that the package was built for."
  type        = string
  default     = "arm64"
  nullable    = false

  validation {
    condition     = contains(["arm64", "x86_64"], var.architecture)
    error_message = "Expected arm64 or x86_64 as architecture; build the package for the same one, `make package ARCH=arm64`."
  }
}

variable "environment" {
  description = "Environment variables by name."
  type        = map(string)
  default     = {}
  nullable    = false

  validation {
    condition     = length(jsonencode(var.environment)) <= 4096
    error_message = "Expected an environment of at most 4 KB, which is Lambda's limit; store long values in an object and pass its name."
  }
}

variable "ephemeral_storage_mb" {
  description = "Size of /tmp, in MB."
  type        = number
  default     = 512
  nullable    = false

  validation {
    condition     = var.ephemeral_storage_mb >= 512 && var.ephemeral_storage_mb <= 10240
    error_message = "Expected ephemeral_storage_mb from 512 to 10240, which are Lambda's limits."
  }
}

variable "handler" {
  description = "Module and function of the handler, such as worker.batch.handler."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z_]+([.][a-z_]+)+$", var.handler))
    error_message = "Expected a handler such as worker.batch.handler: the module, a dot, the function."
  }
}

variable "kms_key_arn" {
  description = "ARN of the key that encrypts the environment and the logs; null uses AWS's own keys for both."
  type        = string
  default     = null
  nullable    = true

  validation {
    condition     = can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", coalesce(var.kms_key_arn, "arn:aws:kms:us-east-1:000000000000:key/none")))
    error_message = "Expected the ARN of a KMS key, arn:aws:kms:<region>:<account>:key/<id>, not an alias, or null."
  }
}

variable "log_retention_days" {
  description = "Days after which log lines are deleted."
  type        = number
  default     = 30
  nullable    = false

  validation {
    condition     = contains([1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731, 1096, 1827, 2192, 2557, 2922, 3288, 3653], var.log_retention_days)
    error_message = "Expected one of CloudWatch's retentions as log_retention_days: 1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365 or a longer one of its list; logs without retention are kept and billed for ever."
  }
}

variable "memory_mb" {
  description = "Memory in MB; 1,769 MB have one vCPU."
  type        = number
  default     = 1769
  nullable    = false

  validation {
    condition     = var.memory_mb >= 128 && var.memory_mb <= 10240 && floor(var.memory_mb) == var.memory_mb
    error_message = "Expected memory_mb as a whole number from 128 to 10240, which are Lambda's limits."
  }
}

variable "name" {
  description = "Name of the function, after the prefix."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{0,30}$", var.name))
    error_message = "Expected a name of up to 31 lower-case letters, digits and dashes that begins with a letter, such as worker."
  }
}

variable "package_path" {
  description = "Path of the zip with the code; `make package` builds it."
  type        = string
  nullable    = false

  validation {
    condition     = fileexists(var.package_path)
    error_message = "Expected a zip at package_path, and there is no such file; build it with `make package`."
  }
}

variable "policy_json" {
  description = "IAM policy, in JSON, with the function's permissions besides writing its own logs."
  type        = string
  nullable    = false

  validation {
    condition     = can(jsondecode(var.policy_json).Statement)
    error_message = "Expected an IAM policy in JSON as policy_json; take the `json` of an aws_iam_policy_document."
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

variable "provisioned_concurrency" {
  description = "Provisioned concurrency of the alias, billed by the hour."
  type        = number
  default     = 0
  nullable    = false

  validation {
    condition     = var.provisioned_concurrency >= 0 && floor(var.provisioned_concurrency) == var.provisioned_concurrency
    error_message = "Expected provisioned_concurrency as a whole number; 0 for none."
  }

  validation {
    condition     = var.provisioned_concurrency <= coalesce(var.reserved_concurrency, var.provisioned_concurrency)
    error_message = "Expected provisioned_concurrency of at most reserved_concurrency, or Lambda refuses it; raise the latter or lower the former."
  }
}

variable "reserved_concurrency" {
  description = "Reserved concurrency: the function's maximum, which no other function can use; null reserves none."
  type        = number
  default     = null
  nullable    = true

  validation {
    condition     = coalesce(var.reserved_concurrency, 1) >= 1 && floor(coalesce(var.reserved_concurrency, 1)) == coalesce(var.reserved_concurrency, 1)
    error_message = "Expected reserved_concurrency of at least 1, because 0 stops the function, or null to reserve none."
  }
}

variable "runtime" {
  description = "Lambda's Python runtime, for which the package was built."
  type        = string
  default     = "python3.13"
  nullable    = false

  validation {
    condition     = can(regex("^python3[.][0-9]+$", var.runtime))
    error_message = "Expected a Python runtime, such as python3.13, the one that the package was built for."
  }
}

variable "tags" {
  description = "Tags of every resource that supports tags."
  type        = map(string)
  default     = {}
  nullable    = false
}

variable "timeout_seconds" {
  description = "Seconds after which Lambda ends an invocation."
  type        = number
  default     = 300
  nullable    = false

  validation {
    condition     = var.timeout_seconds >= 1 && var.timeout_seconds <= 900 && floor(var.timeout_seconds) == var.timeout_seconds
    error_message = "Expected timeout_seconds as a whole number from 1 to 900, which are Lambda's limits."
  }
}
