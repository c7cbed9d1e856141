output "addresses" {
  description = "URL of each stack's variants."
  value = {
    archive = module.archive.distribution.url
    site    = module.site.distribution.url
  }
}

output "alias_target" {
  description = "Target of the DNS alias for the site's name."
  value       = module.site.distribution.domain_name
}

output "sources_buckets" {
  description = "Names of the sources buckets."
  value = {
    archive = module.archive.sources_bucket.name
    site    = module.site.sources_bucket.name
  }
}
