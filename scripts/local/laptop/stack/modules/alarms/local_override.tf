# What the local AWS (MiniStack 1.5.33) does not have or keep.

# It has no PutQueryDefinition.
resource "aws_cloudwatch_query_definition" "this" {
  for_each = {}
}

# It forgets EvaluateLowSampleCountPercentile, and each plan would want to set it again.
resource "aws_cloudwatch_metric_alarm" "complete_seconds" {
  lifecycle {
    ignore_changes = [evaluate_low_sample_count_percentiles]
  }
}

resource "aws_cloudwatch_metric_alarm" "duration" {
  lifecycle {
    ignore_changes = [evaluate_low_sample_count_percentiles]
  }
}
