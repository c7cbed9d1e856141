output "addresses" {
  description = "Where the variants of each fleet are served."
  value = {
    archive = module.archive.distribution.url
    site    = module.site.distribution.url
  }
}

output "alias_target" {
  description = "Where the DNS alias of the site's name has to lead."
  value       = module.site.distribution.domain_name
}

output "sources_buckets" {
  description = "Names of the buckets that pictures go into."
  value = {
    archive = module.archive.sources_bucket.name
    site    = module.site.sources_bucket.name
  }
}
