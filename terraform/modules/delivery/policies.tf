# Objects say "for ever", which is meant for browsers. The edge asks S3 again once a day, which costs a 304:
# until somebody invalidates, a replaced picture may be a day old there, and not a year.
resource "aws_cloudfront_cache_policy" "this" {
  name        = "${var.prefix}-variants"
  comment     = "The path that the edge function chose is the whole cache key."
  min_ttl     = 0
  default_ttl = 86400
  max_ttl     = 86400

  parameters_in_cache_key_and_forwarded_to_origin {
    # Manifests are JSON, which CloudFront compresses; pictures it leaves alone.
    enable_accept_encoding_brotli = true
    enable_accept_encoding_gzip   = true

    cookies_config {
      cookie_behavior = "none"
    }

    headers_config {
      header_behavior = "none"
    }

    query_strings_config {
      query_string_behavior = "none"
    }
  }
}

resource "aws_cloudfront_response_headers_policy" "this" {
  name    = "${var.prefix}-variants"
  comment = "Pictures are shown, not run; their browser time is the viewer response's."

  dynamic "cors_config" {
    for_each = length(var.cors_origins) > 0 ? [var.cors_origins] : []

    content {
      access_control_allow_credentials = false
      access_control_max_age_sec       = 600
      origin_override                  = true

      access_control_allow_headers {
        items = ["*"]
      }

      access_control_allow_methods {
        items = ["GET", "HEAD"]
      }

      access_control_allow_origins {
        items = cors_config.value
      }
    }
  }

  # Pages that isolate themselves (COEP) show no picture that does not say so.
  custom_headers_config {
    items {
      header   = "Cross-Origin-Resource-Policy"
      override = true
      value    = "cross-origin"
    }
  }

  # The viewer response reads `x-amz-meta-pixfleet-version` and takes the metadata away itself.
  remove_headers_config {
    items {
      header = "x-amz-server-side-encryption"
    }

    items {
      header = "x-amz-server-side-encryption-aws-kms-key-id"
    }
  }

  security_headers_config {
    content_security_policy {
      content_security_policy = "default-src 'none'; sandbox"
      override                = true
    }

    content_type_options {
      override = true
    }

    referrer_policy {
      override        = true
      referrer_policy = "no-referrer"
    }
  }
}
