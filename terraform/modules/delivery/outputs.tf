output "distribution" {
  description = "The distribution, once it may read the variants; url is of the first domain name, or of CloudFront's own."
  value = {
    arn         = aws_cloudfront_distribution.this.arn
    domain_name = aws_cloudfront_distribution.this.domain_name
    id          = aws_cloudfront_distribution.this.id
    url         = "https://${try(var.domain_names[0], aws_cloudfront_distribution.this.domain_name)}"
  }

  depends_on = [aws_s3_bucket_policy.variants]
}

output "function_code" {
  description = "The code at the edge, by event, for tests."
  value = {
    request  = local.request_code
    response = local.response_code
  }
}
