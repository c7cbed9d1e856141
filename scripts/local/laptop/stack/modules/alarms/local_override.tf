# Features that the local AWS (MiniStack 1.5.33) lacks.

# PutQueryDefinition is not implemented.
resource "aws_cloudwatch_query_definition" "this" {
  for_each = {}
}

# DescribeAlarms does not return EvaluateLowSampleCountPercentile, so each plan would set it again.
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
