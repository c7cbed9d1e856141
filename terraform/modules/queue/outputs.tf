output "dead_letter" {
  description = "The queue of messages that failed permanently or too often."
  value = {
    arn  = local.dead_letter_arn
    name = local.dead_letter_name
    url  = aws_sqs_queue.dead_letter.id
  }

  depends_on = [
    aws_sqs_queue_policy.dead_letter,
    aws_sqs_queue_redrive_allow_policy.dead_letter,
  ]
}

output "lanes" {
  description = "The queues by lane; they take events once this is known."
  value = {
    for lane, name in local.lane_names : lane => {
      arn  = local.lane_arns[lane]
      name = name
      url  = aws_sqs_queue.lane[lane].id
    }
  }

  # S3 sends a test message to the queue when its notification is configured.
  depends_on = [aws_sqs_queue_policy.lane]
}

output "visibility_timeouts" {
  description = "Seconds for which a received message is hidden, by lane: six times its function's timeout, and the batch window."
  value       = local.visibility_timeouts
}
