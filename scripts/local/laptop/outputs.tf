output "api_client" {
  description = "Id of the app client whose tokens the API accepts."
  value       = aws_cognito_user_pool_client.laptop.id
}

output "api_url" {
  description = "Address of the API."
  value       = module.pixfleet.api.url
}

output "dead_letter_queue" {
  description = "Name of the dead-letter queue."
  value       = module.pixfleet.dead_letter_queue.name
}

output "domain_name" {
  description = "Host name of the distribution."
  value       = module.pixfleet.distribution.domain_name
}

output "edge_url" {
  description = "Address of the distribution for a browser on this machine."
  value       = var.edge_url
}

output "function_alias" {
  description = "The function that the lanes invoke: name:alias."
  value       = "${module.pixfleet.function.name}:${module.pixfleet.function.alias_name}"
}

output "sources_bucket" {
  description = "Name of the bucket for sources."
  value       = module.pixfleet.sources_bucket.name
}

output "variants_bucket" {
  description = "Name of the bucket of the variants."
  value       = module.pixfleet.variants_bucket.name
}
