output "distribution" {
  description = "The distribution, after it may read the variants; url has the first domain name, or CloudFront's own."
  value = {
    arn         = aws_cloudfront_distribution.this.arn
    domain_name = aws_cloudfront_distribution.this.domain_name
    id          = aws_cloudfront_distribution.this.id
    url         = "https://${try(var.domain_names[0], aws_cloudfront_distribution.this.domain_name)}"
  }

  depends_on = [aws_s3_bucket_policy.variants]
}

output "function_code" {
  description = "The code of the edge functions, by event, for tests."
  value = {
    request  = local.request_code
    response = local.response_code
  }
}
