output "access_log_group" {
  description = "The log group with one line for each request, also those that API Gateway refuses."
  value = {
    arn  = aws_cloudwatch_log_group.access.arn
    name = aws_cloudwatch_log_group.access.name
  }
}

output "domain" {
  description = "What the DNS alias of domain_name points to; null without one."
  value = one([
    for domain in aws_apigatewayv2_domain_name.this : {
      hosted_zone_id = domain.domain_name_configuration[0].hosted_zone_id
      target         = domain.domain_name_configuration[0].target_domain_name
    }
  ])
}

output "function" {
  description = "The function that answers, and its alias."
  value       = module.function.function
}

output "id" {
  description = "Id of the HTTP API."
  value       = aws_apigatewayv2_api.this.id
}

output "log_group" {
  description = "The function's log group, with one line for each call."
  value       = module.function.log_group
}

output "url" {
  description = "Where the API is served; its routes begin with /v1/."
  value       = var.domain_name == null ? aws_apigatewayv2_api.this.api_endpoint : "https://${var.domain_name}"

  depends_on = [aws_apigatewayv2_api_mapping.this, aws_apigatewayv2_stage.this, aws_lambda_permission.this]
}
