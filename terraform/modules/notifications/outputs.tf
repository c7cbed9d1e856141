output "topic_arn" {
  description = "ARN of the topic of changes, for subscribers of your own."
  value       = local.topic_arn

  depends_on = [aws_sns_topic.this, aws_sns_topic_policy.this]
}

output "topic_name" {
  description = "Name of the topic of changes."
  value       = aws_sns_topic.this.name
}

output "undelivered_queue" {
  description = "The queue with the events that an address has not taken."
  value = {
    arn  = aws_sqs_queue.this.arn
    name = aws_sqs_queue.this.name
    url  = aws_sqs_queue.this.url
  }
}
