variable "api_certificate_arn" {
  description = "ARN of the certificate for api.<domain_name>, in `region`."
  type        = string
  nullable    = false
}

variable "archive_bucket" {
  description = "Name of a bucket that exists and sends its events to EventBridge."
  type        = string
  nullable    = false
}

variable "certificate_arn" {
  description = "ARN of the certificate for images.<domain_name>, in us-east-1."
  type        = string
  nullable    = false
}

variable "domain_name" {
  description = "Domain whose pages show the pictures; `images.<domain_name>` serves them."
  type        = string
  nullable    = false
}

variable "email" {
  description = "E-mail address for alarms; its owner must confirm the subscription."
  type        = string
  nullable    = false
}

variable "logs_bucket" {
  description = "Name of the bucket for access logs, with ACLs enabled for CloudFront's."
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
  default     = "pixfleet"
  nullable    = false
}

variable "recipes_path" {
  description = "Path of your own recipes; null uses the repository's."
  type        = string
  default     = null
  nullable    = true
}

variable "region" {
  description = "Region of all resources except the copies."
  type        = string
  default     = "eu-central-1"
  nullable    = false
}

variable "replica_region" {
  description = "Region of the copies."
  type        = string
  default     = "eu-west-1"
  nullable    = false
}

variable "signing_public_key" {
  description = "Public key of the signer of URLs, in PEM form."
  type        = string
  nullable    = false
}

variable "web_acl_arn" {
  description = "ARN of the WAF web ACL, of scope CLOUDFRONT."
  type        = string
  nullable    = false
}
