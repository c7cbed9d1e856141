# The renderer is the second origin of a group: it gets the requests for objects that the bucket does not have.
locals {
  # One element or none, for `for_each`.
  renderers = var.renderer == null ? [] : [var.renderer]
}

resource "aws_lambda_function_url" "renderer" {
  count = length(local.renderers)

  authorization_type = "AWS_IAM"
  function_name      = var.renderer.function_name
  qualifier          = var.renderer.alias_name
}

resource "aws_cloudfront_origin_access_control" "renderer" {
  count = length(local.renderers)

  name                              = "${var.prefix}-renderer"
  description                       = "Signs every request to ${var.renderer.function_name}."
  origin_access_control_origin_type = "lambda"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"

  # CloudFront deletes no access control that a distribution uses: it is deleted after the distribution was changed.
  lifecycle {
    create_before_destroy = true
  }
}

# Since October 2025 a caller of a function URL needs both permissions.
# https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html
resource "aws_lambda_permission" "call_renderer_url" {
  count = length(local.renderers)

  statement_id           = "LetDistributionCallUrl"
  action                 = "lambda:InvokeFunctionUrl"
  function_name          = var.renderer.function_name
  function_url_auth_type = "AWS_IAM"
  principal              = "cloudfront.amazonaws.com"
  qualifier              = var.renderer.alias_name
  source_arn             = aws_cloudfront_distribution.this.arn
}

resource "aws_lambda_permission" "invoke_renderer" {
  count = length(local.renderers)

  statement_id  = "LetDistributionInvoke"
  action        = "lambda:InvokeFunction"
  function_name = var.renderer.function_name
  principal     = "cloudfront.amazonaws.com"
  qualifier     = var.renderer.alias_name
  source_arn    = aws_cloudfront_distribution.this.arn
}
