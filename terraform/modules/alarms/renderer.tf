# The renderer answers readers, so its errors, its throttles and its bill have alarms of their own.
locals {
  # One element or none.
  _renderers = var.renderer[*]

  # Over an average day of the price list: a GB-second and a request.
  _renderer_usd = join(" + ", [
    "FILL(duration, 0) / 1000 * ${try(var.renderer.memory_mb, 0)} / 1024 * ${local._usd_per_gb_second[var.function_architecture]}",
    "FILL(invocations, 0) * 0.0000002",
  ])

  # Sums of five minutes, in two of three.
  _renderer_sums = {
    for name, alarm in {
      # A throttled request is a 429 to its reader, and does not fail over.
      renderer-throttles = {
        namespace   = "AWS/Lambda"
        metric_name = "Throttles"
        dimensions  = { FunctionName = try(var.renderer.function_name, "") }
        comparison  = "GreaterThanThreshold"
        threshold   = 0
        description = "Lambda throttles ${try(var.renderer.function_name, "")}: readers get 429 for variants that are not made yet. Runbook: ${var.runbook_url}#alarm-renderer-throttles First: aws lambda get-function-concurrency --function-name ${try(var.renderer.function_name, "")}"
      }
      renders = {
        namespace   = "Pixfleet"
        metric_name = "on_demand_renders"
        dimensions  = { fleet = var.prefix }
        comparison  = "GreaterThanThreshold"
        threshold   = 5 * var.renders_per_minute
        description = "Readers have more than ${var.renders_per_minute} variants a minute rendered. Runbook: ${var.runbook_url}#alarm-renders First: aws logs tail ${try(var.renderer.log_group_name, "")} --since 1h --filter-pattern '{ $.on_demand_renders > 0 }'"
      }
      # Each costs one read of the ledger and one HEAD, and no render.
      not-found = {
        namespace   = "Pixfleet"
        metric_name = "not_found"
        dimensions  = { fleet = var.prefix }
        comparison  = "GreaterThanOrEqualToThreshold"
        threshold   = 3000
        description = "Readers request 600 pictures a minute that do not exist. Runbook: ${var.runbook_url}#alarm-not-found First: aws logs tail ${try(var.renderer.log_group_name, "")} --since 1h --filter-pattern '{ $.not_found = 1 }'"
      }
      # The renderer found the object in the bucket, where CloudFront should have read it.
      edge-blind = {
        namespace   = "Pixfleet"
        metric_name = "edge_blind"
        dimensions  = { fleet = var.prefix }
        comparison  = "GreaterThanOrEqualToThreshold"
        threshold   = 3
        description = "CloudFront cannot read stored variants, so the renderer reads them, at many times the cost. Runbook: ${var.runbook_url}#alarm-edge-blind First: pixfleet doctor --stack ${var.prefix}"
      }
    } : name => alarm if var.renderer != null
  }
}

resource "aws_cloudwatch_metric_alarm" "renderer" {
  for_each = local._renderer_sums

  alarm_name          = "${var.prefix}-${each.key}"
  alarm_description   = each.value.description
  namespace           = each.value.namespace
  metric_name         = each.value.metric_name
  dimensions          = each.value.dimensions
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  comparison_operator = each.value.comparison
  threshold           = each.value.threshold
  treat_missing_data  = "notBreaching"

  tags = var.tags

  lifecycle {
    create_before_destroy = true
  }
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

# Renders that fail, and services that fail or refuse the renderer: it answers 503, so Lambda counts no error.
resource "aws_cloudwatch_metric_alarm" "renderer_unavailable" {
  count = length(local._renderers)

  alarm_name          = "${var.prefix}-renderer-unavailable"
  alarm_description   = "5 % or more of the renderer's answers are 503 in five minutes with at least ${local._fewest} requests. Runbook: ${var.runbook_url}#alarm-renderer-unavailable First: aws logs tail ${var.renderer.log_group_name} --since 1h --filter-pattern '{ $.answered = \"unavailable\" }'"
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 5
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "share"
    label       = "requests that were answered with 503, %"
    expression  = "IF(invocations >= ${local._fewest}, 100 * FILL(unavailable, 0) / invocations, 0)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = {
      invocations = { namespace = "AWS/Lambda", name = "Invocations", dimensions = { FunctionName = var.renderer.function_name } }
      unavailable = { namespace = "Pixfleet", name = "answers", dimensions = { answered = "unavailable", fleet = var.prefix } }
    }

    content {
      id = metric_query.key

      metric {
        namespace   = metric_query.value.namespace
        metric_name = metric_query.value.name
        dimensions  = metric_query.value.dimensions
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
