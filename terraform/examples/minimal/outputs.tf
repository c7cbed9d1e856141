output "address" {
  description = "Where the variants are served."
  value       = module.pixfleet.distribution.url
}

output "sources_bucket" {
  description = "Name of the bucket that pictures go into."
  value       = module.pixfleet.sources_bucket.name
}
