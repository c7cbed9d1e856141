# The real provider without an account: policies and names are known at plan time; no API is called.
provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.this
  values = { account_id = "123456789012" }
}

variables {
  prefix                   = "photos"
  function_timeout_seconds = 300
  sources_bucket_arn       = "arn:aws:s3:::photos-sources-123456789012"
}

run "lanes_share_a_dead_letter_queue_and_accept_events_of_the_sources_bucket_only" {
  command = plan

  variables {
    batch_window_seconds = 5
    max_receives         = 6
  }

  assert {
    condition     = alltrue([for queue in aws_sqs_queue.lane : queue.visibility_timeout_seconds == 1805])
    error_message = "The visibility timeout must be six timeouts and the window."
  }

  assert {
    condition     = output.visibility_timeouts == { bulk = 1805, live = 1805 }
    error_message = "The output must match the queues."
  }

  assert {
    condition     = { for lane, queue in aws_sqs_queue.lane : lane => queue.name } == { bulk = "photos-bulk", live = "photos-live" }
    error_message = "The worker reads the lane from the end of the queue's name."
  }

  assert {
    condition     = output.dead_letter.arn == "arn:aws:sqs:eu-west-1:123456789012:photos-dead-letter"
    error_message = "Got ${output.dead_letter.arn}."
  }

  assert {
    condition     = output.dead_letter.name == aws_sqs_queue.dead_letter.name
    error_message = "The output must match the queue."
  }

  assert {
    condition = (
      aws_sqs_queue.dead_letter.message_retention_seconds == 14 * 86400
      && alltrue([for queue in aws_sqs_queue.lane : queue.message_retention_seconds == 4 * 86400])
    )
    error_message = "Dead letters must be kept longer than messages in the lanes."
  }

  assert {
    condition = alltrue([
      for queue in aws_sqs_queue.lane : jsondecode(queue.redrive_policy) == {
        deadLetterTargetArn = "arn:aws:sqs:eu-west-1:123456789012:photos-dead-letter"
        maxReceiveCount     = 6
      }
    ])
    error_message = "Each lane must send its dead letters to the dead-letter queue."
  }

  assert {
    condition = jsondecode(aws_sqs_queue_redrive_allow_policy.dead_letter.redrive_allow_policy) == {
      redrivePermission = "byQueue"
      sourceQueueArns = [
        "arn:aws:sqs:eu-west-1:123456789012:photos-bulk",
        "arn:aws:sqs:eu-west-1:123456789012:photos-live",
      ]
    }
    error_message = "Only the lanes may use the dead-letter queue."
  }

  assert {
    condition = alltrue([
      for lane, policy in aws_sqs_queue_policy.lane : jsondecode(policy.policy).Statement == [
        {
          Sid       = "TakeEventsOfSources"
          Effect    = "Allow"
          Action    = "sqs:SendMessage"
          Resource  = "arn:aws:sqs:eu-west-1:123456789012:photos-${lane}"
          Principal = { Service = "s3.amazonaws.com" }
          Condition = {
            ArnEquals    = { "aws:SourceArn" = "arn:aws:s3:::photos-sources-123456789012" }
            StringEquals = { "aws:SourceAccount" = "123456789012" }
          }
        },
        {
          Sid       = "RefuseUnencryptedTransport"
          Effect    = "Deny"
          Action    = "sqs:*"
          Resource  = "arn:aws:sqs:eu-west-1:123456789012:photos-${lane}"
          Principal = "*"
          Condition = { Bool = { "aws:SecureTransport" = "false" } }
        },
      ]
    ])
    error_message = "Got ${aws_sqs_queue_policy.lane["live"].policy}."
  }

  assert {
    condition = jsondecode(aws_sqs_queue_policy.dead_letter.policy).Statement == [{
      Sid       = "RefuseUnencryptedTransport"
      Effect    = "Deny"
      Action    = "sqs:*"
      Resource  = "arn:aws:sqs:eu-west-1:123456789012:photos-dead-letter"
      Principal = "*"
      Condition = { Bool = { "aws:SecureTransport" = "false" } }
    }]
    error_message = "No service may send to the dead-letter queue. Got ${aws_sqs_queue_policy.dead_letter.policy}."
  }

  assert {
    condition = alltrue([
      for queue in concat(values(aws_sqs_queue.lane), [aws_sqs_queue.dead_letter]) :
      queue.sqs_managed_sse_enabled && queue.kms_master_key_id == null
    ])
    error_message = "SSE-SQS must be on."
  }
}

