# API Gateway counts its own refusals (401, 403, 429) and its own failures (502 and 503, if the function fails or is throttled) too.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
locals {
  _api = {
    for name, alarm in {
      api-errors = {
        metric_name = "5xx"
        threshold   = 1
        description = "The API answers 1 % or more of its requests with 5xx, at least ${local._fewest} in five minutes. Runbook: ${var.runbook_url}#alarm-api-errors First: aws logs tail ${try(var.api.log_group_name, "")} --since 1h --filter-pattern '{ $.status >= 500 }'"
      }
      # A client that asks for what does not exist, or exists already, is answered with 4xx, too.
      api-refusals = {
        metric_name = "4xx"
        threshold   = 50
        description = "The API answers half of its requests with 4xx, at least ${local._fewest} in five minutes. Runbook: ${var.runbook_url}#alarm-api-refusals First: aws logs tail ${try(var.api.access_log_group_name, "")} --since 1h --filter-pattern '{ $.status = \"4*\" }'"
      }
    } : name => alarm if var.api != null
  }
}

resource "aws_cloudwatch_metric_alarm" "api" {
  for_each = local._api

  alarm_name          = "${var.prefix}-${each.key}"
  alarm_description   = each.value.description
  evaluation_periods  = 3
  datapoints_to_alarm = 2
  comparison_operator = "GreaterThanOrEqualToThreshold"
  threshold           = each.value.threshold
  treat_missing_data  = "notBreaching"

  metric_query {
    id          = "share"
    label       = "${each.value.metric_name}, %"
    expression  = "IF(requests >= ${local._fewest}, 100 * FILL(answers, 0) / requests, 0)"
    return_data = true
  }

  dynamic "metric_query" {
    for_each = { answers = each.value.metric_name, requests = "Count" }

    content {
      id = metric_query.key

      metric {
        namespace   = "AWS/ApiGateway"
        metric_name = metric_query.value
        dimensions  = { ApiId = var.api.id }
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
