variable "architecture" {
  description = "Processor of this machine, in Lambda's terms: the local AWS runs the function on it."
  type        = string
  nullable    = false
}

variable "edge_url" {
  description = "Address of the distribution for a browser on this machine."
  type        = string
  nullable    = false
}

variable "package_path" {
  description = "Path of the worker's package for this machine."
  type        = string
  nullable    = false
}

variable "recipes_path" {
  description = "Path of the recipes file, in YAML."
  type        = string
  nullable    = false
}
