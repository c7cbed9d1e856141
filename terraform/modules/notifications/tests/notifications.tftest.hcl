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

variables {
  prefix = "acme"
  subscriptions = {
    rejections = { url = "https://example.org/hooks/images", events = ["rejected"] }
    shop       = { url = "https://shop.example.org:8443/changes?source=pixfleet" }
  }
}

run "each_address_gets_signed_events" {
  command = plan

  assert {
    condition     = aws_sns_topic.this.name == "acme-changes" && aws_sns_topic.this.signature_version == 2
    error_message = "The receiver of docs/api.md would refuse every message."
  }

  assert {
    condition     = { for name, each in aws_sns_topic_subscription.this : name => "${each.protocol} ${each.endpoint}" } == { rejections = "https https://example.org/hooks/images", shop = "https https://shop.example.org:8443/changes?source=pixfleet" }
    error_message = "An address is not subscribed."
  }

  assert {
    condition     = jsondecode(aws_sns_topic_subscription.this["rejections"].filter_policy) == { event = ["rejected"] } && aws_sns_topic_subscription.this["shop"].filter_policy == null
    error_message = "An address gets other events than it asks for."
  }
}

run "what_an_address_has_not_taken_is_kept" {
  command = plan

  assert {
    condition     = aws_sqs_queue.this.name == "acme-changes-undelivered" && aws_sqs_queue.this.message_retention_seconds == 1209600 && aws_sqs_queue.this.sqs_managed_sse_enabled
    error_message = "Events would be lost."
  }

  assert {
    condition = (
      data.aws_iam_policy_document.queue.statement[0].resources == toset(["arn:aws:sqs:eu-central-1:123456789012:acme-changes-undelivered"])
      && one(data.aws_iam_policy_document.queue.statement[0].condition).values == tolist(["arn:aws:sns:eu-central-1:123456789012:acme-changes"])
    )
    error_message = "SNS could not send to the queue, or every topic could."
  }
}

run "an_address_without_tls_is_refused" {
  command = plan

  variables {
    subscriptions = { shop = { url = "http://shop.example.org/" } }
  }

  expect_failures = [var.subscriptions]
}

run "a_password_in_an_address_is_refused" {
  command = plan

  variables {
    subscriptions = { shop = { url = "https://user:secret@shop.example.org/" } }
  }

  expect_failures = [var.subscriptions]
}

run "an_unknown_event_is_refused" {
  command = plan

  variables {
    subscriptions = { shop = { url = "https://shop.example.org/", events = ["deleted"] } }
  }

  expect_failures = [var.subscriptions]
}

run "a_subscription_to_nothing_is_refused" {
  command = plan

  variables {
    subscriptions = { shop = { url = "https://shop.example.org/", events = [] } }
  }

  expect_failures = [var.subscriptions]
}
