# The real provider renders the policy; it creates nothing, because every resource is overridden.
provider "aws" {
  access_key                  = "test"
  region                      = "eu-west-1"
  secret_key                  = "test"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true
}

override_resource {
  target = aws_cloudfront_distribution.this
  values = {
    arn         = "arn:aws:cloudfront::123456789012:distribution/E2EXAMPLE"
    domain_name = "d111111abcdef8.cloudfront.net"
    id          = "E2EXAMPLE"
  }
}

override_resource {
  target = aws_cloudfront_origin_access_control.variants
  values = { id = "EOAC" }
}

override_resource {
  target = aws_cloudfront_function.request
  values = { arn = "arn:aws:cloudfront::123456789012:function/request" }
}

override_resource {
  target = aws_cloudfront_function.response
  values = { arn = "arn:aws:cloudfront::123456789012:function/response" }
}

override_resource {
  target = aws_cloudfront_cache_policy.this
  values = { id = "cache" }
}

override_resource {
  target = aws_cloudfront_response_headers_policy.this
  values = { id = "headers" }
}

override_resource {
  target = aws_s3_bucket_policy.variants
}

variables {
  prefix       = "pixfleet"
  recipes_json = "{\"version\":1,\"recipes\":[{\"name\":\"plain\",\"variants\":[{\"widths\":[1280,640],\"formats\":[\"webp\"]},{\"name\":\"thumb\",\"width\":9,\"formats\":[\"fallback\",\"avif\"]},{\"widths\":[640],\"formats\":[\"fallback\"]}]}]}"
  variants_bucket = {
    name                 = "pixfleet-variants-123456789012"
    arn                  = "arn:aws:s3:::pixfleet-variants-123456789012"
    regional_domain_name = "pixfleet-variants-123456789012.s3.eu-west-1.amazonaws.com"
  }
}

run "only_this_distribution_reads_variants_and_only_over_tls" {
  assert {
    condition = jsondecode(data.aws_iam_policy_document.variants.json).Statement == [
      {
        Sid       = "AllowDistributionToReadVariants"
        Effect    = "Allow"
        Action    = "s3:GetObject"
        Resource  = "arn:aws:s3:::pixfleet-variants-123456789012/??/*"
        Principal = { Service = "cloudfront.amazonaws.com" }
        Condition = {
          StringEquals = { "AWS:SourceArn" = "arn:aws:cloudfront::123456789012:distribution/E2EXAMPLE" }
        }
      },
      {
        Sid       = "DenyWithoutTls"
        Effect    = "Deny"
        Action    = "s3:*"
        Resource  = ["arn:aws:s3:::pixfleet-variants-123456789012/*", "arn:aws:s3:::pixfleet-variants-123456789012"]
        Principal = "*"
        Condition = { Bool = { "aws:SecureTransport" = "false" } }
      },
    ]
    error_message = "Policy: ${data.aws_iam_policy_document.variants.json}"
  }

  assert {
    condition     = aws_s3_bucket_policy.variants.bucket == "pixfleet-variants-123456789012"
    error_message = "The policy must be of the variants bucket."
  }
}

run "every_request_to_the_bucket_is_signed" {
  assert {
    condition = (
      aws_cloudfront_origin_access_control.variants.signing_behavior == "always"
      && aws_cloudfront_origin_access_control.variants.signing_protocol == "sigv4"
      && one(aws_cloudfront_distribution.this.origin).origin_access_control_id == "EOAC"
      && one(aws_cloudfront_distribution.this.origin).domain_name == var.variants_bucket.regional_domain_name
    )
    error_message = "The origin must be the bucket's regional name, signed with sigv4 always."
  }
}

run "path_and_version_are_the_whole_cache_key" {
  assert {
    condition = alltrue([
      for parameters in aws_cloudfront_cache_policy.this.parameters_in_cache_key_and_forwarded_to_origin :
      one(parameters.cookies_config).cookie_behavior == "none"
      && one(parameters.headers_config).header_behavior == "none"
      && one(parameters.query_strings_config).query_string_behavior == "whitelist"
      && one(one(parameters.query_strings_config).query_strings).items == toset(["v"])
    ])
    error_message = "A new version must be a new object of the cache, and nothing else may."
  }

  assert {
    condition = (
      aws_cloudfront_cache_policy.this.min_ttl == 0
      && aws_cloudfront_cache_policy.this.default_ttl == 300
      && aws_cloudfront_cache_policy.this.max_ttl == 300
    )
    error_message = "A replaced picture must not be cached for longer than five minutes, whatever its Cache-Control says."
  }

  assert {
    condition     = one(aws_cloudfront_distribution.this.default_cache_behavior).compress
    error_message = "Manifests must be compressed."
  }
}

