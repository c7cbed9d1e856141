# The distribution with a renderer. The real provider creates nothing, because every resource is overridden.
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

override_resource {
  target = aws_cloudfront_origin_access_control.renderer
  values = { id = "ERENDERER" }
}

override_resource {
  target = aws_lambda_function_url.renderer
  values = { function_url = "https://abcdefgh.lambda-url.eu-west-1.on.aws/" }
}

override_resource {
  target = aws_lambda_permission.call_renderer_url
}

override_resource {
  target = aws_lambda_permission.invoke_renderer
}

variables {
  prefix = "pixfleet"
  renderer = {
    alias_name       = "live"
    function_name    = "pixfleet-renderer"
    worker_alias_arn = "arn:aws:lambda:eu-west-1:123456789012:function:pixfleet-worker:live"
  }
  recipes_json = "{\"version\":1,\"recipes\":[{\"name\":\"plain\",\"variants\":[{\"widths\":[640],\"formats\":[\"webp\"]}]}]}"
  variants_bucket = {
    name                 = "pixfleet-variants-123456789012"
    arn                  = "arn:aws:s3:::pixfleet-variants-123456789012"
    regional_domain_name = "pixfleet-variants-123456789012.s3.eu-west-1.amazonaws.com"
  }
}

run "the_renderer_gets_what_the_bucket_does_not_have" {
  assert {
    condition = [
      for group in aws_cloudfront_distribution.this.origin_group : [
        group.origin_id, [for member in group.member : member.origin_id], one(group.failover_criteria).status_codes,
      ]
    ] == [["on-demand", ["variants", "renderer"], toset([403, 404])]]
    error_message = "The bucket must be asked first, and the renderer on 403 and 404 only, never because S3 is overloaded."
  }

  assert {
    condition     = one(aws_cloudfront_distribution.this.default_cache_behavior).target_origin_id == "on-demand"
    error_message = "Requests must go to the group."
  }

  assert {
    condition = { for origin in aws_cloudfront_distribution.this.origin : origin.origin_id => [origin.domain_name, origin.origin_access_control_id] } == {
      variants = [var.variants_bucket.regional_domain_name, "EOAC"]
      renderer = ["abcdefgh.lambda-url.eu-west-1.on.aws", "ERENDERER"]
    }
    error_message = "Each origin must be signed for by its own access control."
  }
}

run "a_slow_render_is_asked_for_once" {
  assert {
    condition = [
      for origin in aws_cloudfront_distribution.this.origin :
      [origin.connection_attempts, one(origin.custom_origin_config).origin_read_timeout] if origin.origin_id == "renderer"
    ] == [[1, 30]]
    error_message = "A second attempt after a timeout would render again."
  }
}

run "requests_to_the_renderer_are_signed_and_over_tls" {
  assert {
    condition = (
      aws_cloudfront_origin_access_control.renderer[0].origin_access_control_origin_type == "lambda"
      && aws_cloudfront_origin_access_control.renderer[0].signing_behavior == "always"
      && aws_cloudfront_origin_access_control.renderer[0].signing_protocol == "sigv4"
      && aws_lambda_function_url.renderer[0].authorization_type == "AWS_IAM"
    )
    error_message = "Everybody could call the renderer, past the cache."
  }

  assert {
    condition = [
      for origin in aws_cloudfront_distribution.this.origin :
      [one(origin.custom_origin_config).origin_protocol_policy, one(origin.custom_origin_config).origin_ssl_protocols] if origin.origin_id == "renderer"
    ] == [["https-only", toset(["TLSv1.2"])]]
    error_message = "The renderer must be called over TLS 1.2."
  }
}

run "the_distribution_has_both_permissions_on_the_alias" {
  assert {
    condition = [
      for permission in [aws_lambda_permission.call_renderer_url[0], aws_lambda_permission.invoke_renderer[0]] : join(" ", [
        permission.action, permission.principal, permission.function_name, permission.qualifier, permission.source_arn,
      ])
      ] == [
      "lambda:InvokeFunctionUrl cloudfront.amazonaws.com pixfleet-renderer live arn:aws:cloudfront::123456789012:distribution/E2EXAMPLE",
      "lambda:InvokeFunction cloudfront.amazonaws.com pixfleet-renderer live arn:aws:cloudfront::123456789012:distribution/E2EXAMPLE",
    ]
    error_message = "With one permission of two every call is a 403; without the source, every distribution of AWS may call."
  }

  assert {
    condition     = aws_lambda_permission.call_renderer_url[0].function_url_auth_type == "AWS_IAM" && aws_lambda_permission.invoke_renderer[0].function_url_auth_type == null
    error_message = "Lambda refuses the type of the URL on the permission to invoke."
  }

  assert {
    condition     = aws_lambda_function_url.renderer[0].function_name == "pixfleet-renderer" && aws_lambda_function_url.renderer[0].qualifier == "live"
    error_message = "The permissions are of another function than the URL."
  }
}

run "the_renderer_gets_its_own_host_and_nothing_of_the_viewers" {
  assert {
    condition     = one(aws_cloudfront_distribution.this.default_cache_behavior).origin_request_policy_id == null
    error_message = "With the viewer's Host neither S3 nor the function URL answers."
  }
}

run "a_shield_is_before_both_origins" {
  variables {
    origin_shield_region = "eu-west-1"
  }

  assert {
    condition     = { for origin in aws_cloudfront_distribution.this.origin : origin.origin_id => one(origin.origin_shield).origin_shield_region } == { renderer = "eu-west-1", variants = "eu-west-1" }
    error_message = "Edges of several regions would each have a picture rendered."
  }
}

run "without_a_renderer_nothing_of_it_exists" {
  variables {
    renderer = null
  }

  assert {
    condition = (
      length(aws_cloudfront_distribution.this.origin_group) == 0
      && one(aws_cloudfront_distribution.this.origin).origin_id == "variants"
      && one(aws_cloudfront_distribution.this.default_cache_behavior).target_origin_id == "variants"
      && length(aws_cloudfront_origin_access_control.renderer) == 0
      && length(aws_lambda_function_url.renderer) == 0
      && length(aws_lambda_permission.call_renderer_url) == 0
      && length(aws_lambda_permission.invoke_renderer) == 0
    )
    error_message = "A stack without a renderer must have no trace of one."
  }
}
