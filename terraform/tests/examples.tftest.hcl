# Plans the examples unchanged.
mock_provider "aws" {
  source = "./tests/mocks"
}

mock_provider "aws" {
  alias  = "replica"
  source = "./tests/mocks"
}

variables {
  prefix       = "acme"
  package_path = "recipes.tf" # any file: only its hash is used
  email        = "operations@example.org"
}

run "the_minimal_example_is_planned" {
  command = plan

  module {
    source = "./examples/minimal"
  }

  assert {
    condition     = output.sources_bucket == "acme-sources-123456789012"
    error_message = "It has no output for the sources bucket."
  }
}

run "the_complete_example_is_planned" {
  command = plan

  module {
    source = "./examples/complete"
  }

  providers = {
    aws         = aws
    aws.replica = aws.replica
  }

  variables {
    api_certificate_arn = "arn:aws:acm:eu-central-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
    archive_bucket      = "example-archive"
    certificate_arn     = "arn:aws:acm:us-east-1:123456789012:certificate/12345678-1234-1234-1234-123456789012"
    domain_name         = "example.org"
    logs_bucket         = "example-logs"
    signing_public_key  = "-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n"
    web_acl_arn         = "arn:aws:wafv2:us-east-1:123456789012:global/webacl/example/12345678-1234-1234-1234-123456789012"
  }

  assert {
    condition     = output.sources_buckets == { archive = "example-archive", site = "acme-sources-123456789012" }
    error_message = "The existing bucket is not used, or the other one is not created."
  }

  assert {
    condition     = output.addresses.site == "https://images.example.org"
    error_message = "The custom domain does not serve the pictures."
  }
}