run "client_hints_stay_at_the_edge" {
  assert {
    condition     = one(aws_cloudfront_distribution.this.default_cache_behavior).origin_request_policy_id == null
    error_message = "The edge function reads the hints and Accept; the origin must not get them, nor a Host that is not its own."
  }
}

run "by_default_there_is_no_shield_and_no_hsts" {
  assert {
    condition = (
      length(one(aws_cloudfront_distribution.this.origin).origin_shield) == 0
      && length(one(aws_cloudfront_response_headers_policy.this.security_headers_config).strict_transport_security) == 0
    )
    error_message = "Both are options: one costs money, the other concerns the whole domain."
  }

  assert {
    condition     = strcontains(output.function_code.request, "const origins = /^(.+)$/;")
    error_message = "The edge's own refusals must be readable by the scripts that may read pictures."
  }
}

run "a_shield_and_hsts_are_as_asked" {
  variables {
    cors_origins         = ["https://www.example.com", "https://*.example.org"]
    hsts                 = { include_subdomains = true, max_age_seconds = 31536000 }
    origin_shield_region = "eu-west-1"
  }

  assert {
    condition = [for shield in one(aws_cloudfront_distribution.this.origin).origin_shield : [shield.enabled, shield.origin_shield_region]] == [
      [true, "eu-west-1"],
    ]
    error_message = "The origin must have the shield."
  }

  assert {
    condition = alltrue([
      for hsts in one(aws_cloudfront_response_headers_policy.this.security_headers_config).strict_transport_security :
      hsts.access_control_max_age_sec == 31536000 && hsts.include_subdomains && !hsts.preload && hsts.override
    ]) && length(one(aws_cloudfront_response_headers_policy.this.security_headers_config).strict_transport_security) == 1
    error_message = "Responses must carry HSTS."
  }

  assert {
    condition     = strcontains(output.function_code.request, "const origins = /^(https:\\/\\/www\\.example\\.com|https:\\/\\/[a-z0-9.-]+\\.example\\.org)$/;")
    error_message = "The edge function must know the origins."
  }
}

run "browsers_show_variants_and_run_nothing" {
  assert {
    condition = alltrue([
      for headers in aws_cloudfront_response_headers_policy.this.security_headers_config :
      one(headers.content_security_policy).content_security_policy == "default-src 'none'; sandbox"
      && one(headers.content_security_policy).override
      && one(headers.content_type_options).override
      && one(headers.referrer_policy).referrer_policy == "no-referrer"
    ])
    error_message = "Responses must carry nosniff, a CSP and a referrer policy."
  }

  assert {
    condition = {
      for item in one(aws_cloudfront_response_headers_policy.this.custom_headers_config).items : item.header => item.value
    } == { Cross-Origin-Resource-Policy = "cross-origin" }
    error_message = "Cross-origin isolated pages must be able to show pictures."
  }

  assert {
    condition = !anytrue([
      for item in one(aws_cloudfront_response_headers_policy.this.remove_headers_config).items :
      startswith(item.header, "x-amz-meta-")
    ])
    error_message = "The viewer response function needs the version from the metadata."
  }

  assert {
    condition     = one(one(aws_cloudfront_response_headers_policy.this.cors_config).access_control_allow_origins).items == toset(["*"])
    error_message = "Every page may read pictures by default."
  }

  assert {
    condition     = one(one(aws_cloudfront_response_headers_policy.this.cors_config).access_control_expose_headers).items == toset(["Retry-After", "Server-Timing", "x-pixfleet-cause"])
    error_message = "A script must learn why there is no picture, and when to ask again."
  }
}

run "without_origins_no_script_reads_pictures" {
  variables { cors_origins = [] }

  assert {
    condition     = length(aws_cloudfront_response_headers_policy.this.cors_config) == 0
    error_message = "No origins must be no CORS headers."
  }
}

run "both_functions_run_and_only_reads_are_answered" {
  assert {
    condition = {
      for association in one(aws_cloudfront_distribution.this.default_cache_behavior).function_association :
      association.event_type => association.function_arn
      } == {
      viewer-request  = "arn:aws:cloudfront::123456789012:function/request"
      viewer-response = "arn:aws:cloudfront::123456789012:function/response"
    }
    error_message = "The viewer's request and response must have their functions."
  }

  assert {
    condition     = one(aws_cloudfront_distribution.this.default_cache_behavior).allowed_methods == toset(["GET", "HEAD"])
    error_message = "Only GET and HEAD may be answered."
  }

  assert {
    condition     = one(aws_cloudfront_distribution.this.default_cache_behavior).viewer_protocol_policy == "redirect-to-https"
    error_message = "Pictures must come over TLS."
  }

  assert {
    condition = (
      aws_cloudfront_function.request.runtime == "cloudfront-js-2.0"
      && aws_cloudfront_function.response.runtime == "cloudfront-js-2.0"
      && aws_cloudfront_function.request.publish
      && aws_cloudfront_function.response.publish
    )
    error_message = "The functions need runtime 2.0 for crypto, published."
  }
}

