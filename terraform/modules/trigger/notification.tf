locals {
  # This resource holds all notifications of a bucket, also those of others: creating it
  # replaces them.
  holds_notifications = var.sources_bucket.is_ours || var.replace_notifications_of != ""
}

resource "aws_s3_bucket_notification" "this" {
  count = local.holds_notifications ? 1 : 0

  bucket      = var.sources_bucket.name
  eventbridge = var.mode == "eventbridge"

  dynamic "queue" {
    for_each = var.mode == "notification" ? [var.queues["live"].arn] : []

    content {
      id        = "live"
      queue_arn = queue.value
      events    = ["s3:ObjectCreated:*", "s3:ObjectRemoved:*", "s3:LifecycleExpiration:*"]
    }
  }
}
