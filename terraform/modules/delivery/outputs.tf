output "distribution" {
  description = "The distribution, after it may read the variants and call the renderer; url has the first domain name, or CloudFront's own."
  value = {
    arn         = aws_cloudfront_distribution.this.arn
    domain_name = aws_cloudfront_distribution.this.domain_name
    id          = aws_cloudfront_distribution.this.id
    url         = "https://${try(var.domain_names[0], aws_cloudfront_distribution.this.domain_name)}"
  }

  depends_on = [
    aws_lambda_permission.call_renderer_url,
    aws_lambda_permission.invoke_renderer,
    aws_s3_bucket_policy.variants,
  ]
}

output "function_code" {
  description = "The code of the edge functions, by event, for tests."
  value = {
    request  = local.request_code
    response = local.response_code
  }
}

output "functions" {
  description = "Name of each edge function and SHA-256 of its code, by event: `pixfleet doctor` compares them with what is LIVE."
  value = {
    viewer-request = {
      name   = aws_cloudfront_function.request.name
      sha256 = sha256(local.request_code)
    }
    viewer-response = {
      name   = aws_cloudfront_function.response.name
      sha256 = sha256(local.response_code)
    }
  }
}
