mock_provider "aws" {
  mock_data "aws_caller_identity" {
    defaults = { account_id = "123456789012" }
  }

  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\": \"2012-10-17\", \"Statement\": []}" }
  }

  mock_data "aws_region" {
    defaults = { id = "eu-central-1" }
  }
}

variables {
  delivery_url    = "https://images.example.org"
  jwt             = { audiences = ["uploader"], issuer = "https://id.example.org" }
  ledger_table    = { arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-ledger", name = "acme-ledger" }
  package_path    = "gateway.tf"
  prefix          = "acme"
  recipes         = "s3://acme-variants-123456789012/_recipes/0a1b.json"
  serving_table   = { arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-serving", name = "acme-serving" }
  sources_bucket  = { arn = "arn:aws:s3:::acme-sources-123456789012", name = "acme-sources-123456789012" }
  variants_bucket = { arn = "arn:aws:s3:::acme-variants-123456789012", name = "acme-variants-123456789012" }
}

run "an_api_for_everybody_is_refused" {
  command = plan

  variables {
    jwt = null
  }

  expect_failures = [var.iam]
}

run "two_ways_to_sign_in_are_refused" {
  command = plan

  variables {
    iam = true
  }

  expect_failures = [var.iam]
}

run "claims_without_tokens_are_refused" {
  command = plan

  variables {
    iam          = true
    jwt          = null
    owner_claim  = "email"
    prefix_claim = "custom:folder"
  }

  expect_failures = [var.owner_claim, var.prefix_claim]
}

run "a_claim_with_a_space_a_folder_without_a_slash_and_a_prefix_with_capitals_are_refused" {
  command = plan

  variables {
    prefix        = "Acme"
    prefix_claim  = "the folder"
    source_prefix = "uploads"
  }

  expect_failures = [var.prefix, var.prefix_claim, var.source_prefix]
}

run "a_wildcard_in_the_folder_is_refused" {
  command = plan

  variables {
    source_prefix = "uploads*/"
  }

  expect_failures = [var.source_prefix]
}

run "a_folder_of_the_stack_is_refused" {
  command = plan

  variables {
    source_prefix = "uploads/_drill/"
  }

  expect_failures = [var.source_prefix]
}

run "all_origins_with_credentials_are_refused" {
  command = plan

  variables {
    cors = { allow_credentials = true, origins = ["*"] }
  }

  expect_failures = [var.cors]
}

run "an_origin_with_a_path_and_no_audience_are_refused" {
  command = plan

  variables {
    cors = { origins = ["https://example.org/upload"] }
    jwt  = { audiences = [], issuer = "https://id.example.org" }
  }

  expect_failures = [var.cors, var.jwt]
}

run "an_issuer_without_tls_is_refused" {
  command = plan

  variables {
    jwt = { audiences = ["uploader"], issuer = "http://id.example.org" }
  }

  expect_failures = [var.jwt]
}

run "a_name_without_a_certificate_and_no_requests_at_all_are_refused" {
  command = plan

  variables {
    domain_name = "api.example.org"
    throttling  = { rate = 0 }
  }

  expect_failures = [var.certificate_arn, var.throttling]
}

run "a_certificate_for_cloudfront_is_refused" {
  command = plan

  variables {
    certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
    domain_name     = "api.example.org"
  }

  expect_failures = [var.certificate_arn]
}
