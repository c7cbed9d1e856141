variable "deletion_protection" {
  description = "Whether AWS refuses to delete the ledger; turn it off, apply, and only then destroy."
  type        = bool
  default     = true
  nullable    = false
}

variable "has_serving_table" {
  description = "Whether to create the serving table too, which the renderer, purges and the API need."
  type        = bool
  default     = false
  nullable    = false
}

variable "keeps_receipts" {
  description = "Whether the serving table has receipts of deletions, which are proofs: it is then protected and recovered as the ledger is."
  type        = bool
  default     = false
  nullable    = false
}

variable "kms_key_arn" {
  description = "ARN of a customer-managed KMS key that encrypts the tables; null uses the key that DynamoDB owns, which costs nothing."
  type        = string
  default     = null
  nullable    = true

  validation {
    condition = (
      var.kms_key_arn == null
      || can(regex("^arn:aws[a-z-]*:kms:[a-z0-9-]+:[0-9]{12}:key/[A-Za-z0-9-]+$", var.kms_key_arn))
    )
    error_message = "kms_key_arn must be the ARN of a customer-managed key, not an alias; null uses the key that DynamoDB owns."
  }
}

variable "prefix" {
  description = "Prefix of the name of every resource in this stack."
  type        = string
  nullable    = false

  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,30}$", var.prefix))
    error_message = "prefix must be 2 to 31 lower-case letters, digits and dashes, beginning with a letter: the table's name begins with it."
  }
}

variable "tags" {
  description = "Tags of every resource that supports tags."
  type        = map(string)
  default     = {}
  nullable    = false
}
