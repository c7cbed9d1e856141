output "address" {
  description = "URL of the variants."
  value       = module.pixfleet.distribution.url
}

output "sources_bucket" {
  description = "Name of the sources bucket."
  value       = module.pixfleet.sources_bucket.name
}