run "through_eventbridge_only_the_lanes_own_rule_may_send" {
  command = plan

  variables {
    senders     = "eventbridge"
    kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/0a1b"
  }

  assert {
    condition = alltrue([
      for lane, policy in aws_sqs_queue_policy.lane : (
        jsondecode(policy.policy).Statement[0].Principal == { Service = "events.amazonaws.com" }
        && jsondecode(policy.policy).Statement[0].Condition == {
          ArnEquals = { "aws:SourceArn" = "arn:aws:events:eu-west-1:123456789012:rule/photos-${lane}" }
        }
      )
    ])
    error_message = "Got ${aws_sqs_queue_policy.lane["live"].policy}."
  }

  assert {
    condition = jsondecode(aws_sqs_queue_policy.dead_letter.policy).Statement[1] == {
      Sid       = "TakeEventsThatCannotBeDelivered"
      Effect    = "Allow"
      Action    = "sqs:SendMessage"
      Resource  = "arn:aws:sqs:eu-west-1:123456789012:photos-dead-letter"
      Principal = { Service = "events.amazonaws.com" }
      Condition = {
        ArnEquals = {
          "aws:SourceArn" = [
            "arn:aws:events:eu-west-1:123456789012:rule/photos-bulk",
            "arn:aws:events:eu-west-1:123456789012:rule/photos-live",
          ]
        }
      }
    }
    error_message = "EventBridge would drop what it cannot deliver. Got ${aws_sqs_queue_policy.dead_letter.policy}."
  }

  assert {
    condition = alltrue([
      for queue in concat(values(aws_sqs_queue.lane), [aws_sqs_queue.dead_letter]) :
      queue.kms_master_key_id == "arn:aws:kms:eu-west-1:123456789012:key/0a1b"
    ])
    error_message = "The key that was named must encrypt every queue."
  }
}

# One day of retention has time for 47 receives of half an hour.
run "one_lane_is_enough_and_as_many_receives_as_fit_are_allowed" {
  command = plan

  variables {
    lanes          = { live = { maximum_concurrency = 2 } }
    max_receives   = 47
    retention_days = 1
  }

  assert {
    condition     = keys(aws_sqs_queue.lane) == ["live"]
    error_message = "A fleet without bulk must be possible."
  }

  assert {
    condition     = alltrue([for queue in aws_sqs_queue.lane : jsondecode(queue.redrive_policy).maxReceiveCount == 47])
    error_message = "The bound must not refuse what fits."
  }
}

run "a_larger_lane_is_hidden_as_long_as_its_function_needs_and_takes_no_events" {
  command = plan

  variables {
    lanes = {
      large = { function_timeout_seconds = 900, maximum_concurrency = 2 }
      live  = { larger = "large", maximum_concurrency = 50 }
    }
  }

  assert {
    condition     = { for lane, queue in aws_sqs_queue.lane : lane => queue.visibility_timeout_seconds } == { large = 5400, live = 1800 }
    error_message = "A message would be received again while its source is rendered."
  }

  assert {
    condition     = [for statement in data.aws_iam_policy_document.lane["large"].statement : statement.sid] == ["RefuseUnencryptedTransport"]
    error_message = "Only the workers send to a lane without keys of its own."
  }
}
