# The real provider without credentials renders the JSON of policy and dashboard.
provider "aws" {
  region                      = "us-east-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true
}

provider "aws" {
  alias                       = "ireland"
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.current
  values = {
    account_id = "123456789012"
  }
}

variables {
  prefix                   = "pixfleet"
  dead_letter_queue_name   = "pixfleet-dead-letter"
  distribution_id          = "E2QWRUHAPOMQZL"
  function_memory_mb       = 3538
  function_name            = "pixfleet-worker"
  function_timeout_seconds = 300
  log_group_name           = "/aws/lambda/pixfleet-worker"
  lanes = {
    live = { forwards = true, queue_name = "pixfleet-live", rule_name = "pixfleet-live" }
    bulk = { queue_name = "pixfleet-bulk", rule_name = "pixfleet-bulk" }
  }
}

run "every_option_is_planned" {
  command = plan

  variables {
    email                    = "ops@example.com"
    monthly_budget_usd       = 250
    notifications_topic_name = "pixfleet-changes"
    api = {
      access_log_group_name = "/aws/vendedlogs/pixfleet-api"
      id                    = "a1b2c3d4e5"
      log_group_name        = "/aws/lambda/pixfleet-api"
    }
    purge = {
      function_name  = "pixfleet-purge"
      log_group_name = "/aws/lambda/pixfleet-purge"
    }
    renderer = {
      function_name  = "pixfleet-renderer"
      log_group_name = "/aws/lambda/pixfleet-renderer"
      memory_mb      = 2048
    }
  }

  assert {
    condition     = aws_cloudwatch_metric_alarm.edge_errors[0].dimensions == tomap({ DistributionId = "E2QWRUHAPOMQZL", Region = "Global" })
    error_message = "CloudFront's errors must be watched in us-east-1."
  }

  assert {
    condition     = strcontains(aws_cloudwatch_composite_alarm.this.alarm_rule, "ALARM(\"pixfleet-edge-errors\")")
    error_message = "CloudFront's errors must be in the composite alarm."
  }

  assert {
    condition     = one(aws_sns_topic_subscription.email).endpoint == "ops@example.com"
    error_message = "The address must be subscribed."
  }

  assert {
    condition     = alltrue([for each in one(aws_budgets_budget.this).notification : each.subscriber_email_addresses == toset(["ops@example.com"])])
    error_message = "The budget must notify the address."
  }

  assert {
    condition     = { for each in one(aws_budgets_budget.this).notification : each.notification_type => each.threshold } == { ACTUAL = 80, FORECASTED = 100 }
    error_message = "The budget must notify at 80 % and at a forecast over 100 %."
  }
}

# tests/terraform compares its metrics with those of the run above.
run "another_stack_is_planned" {
  command = plan

  variables {
    prefix                   = "pixfleet-b"
    dead_letter_queue_name   = "pixfleet-b-dead-letter"
    distribution_id          = "E3ANOTHER"
    function_name            = "pixfleet-b-worker"
    log_group_name           = "/aws/lambda/pixfleet-b-worker"
    notifications_topic_name = "pixfleet-b-changes"
    api = {
      access_log_group_name = "/aws/vendedlogs/pixfleet-b-api"
      id                    = "f6g7h8i9j0"
      log_group_name        = "/aws/lambda/pixfleet-b-api"
    }
    purge = {
      function_name  = "pixfleet-b-purge"
      log_group_name = "/aws/lambda/pixfleet-b-purge"
    }
    renderer = {
      function_name  = "pixfleet-b-renderer"
      log_group_name = "/aws/lambda/pixfleet-b-renderer"
      memory_mb      = 2048
    }
    lanes = {
      live = { forwards = true, queue_name = "pixfleet-b-live", rule_name = "pixfleet-b-live" }
      bulk = { queue_name = "pixfleet-b-bulk", rule_name = "pixfleet-b-bulk" }
    }
  }

  assert {
    condition     = alltrue([for alarm in aws_cloudwatch_metric_alarm.oldest_message : startswith(alarm.alarm_name, "pixfleet-b-")])
    error_message = "Every name must have the prefix."
  }
}

