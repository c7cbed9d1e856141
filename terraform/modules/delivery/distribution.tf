moved {
  from = aws_cloudfront_origin_access_control.this
  to   = aws_cloudfront_origin_access_control.variants
}

resource "aws_cloudfront_origin_access_control" "variants" {
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
    origin_access_control_id = aws_cloudfront_origin_access_control.variants.id
    origin_id                = "variants"

    dynamic "origin_shield" {
      for_each = var.origin_shield_region[*]

      content {
        enabled              = true
        origin_shield_region = origin_shield.value
      }
    }
  }

  dynamic "origin" {
    for_each = local.renderers

    content {
      # A custom origin that times out is asked again, and every attempt would render.
      # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html
      connection_attempts      = 1
      domain_name              = split("/", aws_lambda_function_url.renderer[0].function_url)[2]
      origin_access_control_id = aws_cloudfront_origin_access_control.renderer[0].id
      origin_id                = "renderer"

      custom_origin_config {
        http_port              = 80
        https_port             = 443
        origin_protocol_policy = "https-only"
        origin_read_timeout    = 30
        origin_ssl_protocols   = ["TLSv1.2"]
      }

      dynamic "origin_shield" {
        for_each = var.origin_shield_region[*]

        content {
          enabled              = true
          origin_shield_region = origin_shield.value
        }
      }
    }
  }

  # A missing object is a 403, or a 404 for a reader that may list. The renderer is not asked on 5xx: a bucket that
  # is overloaded for a minute would otherwise have every picture rendered again.
  dynamic "origin_group" {
    for_each = local.renderers

    content {
      origin_id = "on-demand"

      failover_criteria {
        status_codes = [403, 404]
      }

      member {
        origin_id = "variants"
      }

      member {
        origin_id = "renderer"
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
    target_origin_id           = var.renderer == null ? "variants" : "on-demand"
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
    # CloudFront's default is ten seconds. A 403 is an object that does not exist, usually not yet. A longer max-age
    # of a response takes precedence.
    # https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/custom-error-pages-expiration.html
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
