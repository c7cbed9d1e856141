# From top to bottom: waiting messages, outcomes, failures, durations, cost, what readers have rendered, purges, and the API.
resource "aws_cloudwatch_dashboard" "this" {
  dashboard_name = var.prefix
  dashboard_body = jsonencode({
    start          = "-PT6H"
    periodOverride = "inherit"
    widgets        = concat(local._state_row, local._queue_row, local._image_row, local._time_row, local._money_row, local._renderer_row, local._purge_row, local._api_row)
  })
}

locals {
  _lanes = sort(keys(var.lanes))
  # Built from parts, so that a plan shows the whole dashboard.
  _alarm_arn = "arn:${local._partition}:cloudwatch:${local._region}:${local._account_id}:alarm"

  _state_row = [
    {
      type = "alarm", x = 0, y = 0, width = 24, height = 4
      properties = {
        title = "Alarms (grey: no data, which is normal)"
        alarms = [
          for name in concat(
            [aws_cloudwatch_composite_alarm.this.alarm_name],
            [for alarm in aws_cloudwatch_metric_alarm.dead_letters : alarm.alarm_name],
            [for alarm in aws_cloudwatch_metric_alarm.new_dead_letters : alarm.alarm_name],
            [for alarm in aws_cloudwatch_metric_alarm.undelivered_events : alarm.alarm_name],
            local._flows,
          ) : "${local._alarm_arn}:${name}"
        ]
      }
    },
  ]

  _queue_row = [
    {
      type = "metric", x = 0, y = 4, width = 8, height = 6
      properties = {
        title = "Waiting: messages that can be received", region = local._region
        view  = "timeSeries", stat = "Maximum", period = 60, yAxis = { left = { min = 0 } }
        metrics = concat(
          [for name in local._lanes : ["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", var.lanes[name].queue_name, { label = name }]],
          [["AWS/SQS", "ApproximateNumberOfMessagesVisible", "QueueName", var.dead_letter_queue_name, { label = "dead letters", color = "#d62728" }]],
        )
      }
    },
    {
      type = "metric", x = 8, y = 4, width = 8, height = 6
      properties = {
        title = "In flight: messages that were received and not deleted", region = local._region
        view  = "timeSeries", stat = "Maximum", period = 60, yAxis = { left = { min = 0 } }
        metrics = [
          for name in local._lanes : ["AWS/SQS", "ApproximateNumberOfMessagesNotVisible", "QueueName", var.lanes[name].queue_name, { label = name }]
        ]
      }
    },
    {
      type = "metric", x = 16, y = 4, width = 8, height = 6
      properties = {
        title = "Age of the oldest message, seconds", region = local._region
        view  = "timeSeries", stat = "Maximum", period = 60, yAxis = { left = { min = 0 } }
        metrics = [
          for name in local._lanes : ["AWS/SQS", "ApproximateAgeOfOldestMessage", "QueueName", var.lanes[name].queue_name, { label = name }]
        ]
        annotations = { horizontal = [for name in local._lanes : { label = "alarm, ${name}", value = local._complete_seconds[name] } if name == "live"] }
      }
    },
  ]

  _image_row = [
    {
      type = "metric", x = 0, y = 10, width = 12, height = 6
      properties = {
        title = "Images by outcome, in 5 minutes (forwarded: a larger lane gets them)", region = local._region
        view  = "timeSeries", stacked = true, stat = "Sum", period = 300, yAxis = { left = { min = 0 } }
        metrics = concat(concat([
          for name in local._lanes : [
            for outcome in local._outcomes : ["Pixfleet", "images", "fleet", var.prefix, "lane", name, "outcome", outcome, { label = "${name}: ${outcome}" }]
          ]
          ]...), [
          for name in local._lanes : ["Pixfleet", "forwards", "fleet", var.prefix, "lane", name, { label = "${name}: forwarded" }] if var.lanes[name].forwards
        ])
      }
    },
    {
      type = "metric", x = 12, y = 10, width = 12, height = 6
      properties = {
        title = "Failures by cause, in 5 minutes (the runbook explains each)", region = local._region
        view  = "timeSeries", stacked = true, period = 300, yAxis = { left = { min = 0 } }
        # A search, because a line for each cause would show many that never occur.
        metrics = [
          [{ id = "failures", label = "", expression = "SEARCH('{Pixfleet,fleet,cause} MetricName=\"failures\" fleet=\"${var.prefix}\"', 'Sum', 300)" }],
          [{ id = "stopped", label = "batches stopped: ", expression = "SEARCH('{Pixfleet,fleet,cause} MetricName=\"batches_stopped\" fleet=\"${var.prefix}\"', 'Sum', 300)", yAxis = "right" }],
        ]
      }
    },
  ]

  _time_row = [
    {
      type = "metric", x = 0, y = 16, width = 8, height = 6
      properties = {
        title = "From upload to complete set, seconds", region = local._region
        view  = "timeSeries", period = 300, yAxis = { left = { min = 0 } }
        metrics = concat([
          for name in local._lanes : [
            for stat in ["p50", "p95"] : ["Pixfleet", "complete_seconds", "fleet", var.prefix, "lane", name, { stat = stat, label = "${name}: ${stat}" }]
          ]
        ]...)
        annotations = { horizontal = [{ label = "alarm, live", value = local._complete_seconds["live"] }] }
      }
    },
    {
      type = "metric", x = 8, y = 16, width = 8, height = 6
      properties = {
        title = "Rendering one image, seconds", region = local._region
        view  = "timeSeries", period = 300, yAxis = { left = { min = 0 } }
        metrics = concat([
          for name in local._lanes : [
            for stat in ["p50", "p95"] : ["Pixfleet", "render_seconds", "fleet", var.prefix, "lane", name, { stat = stat, label = "${name}: ${stat}" }]
          ]
        ]...)
      }
    },
    {
      type = "metric", x = 16, y = 16, width = 8, height = 6
      properties = {
        title = "One batch against its timeout, seconds", region = local._region
        view  = "timeSeries", period = 300, yAxis = { left = { min = 0 } }
        metrics = concat(concat([
          for at, each in values(local._functions) : concat(
            [for stat in ["p50", "p95", "Maximum"] : ["AWS/Lambda", "Duration", "FunctionName", each.function_name, { id = "d${lower(stat)}${at}", stat = stat, visible = false }]],
            [for stat in ["p50", "p95", "Maximum"] : [{ id = "s${lower(stat)}${at}", expression = "d${lower(stat)}${at} / 1000", label = trimspace("${trimprefix(each.suffix, "-")} ${stat}") }]],
          )
        ]...))
        annotations = { horizontal = concat([
          for each in values(local._functions) : [
            { label = trimspace("timeout ${trimprefix(each.suffix, "-")}"), value = each.timeout_seconds, color = "#d62728" },
            { label = trimspace("alarm, p95 ${trimprefix(each.suffix, "-")}"), value = each.timeout_seconds * 0.8, color = "#1f77b4" },
          ]
        ]...) }
      }
    },
  ]

  _money_row = [
    {
      type = "metric", x = 0, y = 22, width = 8, height = 6
      properties = {
        title = "Bytes: sources read, variants stored, and the saving", region = local._region
        view  = "timeSeries", stat = "Sum", period = 3600, yAxis = { left = { min = 0 }, right = { min = 0, max = 100 } }
        metrics = concat(
          [for name in local._lanes : ["Pixfleet", "source_bytes", "fleet", var.prefix, "lane", name, { id = "source${name}", label = "sources, ${name}" }]],
          [for name in local._lanes : ["Pixfleet", "variant_bytes", "fleet", var.prefix, "lane", name, { id = "variant${name}", label = "variants, ${name}" }]],
          [[{
            id         = "saved", label = "all variants of a source are smaller by, %", yAxis = "right"
            expression = "100 * (1 - SUM([${join(", ", [for name in local._lanes : "variant${name}"])}]) / SUM([${join(", ", [for name in local._lanes : "source${name}"])}]))"
          }]],
        )
      }
    },
    {
      type = "metric", x = 8, y = 22, width = 8, height = 6
      properties = {
        title = "Lambda, $ an hour: ${local._usd_per_gb_second[var.function_architecture]} a GB-s (${var.function_architecture}, us-east-1) and 0.20 a million requests"
        view  = "timeSeries", region = local._region, stat = "Sum", period = 3600, yAxis = { left = { min = 0 } }
        metrics = concat(
          concat([
            for at, each in values(local._functions) : [
              ["AWS/Lambda", "Duration", "FunctionName", each.function_name, { id = "duration${at}", visible = false }],
              ["AWS/Lambda", "Invocations", "FunctionName", each.function_name, { id = "invocations${at}", visible = false }],
            ]
          ]...),
          [[{
            id = "cost", label = "Lambda, $ (S3, SQS and logs: docs/cost.md)"
            expression = join(" + ", [
              for at, each in values(local._functions) :
              "FILL(duration${at}, 0) / 1000 * ${each.memory_mb} / 1024 * ${local._usd_per_gb_second[var.function_architecture]} + FILL(invocations${at}, 0) * 0.0000002"
            ])
          }]],
        )
      }
    },
    {
      type = "metric", x = 16, y = 22, width = 8, height = 6
      properties = {
        title = "CloudFront: requests (left), errors in % (right)", region = "us-east-1"
        view  = "timeSeries", period = 300, yAxis = { left = { min = 0 }, right = { min = 0 } }
        metrics = [
          ["AWS/CloudFront", "Requests", "DistributionId", var.distribution_id, "Region", "Global", { stat = "Sum", label = "requests" }],
          ["AWS/CloudFront", "4xxErrorRate", "DistributionId", var.distribution_id, "Region", "Global", { stat = "Average", label = "4xx, %", yAxis = "right" }],
          ["AWS/CloudFront", "5xxErrorRate", "DistributionId", var.distribution_id, "Region", "Global", { stat = "Average", label = "5xx, %", yAxis = "right" }],
        ]
      }
    },
  ]

  # Strings, so that the title shows them as in the price list.
  _usd_per_gb_second = {
    arm64  = "0.0000133334"
    x86_64 = "0.0000166667"
  }
}
