locals {
  # The values of `outcome` in the metric `images`.
  _outcomes = ["absent", "current", "ignored", "made", "rejected", "removed"]
  # Below this number, a share means nothing: one of two would be 50 %.
  _fewest = 10

  _failed = "FILL(failures, 0) - FILL(rejections, 0)"
  _well   = join(" + ", [for outcome in local._outcomes : "FILL(${outcome}, 0)"])
}

# Rejections are subtracted: they are bad uploads and have an alarm of their own. The rest is our or AWS's fault.
resource "aws_cloudwatch_metric_alarm" "error_rate" {
  for_each = var.lanes

  alarm_name          = "${var.prefix}-error-rate-${each.key}"
  alarm_description   = "5 % or more of the attempts of lane ${each.key} fail and are retried. Runbook: ${var.runbook_url}#alarm-error-rate First: ${local._retried_lines}"
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 5
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "share"
    label       = "failed and tried again, %"
    expression  = "IF(${local._failed} + ${local._well} >= ${local._fewest}, 100 * (${local._failed}) / (${local._failed} + ${local._well}), 0)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = toset(["failures", "rejections"])

    content {
      id = metric_query.key

      metric {
        namespace   = "Pixfleet"
        metric_name = metric_query.key
        dimensions  = { fleet = var.prefix, lane = each.key }
        stat        = "Sum"
        period      = 300
      }
    }
  }

  dynamic "metric_query" {
    for_each = toset(local._outcomes)

    content {
      id = metric_query.key

      metric {
        namespace   = "Pixfleet"
        metric_name = "images"
        dimensions  = { fleet = var.prefix, lane = each.key, outcome = metric_query.key }
        stat        = "Sum"
        period      = 300
      }
    }
  }

  tags = var.tags

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudwatch_metric_alarm" "rejected_rate" {
  for_each = var.lanes

  alarm_name          = "${var.prefix}-rejected-rate-${each.key}"
  alarm_description   = "20 % or more of the sources of lane ${each.key} are rejected: a client uploads invalid files, or a release refuses valid ones. Runbook: ${var.runbook_url}#alarm-rejected-rate First: ${local._rejected_lines}"
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 20
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "share"
    label       = "rejected, %"
    expression  = "IF(FILL(rejections, 0) + FILL(made, 0) >= ${local._fewest}, 100 * FILL(rejections, 0) / (FILL(rejections, 0) + FILL(made, 0)), 0)"
    return_data = true
  }

  metric_query {
    id = "rejections"

    metric {
      namespace   = "Pixfleet"
      metric_name = "rejections"
      dimensions  = { fleet = var.prefix, lane = each.key }
      stat        = "Sum"
      period      = 300
    }
  }

  metric_query {
    id = "made"

    metric {
      namespace   = "Pixfleet"
      metric_name = "images"
      dimensions  = { fleet = var.prefix, lane = each.key, outcome = "made" }
      stat        = "Sum"
      period      = 300
    }
  }

  tags = var.tags

  lifecycle {
    create_before_destroy = true
  }
}

# Forwarding is no failure: a few giants are what larger lanes are for. Many cost the time of two lanes each.
resource "aws_cloudwatch_metric_alarm" "forwarded_rate" {
  for_each = { for name, lane in var.lanes : name => lane if lane.forwards }

  alarm_name          = "${var.prefix}-forwarded-rate-${each.key}"
  alarm_description   = "20 % or more of the sources of lane ${each.key} go to its larger lane: they are too large for it, or a release needs more memory or time. Runbook: ${var.runbook_url}#alarm-forwarded-rate First: ${local._forwarded_lines}"
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 20
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "share"
    label       = "forwarded, %"
    expression  = "IF(FILL(forwards, 0) + FILL(made, 0) >= ${local._fewest}, 100 * FILL(forwards, 0) / (FILL(forwards, 0) + FILL(made, 0)), 0)"
    return_data = true
  }

  metric_query {
    id = "forwards"

    metric {
      namespace   = "Pixfleet"
      metric_name = "forwards"
      dimensions  = { fleet = var.prefix, lane = each.key }
      stat        = "Sum"
      period      = 300
    }
  }

  metric_query {
    id = "made"

    metric {
      namespace   = "Pixfleet"
      metric_name = "images"
      dimensions  = { fleet = var.prefix, lane = each.key, outcome = "made" }
      stat        = "Sum"
      period      = 300
    }
  }

  tags = var.tags

  lifecycle {
    create_before_destroy = true
  }
}
