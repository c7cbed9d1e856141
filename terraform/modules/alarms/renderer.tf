# The renderer answers readers, so its errors, its throttles and its bill have alarms of their own.
locals {
  # One element or none.
  _renderers = var.renderer[*]

  # Over an average day of the price list: a GB-second and a request.
  _renderer_usd = join(" + ", [
    "FILL(duration, 0) / 1000 * ${try(var.renderer.memory_mb, 0)} / 1024 * ${local._usd_per_gb_second[var.function_architecture]}",
    "FILL(invocations, 0) * 0.0000002",
  ])
}

resource "aws_cloudwatch_metric_alarm" "renderer_errors" {
  count = length(local._renderers)

  alarm_name          = "${var.prefix}-renderer-errors"
  alarm_description   = "1 % or more of the renderer's invocations fail, and readers get a 502. Runbook: ${var.runbook_url}#alarm-renderer-errors First: aws logs tail ${var.renderer.log_group_name} --since 1h --filter-pattern '?Task ?Runtime ?ERROR ?Traceback'"
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "share"
    label       = "invocations that failed, %"
    expression  = "100 * FILL(errors, 0) / invocations"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { errors = "Errors", invocations = "Invocations" }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/Lambda"
        metric_name = metric_query.value
        dimensions  = { FunctionName = var.renderer.function_name }
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

# A throttled request is a 429 to its reader, and does not fail over.
resource "aws_cloudwatch_metric_alarm" "renderer_throttles" {
  count = length(local._renderers)

  alarm_name          = "${var.prefix}-renderer-throttles"
  alarm_description   = "Lambda throttles ${var.renderer.function_name}: readers get 429 for variants that are not made yet. Runbook: ${var.runbook_url}#alarm-renderer-throttles First: aws lambda get-function-concurrency --function-name ${var.renderer.function_name}"
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = var.renderer.function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"

  tags = var.tags

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudwatch_metric_alarm" "renders" {
  count = length(local._renderers)

  alarm_name          = "${var.prefix}-renders"
  alarm_description   = "Readers have more than ${var.renders_per_minute} variants a minute rendered. Runbook: ${var.runbook_url}#alarm-renders First: aws logs tail ${var.renderer.log_group_name} --since 1h --filter-pattern '{ $.on_demand_renders > 0 }'"
  namespace           = "Pixfleet"
  metric_name         = "on_demand_renders"
  dimensions          = { fleet = var.prefix }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = 5 * var.renders_per_minute
  treat_missing_data  = "notBreaching"

  tags = var.tags

  lifecycle {
    create_before_destroy = true
  }
}

resource "aws_cloudwatch_metric_alarm" "renderer_spend" {
  count = length(local._renderers)

  alarm_name          = "${var.prefix}-renderer-spend"
  alarm_description   = "The renderer costs more than $${var.renderer_daily_usd} in a day. Runbook: ${var.runbook_url}#alarm-renderer-spend First: aws logs tail ${var.renderer.log_group_name} --since 1h --filter-pattern '{ $.on_demand_renders > 0 }'"
  evaluation_periods  = 1
  comparison_operator = "GreaterThanThreshold"
  threshold           = var.renderer_daily_usd
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "cost"
    label       = "Lambda, $ a day"
    expression  = local._renderer_usd
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { duration = "Duration", invocations = "Invocations" }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/Lambda"
        metric_name = metric_query.value
        dimensions  = { FunctionName = var.renderer.function_name }
        stat        = "Sum"
        period      = 86400
      }
    }
  }

  tags = var.tags

  lifecycle {
    create_before_destroy = true
  }
}

# Each costs one read of the ledger and one HEAD, and no render.
resource "aws_cloudwatch_metric_alarm" "not_found" {
  count = length(local._renderers)

  alarm_name          = "${var.prefix}-not-found"
  alarm_description   = "Readers ask for 600 pictures a minute that do not exist. Runbook: ${var.runbook_url}#alarm-not-found First: aws logs tail ${var.renderer.log_group_name} --since 1h --filter-pattern '{ $.not_found = 1 }'"
  namespace           = "Pixfleet"
  metric_name         = "not_found"
  dimensions          = { fleet = var.prefix }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 3000
  treat_missing_data  = "notBreaching"

  tags = var.tags

  lifecycle {
    create_before_destroy = true
  }
}

# The renderer found the object in the bucket, where CloudFront should have read it.
resource "aws_cloudwatch_metric_alarm" "edge_blind" {
  count = length(local._renderers)

  alarm_name          = "${var.prefix}-edge-blind"
  alarm_description   = "CloudFront cannot read stored variants, and has the renderer read them, at many times the cost. Runbook: ${var.runbook_url}#alarm-edge-blind First: pixfleet doctor --stack ${var.prefix}"
  namespace           = "Pixfleet"
  metric_name         = "edge_blind"
  dimensions          = { fleet = var.prefix }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 3
  treat_missing_data  = "notBreaching"

  tags = var.tags

  lifecycle {
    create_before_destroy = true
  }
}
