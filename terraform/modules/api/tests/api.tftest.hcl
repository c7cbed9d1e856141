# The real provider without an account: policies and names are known at plan time; no API is called.
provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.this
  values = { account_id = "123456789012" }
}

override_data {
  target = module.function.data.aws_caller_identity.current
  values = { account_id = "123456789012" }
}

override_module {
  target = module.function
  outputs = {
    function  = { name = "acme-api", arn = "", alias_arn = "arn:aws:lambda:eu-central-1:123456789012:function:acme-api:live", alias_name = "live" }
    log_group = { name = "/aws/lambda/acme-api", arn = "" }
    role      = { name = "", arn = "" }
  }
}

variables {
  delivery_url    = "https://images.example.org"
  jwt             = { audiences = ["uploader"], issuer = "https://id.example.org" }
  ledger_table    = { arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-ledger", name = "acme-ledger" }
  package_path    = "gateway.tf" # any file: only its hash is used
  prefix          = "acme"
  purge_queue     = { arn = "arn:aws:sqs:eu-central-1:123456789012:acme-purge", url = "https://sqs.eu-central-1.amazonaws.com/123456789012/acme-purge" }
  recipes         = "s3://acme-variants-123456789012/_recipes/0a1b.json"
  serving_table   = { arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-serving", name = "acme-serving" }
  sources_bucket  = { arn = "arn:aws:s3:::acme-sources-123456789012", name = "acme-sources-123456789012" }
  variants_bucket = { arn = "arn:aws:s3:::acme-variants-123456789012", name = "acme-variants-123456789012" }
}

run "every_route_but_two_needs_a_token" {
  command = plan

  assert {
    condition     = toset([for key, route in aws_apigatewayv2_route.this : key if route.authorization_type != "JWT"]) == toset(["GET /v1/health", "GET /v1/openapi.json"])
    error_message = "Somebody without a token reaches more than health and description."
  }

  assert {
    condition     = alltrue([for key, route in aws_apigatewayv2_route.this : route.route_key == key && try(length(route.authorization_scopes), 0) == 0])
    error_message = "A scope is needed that nobody asked for."
  }

  assert {
    condition = (
      aws_apigatewayv2_authorizer.this[0].authorizer_type == "JWT"
      && one(aws_apigatewayv2_authorizer.this[0].jwt_configuration) == { audience = toset(["uploader"]), issuer = "https://id.example.org" }
      && aws_apigatewayv2_authorizer.this[0].identity_sources == toset(["$request.header.Authorization"])
    )
    error_message = "Tokens of others would be accepted."
  }
}

run "a_scope_guards_every_route_of_its_purpose" {
  command = plan

  variables {
    jwt = {
      audiences = ["uploader"]
      issuer    = "https://id.example.org"
      scopes    = { delete = ["images/delete"], upload = ["images/write", "images/admin"] }
    }
  }

  assert {
    condition = { for key, route in aws_apigatewayv2_route.this : key => route.authorization_scopes if try(length(route.authorization_scopes), 0) > 0 } == {
      "DELETE /v1/image"                                 = toset(["images/delete"])
      "DELETE /v1/images/{key+}"                         = toset(["images/delete"])
      "DELETE /v1/uploads/{upload_id}"                   = toset(["images/admin", "images/write"])
      "GET /v1/deletions/{receipt_id}"                   = toset(["images/delete"])
      "GET /v1/uploads/{upload_id}/parts"                = toset(["images/admin", "images/write"])
      "POST /v1/deletions"                               = toset(["images/delete"])
      "POST /v1/images"                                  = toset(["images/admin", "images/write"])
      "POST /v1/uploads"                                 = toset(["images/admin", "images/write"])
      "POST /v1/uploads/{upload_id}/complete"            = toset(["images/admin", "images/write"])
      "POST /v1/uploads/{upload_id}/parts/{part_number}" = toset(["images/admin", "images/write"])
    }
    error_message = "A route of a purpose needs another scope than the others."
  }
}

run "with_iam_every_route_but_two_needs_a_signature" {
  command = plan

  variables {
    iam = true
    jwt = null
  }

  assert {
    condition = (
      length(aws_apigatewayv2_authorizer.this) == 0
      && toset([for key, route in aws_apigatewayv2_route.this : key if route.authorization_type != "AWS_IAM"]) == toset(["GET /v1/health", "GET /v1/openapi.json"])
    )
    error_message = "Somebody without credentials reaches more than health and description."
  }
}

run "the_function_gets_its_required_settings" {
  command = plan

  assert {
    condition = local.environment == tomap({
      PIXFLEET_API_DELIVERY_URL = "https://images.example.org"
      PIXFLEET_FLEET            = "acme"
      PIXFLEET_LEDGER_TABLE     = "acme-ledger"
      PIXFLEET_PURGE_QUEUE      = "https://sqs.eu-central-1.amazonaws.com/123456789012/acme-purge"
      PIXFLEET_RECIPES          = "s3://acme-variants-123456789012/_recipes/0a1b.json"
      PIXFLEET_SERVING_TABLE    = "acme-serving"
      PIXFLEET_SOURCES_BUCKET   = "acme-sources-123456789012"
      PIXFLEET_VARIANTS_BUCKET  = "acme-variants-123456789012"
    })
    error_message = "Got ${jsonencode(local.environment)}."
  }
}

run "the_function_gets_every_setting" {
  command = plan

  variables {
    deletes_versions = true
    max_bytes        = 52428800
    owner_claim      = "email"
    prefix_claim     = "custom:folder"
    purge_queue      = null
    source_prefix    = "uploads/"
  }

  assert {
    condition = local.environment == tomap({
      PIXFLEET_API_DELETES_VERSIONS = "true"
      PIXFLEET_API_DELIVERY_URL     = "https://images.example.org"
      PIXFLEET_API_OWNER_CLAIM      = "email"
      PIXFLEET_API_PREFIX           = "uploads/"
      PIXFLEET_API_PREFIX_CLAIM     = "custom:folder"
      PIXFLEET_FLEET                = "acme"
      PIXFLEET_LEDGER_TABLE         = "acme-ledger"
      PIXFLEET_MAX_BYTES            = "52428800"
      PIXFLEET_RECIPES              = "s3://acme-variants-123456789012/_recipes/0a1b.json"
      PIXFLEET_SERVING_TABLE        = "acme-serving"
      PIXFLEET_SOURCES_BUCKET       = "acme-sources-123456789012"
      PIXFLEET_VARIANTS_BUCKET      = "acme-variants-123456789012"
    })
    error_message = "Got ${jsonencode(local.environment)}."
  }
}

run "the_role_may_do_exactly_this" {
  command = plan

  assert {
    condition = { for each in jsondecode(data.aws_iam_policy_document.function.json).Statement : each.Sid => [each.Effect, flatten([each.Action]), flatten([each.Resource])] } == {
      DescribeSources    = ["Allow", ["s3:GetObject"], ["arn:aws:s3:::acme-sources-123456789012/*"]]
      LearnWhatIsMissing = ["Allow", ["s3:ListBucket"], ["arn:aws:s3:::acme-variants-123456789012", "arn:aws:s3:::acme-sources-123456789012"]]
      StoreSources       = ["Allow", ["s3:PutObject", "s3:ListMultipartUploadParts", "s3:AbortMultipartUpload"], ["arn:aws:s3:::acme-sources-123456789012/*"]]
      DeleteSources      = ["Allow", ["s3:DeleteObject"], ["arn:aws:s3:::acme-sources-123456789012/*"]]
      ReadRecipes        = ["Allow", ["s3:GetObject"], ["arn:aws:s3:::acme-variants-123456789012/_recipes/*"]]
      ReadManifests      = ["Allow", ["s3:GetObject"], ["arn:aws:s3:::acme-variants-123456789012/??/*/manifest.json"]]
      ReadTheLedger      = ["Allow", ["dynamodb:GetItem", "dynamodb:BatchGetItem"], ["arn:aws:dynamodb:eu-central-1:123456789012:table/acme-ledger"]]
      KeepReceipts       = ["Allow", ["dynamodb:PutItem", "dynamodb:GetItem"], ["arn:aws:dynamodb:eu-central-1:123456789012:table/acme-serving"]]
      AskForPurges       = ["Allow", ["sqs:SendMessage"], ["arn:aws:sqs:eu-central-1:123456789012:acme-purge"]]
    }
    error_message = "Got ${data.aws_iam_policy_document.function.json}."
  }
}

run "a_prefix_bounds_what_the_role_reaches" {
  command = plan

  variables {
    deletes_versions = true
    source_prefix    = "uploads/"
  }

  assert {
    condition = {
      for each in jsondecode(data.aws_iam_policy_document.function.json).Statement : each.Sid => each.Resource
      if contains(["DeleteEveryVersion", "DeleteSources", "DescribeSources", "ReadManifests", "StoreSources"], each.Sid)
      } == {
      DeleteEveryVersion = "arn:aws:s3:::acme-sources-123456789012/uploads/*"
      DeleteSources      = "arn:aws:s3:::acme-sources-123456789012/uploads/*"
      DescribeSources    = "arn:aws:s3:::acme-sources-123456789012/uploads/*"
      ReadManifests      = "arn:aws:s3:::acme-variants-123456789012/??/uploads/*/manifest.json"
      StoreSources       = "arn:aws:s3:::acme-sources-123456789012/uploads/*"
    }
    error_message = "Got ${data.aws_iam_policy_document.function.json}."
  }

  assert {
    condition     = [for each in jsondecode(data.aws_iam_policy_document.function.json).Statement : each.Condition if each.Sid == "ListVersions"] == [{ StringLike = { "s3:prefix" = "uploads/*" } }]
    error_message = "The role lists versions of other folders."
  }
}

run "keys_of_ones_own_are_used_through_their_services_only" {
  command = plan

  variables {
    existing_sources_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/theirs"
    kms_key_arn                  = "arn:aws:kms:eu-central-1:123456789012:key/ours"
  }

  assert {
    condition = { for each in jsondecode(data.aws_iam_policy_document.function.json).Statement : each.Sid => [each.Resource, flatten([each.Condition.StringEquals["kms:ViaService"]])] if can(each.Condition.StringEquals) } == {
      UseTheKeyOfExistingSources = ["arn:aws:kms:eu-central-1:123456789012:key/theirs", ["s3.eu-central-1.amazonaws.com"]]
      UseTheKeyOfWhatIsStored = [
        "arn:aws:kms:eu-central-1:123456789012:key/ours",
        ["dynamodb.eu-central-1.amazonaws.com", "lambda.eu-central-1.amazonaws.com", "s3.eu-central-1.amazonaws.com", "sqs.eu-central-1.amazonaws.com"],
      ]
    }
    error_message = "Got ${data.aws_iam_policy_document.function.json}."
  }

  assert {
    condition     = aws_cloudwatch_log_group.access.kms_key_id == "arn:aws:kms:eu-central-1:123456789012:key/ours"
    error_message = "The access log is encrypted by another key."
  }
}

run "requests_are_throttled_and_logged_without_paths_and_headers" {
  command = plan

  variables {
    throttling = { burst = 40, rate = 20 }
  }

  assert {
    condition     = one(aws_apigatewayv2_stage.this.default_route_settings).throttling_rate_limit == 20 && one(aws_apigatewayv2_stage.this.default_route_settings).throttling_burst_limit == 40
    error_message = "The throttling that was asked for is not used."
  }

  assert {
    condition     = { for each in aws_apigatewayv2_stage.this.route_settings : each.route_key => each.throttling_rate_limit } == { "GET /v1/health" = 5, "GET /v1/openapi.json" = 5 }
    error_message = "Anyone could use up what clients need."
  }

  assert {
    condition     = aws_apigatewayv2_stage.this.auto_deploy && aws_cloudwatch_log_group.access.name == "/aws/vendedlogs/acme-api" && aws_cloudwatch_log_group.access.retention_in_days == 30
    error_message = "Requests are not logged, or for ever."
  }

  # https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-logging-variables.html
  assert {
    condition     = !can(regex("context[.](path|authorizer[.](claims|jwt)|header)|[$]request", one(aws_apigatewayv2_stage.this.access_log_settings).format)) && strcontains(one(aws_apigatewayv2_stage.this.access_log_settings).format, "$context.requestId")
    error_message = "The access log would have keys, ids of uploads or tokens."
  }
}

run "api_gateway_invokes_the_alias_and_waits_as_long_as_it_may" {
  command = plan

  assert {
    condition = (
      aws_apigatewayv2_integration.this.integration_uri == "arn:aws:lambda:eu-central-1:123456789012:function:acme-api:live"
      && aws_apigatewayv2_integration.this.payload_format_version == "2.0"
      && aws_apigatewayv2_integration.this.timeout_milliseconds == 30000
      && aws_lambda_permission.this.qualifier == "live"
      && aws_lambda_permission.this.source_account == "123456789012"
    )
    error_message = "A request would not reach the version that is live, or anyone could invoke it."
  }
}

run "pages_of_named_origins_may_call_it" {
  command = plan

  variables {
    cors = { origins = ["https://example.org", "http://localhost:5173"] }
  }

  assert {
    condition = (
      one(aws_apigatewayv2_api.this.cors_configuration).allow_origins == toset(["https://example.org", "http://localhost:5173"])
      && !one(aws_apigatewayv2_api.this.cors_configuration).allow_credentials
      && one(aws_apigatewayv2_api.this.cors_configuration).allow_methods == toset(["DELETE", "GET", "POST"])
      && one(aws_apigatewayv2_api.this.cors_configuration).expose_headers == toset(["etag", "location", "retry-after"])
    )
    error_message = "A page could not upload, or a page of anyone could."
  }
}

run "pages_of_all_origins_may_call_it_without_cookies" {
  command = plan

  variables {
    cors = { origins = ["*"] }
  }

  assert {
    condition     = one(aws_apigatewayv2_api.this.cors_configuration).allow_origins == toset(["*"])
    error_message = "It was asked for, and is safe: a token is in no cookie."
  }
}

run "without_cors_no_page_may_call_it" {
  command = plan

  assert {
    condition     = length(aws_apigatewayv2_api.this.cors_configuration) == 0
    error_message = "Nobody asked for it."
  }
}

run "with_a_name_of_ones_own_the_other_is_closed" {
  command = plan

  variables {
    certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
    domain_name     = "api.example.org"
  }

  assert {
    condition     = output.url == "https://api.example.org" && aws_apigatewayv2_api.this.disable_execute_api_endpoint
    error_message = "The API is served under two names."
  }

  assert {
    condition     = one(aws_apigatewayv2_domain_name.this[0].domain_name_configuration).security_policy == "TLS_1_2" && one(aws_apigatewayv2_domain_name.this[0].domain_name_configuration).endpoint_type == "REGIONAL"
    error_message = "Old TLS is accepted."
  }
}

run "without_a_name_of_ones_own_api_gateways_is_open" {
  command = plan

  assert {
    condition     = length(aws_apigatewayv2_domain_name.this) == 0 && !aws_apigatewayv2_api.this.disable_execute_api_endpoint && output.domain == null
    error_message = "The API is served nowhere."
  }
}
