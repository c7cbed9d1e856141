resource "aws_cloudfront_function" "request" {
  name    = "${var.prefix}-viewer-request"
  comment = "Chooses the stored variant that answers a request."
  runtime = "cloudfront-js-2.0"
  publish = true
  code    = local.request_code

  lifecycle {
    precondition {
      # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
      condition     = length(base64encode(local.request_code)) * 3 / 4 <= 10240
      error_message = "The edge function would be over CloudFront's 10 KB: shorten the prefixes and suffixes of recipes_json, or make fewer recipes."
    }
  }
}

resource "aws_cloudfront_function" "response" {
  name    = "${var.prefix}-viewer-response"
  comment = "Tells browsers how long to keep a variant."
  runtime = "cloudfront-js-2.0"
  publish = true
  code    = local.response_code
}
