resource "aws_cloudfront_origin_access_control" "this" {
  name                              = "${var.prefix}-variants"
  description                       = "Signs every request to ${var.variants_bucket.name}."
  origin_access_control_origin_type = "s3"
  signing_behavior                  = "always"
  signing_protocol                  = "sigv4"
}

resource "aws_cloudfront_distribution" "this" {
  aliases         = var.domain_names
  comment         = "${var.prefix}: image variants"
  enabled         = true
  http_version    = "http2and3"
  is_ipv6_enabled = true
  price_class     = var.price_class
  web_acl_id      = var.web_acl_arn

  origin {
    domain_name              = var.variants_bucket.regional_domain_name
    origin_access_control_id = aws_cloudfront_origin_access_control.this.id
    origin_id                = "variants"

    dynamic "origin_shield" {
      for_each = var.origin_shield_region[*]

      content {
        enabled              = true
        origin_shield_region = origin_shield.value
      }
    }
  }

  default_cache_behavior {
    # Requests for pictures and manifests are simple requests, which need no CORS preflight.
    allowed_methods            = ["GET", "HEAD"]
    cache_policy_id            = aws_cloudfront_cache_policy.this.id
    cached_methods             = ["GET", "HEAD"]
    compress                   = true
    response_headers_policy_id = aws_cloudfront_response_headers_policy.this.id
    target_origin_id           = "variants"
    trusted_key_groups         = var.signing_key_group_ids
    viewer_protocol_policy     = "redirect-to-https"

    function_association {
      event_type   = "viewer-request"
      function_arn = aws_cloudfront_function.request.arn
    }

    function_association {
      event_type   = "viewer-response"
      function_arn = aws_cloudfront_function.response.arn
    }
  }

  dynamic "custom_error_response" {
    # CloudFront's default is ten seconds. A 403 is an object that does not exist, usually not yet.
    for_each = toset([403, 404, 500, 502, 503, 504])

    content {
      error_code            = custom_error_response.value
      error_caching_min_ttl = 5
    }
  }

  dynamic "logging_config" {
    for_each = var.access_logs[*]

    content {
      bucket          = logging_config.value.bucket_domain_name
      include_cookies = false
      prefix          = logging_config.value.prefix
    }
  }

  restrictions {
    geo_restriction {
      restriction_type = "none"
    }
  }

  viewer_certificate {
    acm_certificate_arn            = var.certificate_arn
    cloudfront_default_certificate = var.certificate_arn == null
    # CloudFront sets the minimum protocol of its own certificate.
    minimum_protocol_version = var.certificate_arn == null ? null : "TLSv1.2_2021"
    ssl_support_method       = var.certificate_arn == null ? null : "sni-only"
  }

  tags = var.tags
}
