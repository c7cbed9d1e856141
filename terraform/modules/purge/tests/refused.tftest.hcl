mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{\"Version\": \"2012-10-17\", \"Statement\": []}" }
  }
}

variables {
  distribution  = { arn = "arn:aws:cloudfront::123456789012:distribution/E2EXAMPLE", id = "E2EXAMPLE" }
  package_path  = "queue.tf"
  prefix        = "acme"
  serving_table = { arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-serving", name = "acme-serving" }
}

run "a_budget_of_no_paths_is_refused" {
  command = plan

  variables {
    monthly_paths = 0
  }

  expect_failures = [var.monthly_paths]
}

run "a_prefix_with_capitals_is_refused" {
  command = plan

  variables {
    prefix = "Acme"
  }

  expect_failures = [var.prefix]
}
