variable "architecture" {
  description = "Processor of this machine, on which the local AWS runs the function."
  type        = string
  nullable    = false
}

variable "package_path" {
  description = "Path of the worker's zip for this machine."
  type        = string
  nullable    = false
}

variable "recipes_path" {
  description = "Path of the recipes in YAML."
  type        = string
  nullable    = false
}