run "each_function_of_another_size_has_alarms_and_lines_of_its_own" {
  command = plan

  variables {
    lanes = {
      large = { queue_name = "pixfleet-large" }
      live  = { forwards = true, queue_name = "pixfleet-live", rule_name = "pixfleet-live" }
    }
    sizes = {
      large = {
        function_name   = "pixfleet-worker-large"
        log_group_name  = "/aws/lambda/pixfleet-worker-large"
        memory_mb       = 8192
        timeout_seconds = 900
      }
    }
  }

  assert {
    condition = { for each in aws_cloudwatch_metric_alarm.duration : each.alarm_name => [each.dimensions["FunctionName"], tostring(each.threshold)] } == {
      pixfleet-duration       = ["pixfleet-worker", "240000"]
      pixfleet-duration-large = ["pixfleet-worker-large", "720000"]
    }
    error_message = "Each function's batches must be compared with its own timeout."
  }

  assert {
    condition     = toset([for each in aws_cloudwatch_metric_alarm.throttles : each.dimensions["FunctionName"]]) == toset(["pixfleet-worker", "pixfleet-worker-large"])
    error_message = "Throttles of each function must be watched."
  }

  assert {
    condition     = toset(flatten([for each in aws_cloudwatch_metric_alarm.crashes : [for query in each.metric_query : [for metric in query.metric : metric.dimensions["FunctionName"]]]])) == toset(["pixfleet-worker", "pixfleet-worker-large"])
    error_message = "Crashes of each function must be watched."
  }

  assert {
    condition     = alltrue([for name in ["crashes", "duration", "throttles"] : strcontains(aws_cloudwatch_composite_alarm.this.alarm_rule, "ALARM(\"pixfleet-${name}-large\")")])
    error_message = "The larger lane's alarms must be in the composite alarm."
  }

  assert {
    condition     = alltrue([for text in ["pixfleet-worker-large", "* 8192 / 1024", "live: forwarded"] : strcontains(aws_cloudwatch_dashboard.this.dashboard_body, text)])
    error_message = "The dashboard must show the larger lane, what it costs, and what is forwarded to it."
  }

  assert {
    condition     = alltrue([for name, query in aws_cloudwatch_query_definition.this : contains(query.log_group_names, "/aws/lambda/pixfleet-worker-large") if name != "renderer without a picture"])
    error_message = "The saved queries must search the larger lane's log."
  }
}

run "without_an_address_there_is_no_subscription_and_no_budget" {
  command = plan

  assert {
    condition     = length(aws_sns_topic_subscription.email) + length(aws_budgets_budget.this) == 0
    error_message = "They are not requested."
  }
}

run "without_purges_nothing_watches_them" {
  command = plan

  assert {
    condition     = !strcontains(aws_cloudwatch_composite_alarm.this.alarm_rule, "purge") && !strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "purge")
    error_message = "A stack without purges must have no trace of them."
  }
}

run "without_an_api_nothing_watches_it" {
  command = plan

  assert {
    condition     = !strcontains(aws_cloudwatch_composite_alarm.this.alarm_rule, "-api-")
    error_message = "A stack without an API must have no trace of one."
  }
}

run "without_a_renderer_nothing_watches_it" {
  command = plan

  assert {
    condition     = !strcontains(aws_cloudwatch_composite_alarm.this.alarm_rule, "renderer") && !strcontains(aws_cloudwatch_dashboard.this.dashboard_body, "answers") && !contains(keys(aws_cloudwatch_query_definition.this), "renderer without a picture")
    error_message = "A stack without a renderer must have no trace of one."
  }
}

run "in_another_region_the_dashboard_shows_cloudfront_and_no_alarm_watches_it" {
  command = plan

  providers = {
    aws = aws.ireland
  }

  assert {
    condition     = length(aws_cloudwatch_metric_alarm.edge_errors) == 0
    error_message = "Its metrics are only in us-east-1: an alarm here would never change its state."
  }

  assert {
    condition     = !strcontains(aws_cloudwatch_composite_alarm.this.alarm_rule, "edge-errors")
    error_message = "An alarm that does not exist may not be named."
  }

  assert {
    condition = [
      for widget in jsondecode(aws_cloudwatch_dashboard.this.dashboard_body).widgets :
      widget.properties.region if try(widget.properties.metrics[0][0], "") == "AWS/CloudFront"
    ] == ["us-east-1"]
    error_message = "The dashboard must read CloudFront's metrics where they are."
  }
}

