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

run "the_first_bad_value_of_each_variable_is_refused" {
  command = plan

  variables {
    # A log bucket by its ARN.
    access_logs = { bucket_domain_name = "arn:aws:s3:::logs" }

    # A certificate of another region.
    certificate_arn = "arn:aws:acm:eu-west-1:123456789012:certificate/6b1f"
    domain_names    = ["img.example.com"]

    # An origin with a path.
    cors_origins = ["https://www.example.com/"]

    # A browser time over a day.
    default_browser_seconds = 86401

    # A time before now.
    hsts = { max_age_seconds = -1 }

    # A zone instead of its Region.
    origin_shield_region = "eu-west-1a"

    # A prefix with capitals.
    prefix = "Pixfleet"

    # An unknown price class.
    price_class = "PriceClass_50"

    # Recipes in YAML.
    recipes_json = "version: 1\nrecipes: []\n"

    # A function by its ARN.
    renderer = {
      alias_name       = "live"
      function_name    = "arn:aws:lambda:eu-west-1:123456789012:function:pixfleet-renderer"
      worker_alias_arn = "arn:aws:lambda:eu-west-1:123456789012:function:pixfleet-worker:live"
    }

    # Five key groups.
    signing_key_group_ids = ["a", "b", "c", "d", "e"]

    # A bucket by its global name.
    variants_bucket = {
      name                 = "b"
      arn                  = "arn:aws:s3:::b"
      regional_domain_name = "b.s3.amazonaws.com"
    }

    # A web ACL of a region.
    web_acl_arn = "arn:aws:wafv2:eu-west-1:123456789012:regional/webacl/a/b"
  }

  expect_failures = [
    var.access_logs,
    var.certificate_arn,
    var.cors_origins,
    var.default_browser_seconds,
    var.hsts,
    var.origin_shield_region,
    var.prefix,
    var.price_class,
    var.recipes_json,
    var.renderer,
    var.signing_key_group_ids,
    var.variants_bucket,
    var.web_acl_arn,
  ]
}

run "the_second_bad_value_of_each_variable_is_refused" {
  command = plan

  variables {
    # A domain name without a certificate.
    domain_names = ["img.example.com"]

    # All origins and one more.
    cors_origins = ["*", "https://www.example.com"]

    # A fraction of a second.
    default_browser_seconds = 0.5

    # A host name for browsers' lists without its subdomains.
    hsts = { max_age_seconds = 63072000, preload = true }

    # A recipe without variants.
    recipes_json = "{\"version\":1,\"recipes\":[{\"name\":\"plain\",\"variants\":[]}]}"

    # A version in place of an alias.
    renderer = {
      alias_name       = "7"
      function_name    = "pixfleet-renderer"
      worker_alias_arn = "arn:aws:lambda:eu-west-1:123456789012:function:pixfleet-worker:live"
    }
  }

  expect_failures = [
    var.certificate_arn,
    var.cors_origins,
    var.default_browser_seconds,
    var.hsts,
    var.recipes_json,
    var.renderer,
  ]
}

run "the_third_bad_value_of_each_variable_is_refused" {
  command = plan

  variables {
    # A certificate without a domain name.
    certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/6b1f"

    # An origin with two wildcards.
    cors_origins = ["https://*.*.example.com"]

    # For browsers' lists for a day only.
    hsts = { include_subdomains = true, max_age_seconds = 86400, preload = true }

    # An empty list of recipes.
    recipes_json = "{\"version\":1,\"recipes\":[]}"
  }

  expect_failures = [
    var.certificate_arn,
    var.cors_origins,
    var.hsts,
    var.recipes_json,
  ]
}

run "a_domain_name_with_a_scheme_is_refused" {
  command = plan

  variables {
    certificate_arn = "arn:aws:acm:us-east-1:123456789012:certificate/6b1f"
    domain_names    = ["https://img.example.com"]
  }

  expect_failures = [var.domain_names]
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
