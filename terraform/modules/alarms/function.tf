locals {
  # The causes for which the worker's circuit breaker stops a batch: a service that every image needs fails.
  # Of each function that works off lanes; the names of the others end in a lane.
  _functions = merge(
    {
      worker = {
        function_name   = var.function_name
        log_group_name  = var.log_group_name
        memory_mb       = var.function_memory_mb
        suffix          = ""
        timeout_seconds = var.function_timeout_seconds
      }
    },
    { for name, size in var.sizes : "worker-${name}" => merge(size, { suffix = "-${name}" }) },
  )

  _outside_causes = toset(["access_denied", "ledger_unavailable", "render_unavailable", "storage_unavailable", "throttled"])
}

# Invocations that fail without a log line of the worker: out of memory, timed out, import errors.
resource "aws_cloudwatch_metric_alarm" "crashes" {
  for_each = local._functions

  alarm_name          = "${var.prefix}-crashes${each.value.suffix}"
  alarm_description   = "5 % or more of the invocations of ${each.value.function_name} fail: timed out, out of memory, or an import error. Runbook: ${var.runbook_url}#alarm-crashes First: aws logs tail ${each.value.log_group_name} --since 1h --filter-pattern '?Task ?Runtime ?ERROR ?Traceback'"
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 5
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "share"
    label       = "invocations that failed, %"
    expression  = "100 * FILL(errors, 0) / invocations"
    return_data = true
  }

  metric_query {
    id = "errors"

    metric {
      namespace   = "AWS/Lambda"
      metric_name = "Errors"
      dimensions  = { FunctionName = each.value.function_name }
      stat        = "Sum"
      period      = 300
    }
  }

  metric_query {
    id = "invocations"

    metric {
      namespace   = "AWS/Lambda"
      metric_name = "Invocations"
      dimensions  = { FunctionName = each.value.function_name }
      stat        = "Sum"
      period      = 300
    }
  }

  tags = var.tags

  lifecycle {
    # The alarms of a removed size can be deleted only after the composite alarm no longer names them.
    create_before_destroy = true
  }
}

resource "aws_cloudwatch_metric_alarm" "throttles" {
  for_each = local._functions

  alarm_name          = "${var.prefix}-throttles${each.value.suffix}"
  alarm_description   = "Lambda throttles ${each.value.function_name}: the concurrency of the account or of the function is used up. Runbook: ${var.runbook_url}#alarm-throttles First: aws lambda get-account-settings; aws lambda get-function-concurrency --function-name ${each.value.function_name}"
  namespace           = "AWS/Lambda"
  metric_name         = "Throttles"
  dimensions          = { FunctionName = each.value.function_name }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = 0
  treat_missing_data  = "notBreaching"

  tags = var.tags

  lifecycle {
    # The alarms of a removed size can be deleted only after the composite alarm no longer names them.
    create_before_destroy = true
  }
}

resource "aws_cloudwatch_metric_alarm" "duration" {
  for_each = local._functions

  alarm_name          = "${var.prefix}-duration${each.value.suffix}"
  alarm_description   = "5 % of the batches of ${each.value.function_name} take over 80 % of its ${each.value.timeout_seconds} s; a batch that reaches the timeout is redelivered. Runbook: ${var.runbook_url}#alarm-duration First: aws logs tail ${each.value.log_group_name} --since 1h --filter-pattern '{ $.total_seconds > ${floor(each.value.timeout_seconds * 0.4)} }'"
  namespace           = "AWS/Lambda"
  metric_name         = "Duration"
  dimensions          = { FunctionName = each.value.function_name }
  extended_statistic  = "p95"
  period              = 300
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  comparison_operator = "GreaterThanThreshold"
  threshold           = each.value.timeout_seconds * 1000 * 0.8
  treat_missing_data  = "notBreaching"

  evaluate_low_sample_count_percentiles = "evaluate"

  tags = var.tags

  lifecycle {
    # The alarms of a removed size can be deleted only after the composite alarm no longer names them.
    create_before_destroy = true
  }
}

# One alarm for each cause, so that its name says what fails.
resource "aws_cloudwatch_metric_alarm" "batches_stopped" {
  for_each = local._outside_causes

  alarm_name          = "${var.prefix}-batches-stopped-${replace(each.key, "_", "-")}"
  alarm_description   = "The worker's circuit breaker stopped batches, because everything failed with ${each.key}. SQS redelivers the messages. Runbook: ${var.runbook_url}#alarm-batches-stopped First: aws logs tail ${var.log_group_name} --since 1h --filter-pattern '{ $.event = \"batch stopped\" }'"
  namespace           = "Pixfleet"
  metric_name         = "batches_stopped"
  dimensions          = { fleet = var.prefix, cause = each.key }
  statistic           = "Sum"
  period              = 300
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = 1
  # The metric is written only when a batch was stopped.
  treat_missing_data = "notBreaching"

  tags = var.tags
}
