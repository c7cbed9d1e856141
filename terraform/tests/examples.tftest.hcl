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

run "the_example_of_a_domain_is_planned" {
  command = plan

  module {
    source = "./examples/domain"
  }

  providers = {
    aws           = aws
    aws.us_east_1 = aws.replica
  }

  variables {
    domain_name   = "images.example.org"
    pagerduty_url = "https://events.pagerduty.com/integration/0123456789abcdef/enqueue"
    slack         = { channel_id = "C0123456789", team_id = "T0123456789" }
    zone_name     = "example.org"
  }

  assert {
    condition     = output.address == "https://images.example.org"
    error_message = "The custom domain does not serve the pictures."
  }

  assert {
    condition     = output.names == { A = "images.example.org", AAAA = "images.example.org" }
    error_message = "The name has no record for IPv4 or IPv6."
  }

  assert {
    condition     = aws_sns_topic_subscription.pagerduty[0].protocol == "https" && length(aws_chatbot_slack_channel_configuration.operations) == 1
    error_message = "The alarms do not reach PagerDuty or Slack."
  }
}

run "the_example_of_roles_for_ci_is_planned" {
  command = plan

  module {
    source = "./examples/ci"
  }

  variables {
    apply_policy_json = "{\"Version\": \"2012-10-17\", \"Statement\": []}"
    repository        = "example/photos"
    state_bucket      = "our-terraform-state"
  }

  assert {
    condition = output.subjects == {
      apply = "repo:example/photos:environment:production"
      plan  = "repo:example/photos:pull_request"
    }
    error_message = "Another claim than that of the repository may take a role."
  }

  assert {
    condition     = [for each in data.aws_iam_policy_document.state["plan"].statement : each.sid] == ["FindTheState", "ReadTheState"]
    error_message = "A pull request can write the state."
  }
}
