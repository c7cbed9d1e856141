# The local distribution's own host name has no DNS, so the local AWS serves it at an address of loopback.
variable "edge_url" {
  description = "Address of the distribution for a browser on this machine."
  type        = string
  nullable    = false
}
