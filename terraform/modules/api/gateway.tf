resource "aws_apigatewayv2_api" "this" {
  name          = local.name
  description   = "Pixfleet ${var.prefix}: uploads, status, lists and deletion"
  protocol_type = "HTTP"
  # With a name of one's own, API Gateway's has no use, and would escape what guards the former.
  disable_execute_api_endpoint = var.domain_name != null

  dynamic "cors_configuration" {
    for_each = var.cors[*]

    content {
      allow_credentials = cors_configuration.value.allow_credentials
      allow_headers     = ["authorization", "content-type", "if-none-match"]
      allow_methods     = ["DELETE", "GET", "POST"]
      allow_origins     = cors_configuration.value.origins
      expose_headers    = ["etag", "location", "retry-after"]
      max_age           = 3600
    }
  }

  tags = var.tags
}

resource "aws_apigatewayv2_integration" "this" {
  api_id                 = aws_apigatewayv2_api.this.id
  integration_type       = "AWS_PROXY"
  integration_uri        = module.function.function.alias_arn
  payload_format_version = "2.0"
  timeout_milliseconds   = 1000 * local.timeout_seconds
}

resource "aws_apigatewayv2_authorizer" "this" {
  count = var.jwt == null ? 0 : 1

  api_id           = aws_apigatewayv2_api.this.id
  name             = "tokens"
  authorizer_type  = "JWT"
  identity_sources = ["$request.header.Authorization"]

  jwt_configuration {
    audience = var.jwt.audiences
    issuer   = var.jwt.issuer
  }
}

# No route $default: it would catch the browsers' preflight requests, which have no token.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-cors.html
resource "aws_apigatewayv2_route" "this" {
  for_each = local.routes

  #checkov:skip=CKV_AWS_309:The public routes say that the service is well, and what its routes are.
  api_id               = aws_apigatewayv2_api.this.id
  route_key            = each.key
  target               = "integrations/${aws_apigatewayv2_integration.this.id}"
  authorization_type   = each.value == "public" ? "NONE" : var.iam ? "AWS_IAM" : "JWT"
  authorizer_id        = each.value == "public" ? null : one(aws_apigatewayv2_authorizer.this[*].id)
  authorization_scopes = lookup(local.scopes, each.value, [])
}

resource "aws_apigatewayv2_stage" "this" {
  api_id      = aws_apigatewayv2_api.this.id
  name        = "$default"
  auto_deploy = true

  # By route and not by path: a path has keys and ids of uploads, and the function's own line has the key.
  access_log_settings {
    destination_arn = aws_cloudwatch_log_group.access.arn
    format = jsonencode({
      authorizer_error  = "$context.authorizer.error"
      bytes             = "$context.responseLength"
      integration_error = "$context.integrationErrorMessage"
      ip                = "$context.identity.sourceIp"
      request_id        = "$context.requestId"
      route             = "$context.routeKey"
      milliseconds      = "$context.responseLatency"
      status            = "$context.status"
      time              = "$context.requestTimeEpoch"
      user_agent        = "$context.identity.userAgent"
    })
  }

  default_route_settings {
    throttling_burst_limit = var.throttling.burst
    throttling_rate_limit  = var.throttling.rate
  }

  # Anyone may call these, so they get a small part only.
  dynamic "route_settings" {
    for_each = [for route, access in local.routes : route if access == "public"]

    content {
      route_key              = route_settings.value
      throttling_burst_limit = min(10, var.throttling.burst)
      throttling_rate_limit  = min(5, var.throttling.rate)
    }
  }

  tags = var.tags

  # A route must exist before it has settings.
  depends_on = [aws_apigatewayv2_route.this]
}

# Below /aws/vendedlogs/ the log group needs no entry of its own in CloudWatch's resource policy, whose length is limited.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/logs/AWS-logs-infrastructure-CWL.html
resource "aws_cloudwatch_log_group" "access" {
  name              = "/aws/vendedlogs/${local.name}"
  kms_key_id        = var.kms_key_arn
  retention_in_days = var.log_retention_days

  tags = var.tags
}

resource "aws_lambda_permission" "this" {
  statement_id   = "LetThisApiInvoke"
  action         = "lambda:InvokeFunction"
  function_name  = module.function.function.name
  qualifier      = module.function.function.alias_name
  principal      = "apigateway.amazonaws.com"
  source_account = data.aws_caller_identity.this.account_id
  source_arn     = "${aws_apigatewayv2_api.this.execution_arn}/*"
}
