# The objects' Cache-Control is "for ever", for browsers. The edge revalidates with S3 every five minutes, mostly for a
# 304: without an invalidation, a replaced picture is cached for five minutes at most, and not for a year. A URL with
# the new version is another object of the cache, and is right at once.
resource "aws_cloudfront_cache_policy" "this" {
  name        = "${var.prefix}-variants"
  comment     = "The path that the edge function chose and the version are the whole cache key."
  min_ttl     = 0
  default_ttl = 300
  max_ttl     = 300

  parameters_in_cache_key_and_forwarded_to_origin {
    # CloudFront compresses manifests, which are JSON, and no pictures.
    enable_accept_encoding_brotli = true
    enable_accept_encoding_gzip   = true

    cookies_config {
      cookie_behavior = "none"
    }

    headers_config {
      header_behavior = "none"
    }

    # The edge function refuses a version that is not 12 hex digits. S3 ignores it.
    query_strings_config {
      query_string_behavior = "whitelist"

      query_strings {
        items = ["v"]
      }
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

      # The renderer's, by which a script learns why there is no picture, and when to ask again.
      access_control_expose_headers {
        items = ["Retry-After", "Server-Timing", "x-pixfleet-cause"]
      }
    }
  }

  # Cross-origin isolated pages (COEP) show only pictures with this header.
  custom_headers_config {
    items {
      header   = "Cross-Origin-Resource-Policy"
      override = true
      value    = "cross-origin"
    }
  }

  # The viewer response function reads `x-amz-meta-pixfleet-version` and removes the metadata itself.
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

    dynamic "strict_transport_security" {
      for_each = var.hsts[*]

      content {
        access_control_max_age_sec = strict_transport_security.value.max_age_seconds
        include_subdomains         = strict_transport_security.value.include_subdomains
        override                   = true
        preload                    = strict_transport_security.value.preload
      }
    }
  }
}
