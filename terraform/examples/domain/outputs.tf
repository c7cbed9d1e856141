output "address" {
  description = "URL of the variants."
  value       = module.pixfleet.distribution.url
}

output "names" {
  description = "The names that the zone resolves to the distribution, by type of record."
  value       = { for type, record in aws_route53_record.images : type => record.name }
}

output "sources_bucket" {
  description = "Name of the sources bucket."
  value       = module.pixfleet.sources_bucket.name
}