run "the_topic_accepts_only_our_alarms_and_only_over_tls" {
  command = plan

  assert {
    condition     = [for each in jsondecode(data.aws_iam_policy_document.topic.json).Statement : each.Sid] == ["LetOurAlarmsSpeak", "RefuseWithoutTLS"]
    error_message = "There must be these two statements."
  }

  assert {
    condition = jsondecode(data.aws_iam_policy_document.topic.json).Statement[0] == {
      Sid       = "LetOurAlarmsSpeak"
      Effect    = "Allow"
      Action    = "sns:Publish"
      Resource  = "arn:aws:sns:us-east-1:123456789012:pixfleet-operations"
      Principal = { Service = "cloudwatch.amazonaws.com" }
      Condition = {
        ArnLike      = { "aws:SourceArn" = "arn:aws:cloudwatch:us-east-1:123456789012:alarm:pixfleet-*" }
        StringEquals = { "aws:SourceAccount" = "123456789012" }
      }
    }
    error_message = "Only CloudWatch may publish, for alarms of this stack in this account."
  }

  assert {
    condition     = jsondecode(data.aws_iam_policy_document.topic.json).Statement[1].Condition == { Bool = { "aws:SecureTransport" = "false" } }
    error_message = "Requests without TLS must be refused."
  }
}

run "a_customer_managed_key_encrypts_the_topic" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:us-east-1:123456789012:key/1234abcd-12ab-34cd-56ef-1234567890ab"
  }

  assert {
    condition     = aws_sns_topic.this.kms_master_key_id == var.kms_key_arn
    error_message = "The topic must be encrypted with the key."
  }
}

run "each_lane_has_its_own_target" {
  command = plan

  variables {
    complete_seconds_p95 = 60
    lanes = {
      live   = { queue_name = "pixfleet-live" }
      bulk   = { queue_name = "pixfleet-bulk" }
      urgent = { queue_name = "pixfleet-urgent", complete_seconds_p95 = 20 }
    }
  }

  assert {
    condition     = { for name, alarm in aws_cloudwatch_metric_alarm.complete_seconds : name => alarm.threshold } == { live = 60, bulk = 86400, urgent = 20 }
    error_message = "Live has the module's target, other lanes their own or a day."
  }

  assert {
    condition     = { for name, alarm in aws_cloudwatch_metric_alarm.oldest_message : name => alarm.threshold } == { live = 60, bulk = 86400, urgent = 20 }
    error_message = "The limit of a message's age is that of its set."
  }
}

run "the_duration_alarm_is_at_four_fifths_of_the_timeout" {
  command = plan

  assert {
    condition     = aws_cloudwatch_metric_alarm.duration["worker"].threshold == 240000
    error_message = "Duration is in milliseconds, and 80 % of 300 s are 240,000."
  }
}

run "a_lane_without_a_rule_has_no_alarm_on_its_deliveries" {
  command = plan

  variables {
    lanes = {
      live = { queue_name = "pixfleet-live" }
      bulk = { queue_name = "pixfleet-bulk", rule_name = "pixfleet-bulk" }
    }
  }

  assert {
    condition     = keys(aws_cloudwatch_metric_alarm.undelivered_events) == ["bulk"]
    error_message = "Its metrics are never written: S3 notifies the queue itself."
  }
}

run "every_taggable_resource_has_the_tags" {
  command = plan

  variables {
    tags = { Owner = "photos" }
  }

  assert {
    condition = alltrue([for tags in concat(
      [aws_sns_topic.this.tags, aws_cloudwatch_composite_alarm.this.tags, aws_cloudwatch_metric_alarm.crashes["worker"].tags, aws_cloudwatch_metric_alarm.duration["worker"].tags],
      [for alarm in aws_cloudwatch_metric_alarm.dead_letters : alarm.tags],
      [for alarm in aws_cloudwatch_metric_alarm.error_rate : alarm.tags],
      [for alarm in aws_cloudwatch_metric_alarm.batches_stopped : alarm.tags],
    ) : tags == tomap({ Owner = "photos" })])
    error_message = "Tags must be passed on."
  }
}
