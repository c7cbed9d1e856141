variable "apply_policy_json" {
  description = "The policy that allows `terraform apply`, in JSON: docs/deploy.md, section Who applies."
  type        = string
  nullable    = false
}

variable "environment" {
  description = "GitHub's environment of the applying job; its protection rules say who approves."
  type        = string
  default     = "production"
  nullable    = false
}

variable "prefix" {
  description = "Prefix of the stack, and of the roles."
  type        = string
  nullable    = false
}

variable "region" {
  description = "Region of the stack."
  type        = string
  default     = "eu-central-1"
  nullable    = false
}

variable "repository" {
  description = "Owner and name of the repository that has the stack's main.tf, such as example/photos."
  type        = string
  nullable    = false
}

variable "state_bucket" {
  description = "Name of the bucket with Terraform's state."
  type        = string
  nullable    = false
}

variable "state_prefix" {
  description = "Beginning of the keys of this stack's state."
  type        = string
  default     = "pixfleet/"
  nullable    = false
}