run "the_edge_has_the_recipes_rungs_first_and_by_width" {
  assert {
    condition     = strcontains(aws_cloudfront_function.request.code, "const recipes = [[\"\",[],[[\"w640\",640,\"wf\"],[\"w1280\",1280,\"w\"],[\"thumb\",0,\"af\"]]]];")
    error_message = aws_cloudfront_function.request.code
  }
}

run "the_browser_time_reaches_the_edge" {
  variables { default_browser_seconds = 60 }

  assert {
    condition     = strcontains(aws_cloudfront_function.response.code, "const seconds = 60;")
    error_message = aws_cloudfront_function.response.code
  }
}

run "errors_are_kept_for_seconds" {
  assert {
    condition = {
      for response in aws_cloudfront_distribution.this.custom_error_response :
      response.error_code => response.error_caching_min_ttl
    } == { "403" = 5, "404" = 5, "500" = 5, "502" = 5, "503" = 5, "504" = 5 }
    error_message = "A picture that was requested too early must be served within seconds."
  }
}

run "by_default_the_distribution_has_its_own_name_and_no_options" {
  assert {
    condition = (
      one(aws_cloudfront_distribution.this.viewer_certificate).cloudfront_default_certificate
      && length(aws_cloudfront_distribution.this.logging_config) == 0
      && aws_cloudfront_distribution.this.web_acl_id == null
      && aws_cloudfront_distribution.this.http_version == "http2and3"
      && output.distribution.url == "https://d111111abcdef8.cloudfront.net"
    )
    error_message = "Nothing optional may exist by default."
  }
}

run "every_option_is_applied" {
  variables {
    access_logs           = { bucket_domain_name = "logs.s3.eu-west-1.amazonaws.com" }
    certificate_arn       = "arn:aws:acm:us-east-1:123456789012:certificate/6b1f"
    cors_origins          = ["https://www.example.com"]
    domain_names          = ["img.example.com", "*.cdn.example.com"]
    price_class           = "PriceClass_All"
    signing_key_group_ids = ["group"]
    tags                  = { Team = "web" }
    web_acl_arn           = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/a/b"
  }

  assert {
    condition = (
      one(aws_cloudfront_distribution.this.viewer_certificate).minimum_protocol_version == "TLSv1.2_2021"
      && one(aws_cloudfront_distribution.this.viewer_certificate).ssl_support_method == "sni-only"
      && one(aws_cloudfront_distribution.this.viewer_certificate).acm_certificate_arn == var.certificate_arn
      && aws_cloudfront_distribution.this.aliases == toset(var.domain_names)
      && output.distribution.url == "https://img.example.com"
    )
    error_message = "The domain names must be served with their certificate and TLS 1.2."
  }

  assert {
    condition = (
      one(aws_cloudfront_distribution.this.logging_config).bucket == "logs.s3.eu-west-1.amazonaws.com"
      && one(aws_cloudfront_distribution.this.logging_config).prefix == "cloudfront/"
      && aws_cloudfront_distribution.this.price_class == "PriceClass_All"
      && aws_cloudfront_distribution.this.web_acl_id == var.web_acl_arn
      && aws_cloudfront_distribution.this.tags == tomap({ Team = "web" })
    )
    error_message = "Logs, price class, web ACL and tags must be those given."
  }

  assert {
    condition     = one(aws_cloudfront_distribution.this.default_cache_behavior).trusted_key_groups == tolist(["group"])
    error_message = "URLs must be signed by the key group."
  }

  assert {
    condition     = one(one(aws_cloudfront_response_headers_policy.this.cors_config).access_control_allow_origins).items == toset(["https://www.example.com"])
    error_message = "Only that origin's scripts may read pictures."
  }
}

run "the_hashes_are_those_of_the_code_that_cloudfront_gets" {
  assert {
    condition = output.functions == {
      viewer-request = {
        name   = "pixfleet-viewer-request"
        sha256 = sha256(aws_cloudfront_function.request.code)
      }
      viewer-response = {
        name   = "pixfleet-viewer-response"
        sha256 = sha256(aws_cloudfront_function.response.code)
      }
    }
    error_message = "`pixfleet doctor` compares these hashes with the LIVE code."
  }
}
