# Violates every rule of the variables once. Nothing is created: the provider is mocked.
mock_provider "aws" {
  mock_data "aws_iam_policy_document" {
    defaults = { json = "{}" }
  }
}

variables {
  prefix       = "pixfleet"
  recipes_json = "{\"version\":1,\"recipes\":[{\"name\":\"plain\",\"variants\":[{\"widths\":[640],\"formats\":[\"webp\"]}]}]}"
  variants_bucket = {
    name                 = "pixfleet-variants-123456789012"
    arn                  = "arn:aws:s3:::pixfleet-variants-123456789012"
    regional_domain_name = "pixfleet-variants-123456789012.s3.eu-west-1.amazonaws.com"
  }
}

run "a_prefix_with_capitals_is_refused" {
  command = plan
  variables { prefix = "Pixfleet" }
  expect_failures = [var.prefix]
}

run "a_certificate_of_another_region_is_refused" {
  command = plan
  variables {
    certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/6b1f"
    domain_names    = ["img.example.com"]
  }
  expect_failures = [var.certificate_arn]
}

run "a_domain_name_without_a_certificate_is_refused" {
  command = plan
  variables { domain_names = ["img.example.com"] }
  expect_failures = [var.certificate_arn]
}

run "a_certificate_without_a_domain_name_is_refused" {
  command = plan
  variables { certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/6b1f" }
  expect_failures = [var.certificate_arn]
}

run "a_domain_name_with_a_scheme_is_refused" {
  command = plan
  variables {
    certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/6b1f"
    domain_names    = ["https://img.example.com"]
  }
  expect_failures = [var.domain_names]
}

run "an_unknown_price_class_is_refused" {
  command = plan
  variables { price_class = "PriceClass_50" }
  expect_failures = [var.price_class]
}

run "an_origin_with_a_path_is_refused" {
  command = plan
  variables { cors_origins = ["https://www.example.com/"] }
  expect_failures = [var.cors_origins]
}

run "all_origins_and_one_more_are_refused" {
  command = plan
  variables { cors_origins = ["*", "https://www.example.com"] }
  expect_failures = [var.cors_origins]
}

run "a_browser_time_over_a_day_is_refused" {
  command = plan
  variables { default_browser_seconds = 86401 }
  expect_failures = [var.default_browser_seconds]
}

run "a_fraction_of_a_second_is_refused" {
  command = plan
  variables { default_browser_seconds = 0.5 }
  expect_failures = [var.default_browser_seconds]
}

run "recipes_in_yaml_are_refused" {
  command = plan
  variables { recipes_json = "version: 1\nrecipes: []\n" }
  expect_failures = [var.recipes_json]
}

run "a_recipe_without_variants_is_refused" {
  command = plan
  variables { recipes_json = "{\"version\":1,\"recipes\":[{\"name\":\"plain\",\"variants\":[]}]}" }
  expect_failures = [var.recipes_json]
}

run "an_empty_list_of_recipes_is_refused" {
  command = plan
  variables { recipes_json = "{\"version\":1,\"recipes\":[]}" }
  expect_failures = [var.recipes_json]
}

run "five_key_groups_are_refused" {
  command = plan
  variables { signing_key_group_ids = ["a", "b", "c", "d", "e"] }
  expect_failures = [var.signing_key_group_ids]
}

run "a_bucket_by_its_global_name_is_refused" {
  command = plan
  variables {
    variants_bucket = {
      name                 = "b"
      arn                  = "arn:aws:s3:::b"
      regional_domain_name = "b.s3.amazonaws.com"
    }
  }
  expect_failures = [var.variants_bucket]
}

run "a_web_acl_of_a_region_is_refused" {
  command = plan
  variables { web_acl_arn = "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/a/b" }
  expect_failures = [var.web_acl_arn]
}

run "a_log_bucket_by_its_arn_is_refused" {
  command = plan
  variables { access_logs = { bucket_domain_name = "arn:aws:s3:::logs" } }
  expect_failures = [var.access_logs]
}

run "recipes_that_do_not_fit_the_function_are_refused" {
  command = plan
  variables {
    recipes_json = jsonencode({
      version = 1
      recipes = [
        for number in range(60) : {
          name     = "r${number}"
          match    = { prefix = "a/long/name/of/a/folder/that/takes/many/bytes/of/the/function/${number}/" }
          variants = [{ name = "full", formats = ["webp"] }]
        }
      ]
    })
  }
  expect_failures = [aws_cloudfront_function.request]
}
