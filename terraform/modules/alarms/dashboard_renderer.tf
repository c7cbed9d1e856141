# The last row of the dashboard, if there is a renderer.
locals {
  _answers = ["copied", "found", "invalid", "missing", "rejected", "rendered", "unavailable"]

  _renderer_row = [
    for widget in [
      {
        x     = 0
        title = "Answers of the renderer, in 5 minutes", stacked = true, stat = "Sum"
        metrics = [
          for answer in local._answers : ["Pixfleet", "answers", "fleet", var.prefix, "answered", answer, { label = answer }]
        ]
      },
      {
        x     = 8
        title = "First requests: seconds until the answer (left), renders, stores and troubles (right)", stacked = false, stat = "Sum"
        metrics = concat(
          [for stat in ["p50", "p95"] : ["Pixfleet", "answer_seconds", "fleet", var.prefix, { label = stat, stat = stat }]],
          [
            for name in ["on_demand_renders", "on_demand_stores", "stores_refused", "edge_blind", "not_found"] :
            ["Pixfleet", name, "fleet", var.prefix, { label = replace(name, "_", " "), stat = "Sum", yAxis = "right" }]
          ],
        )
      },
      {
        x     = 16
        title = "The renderer's errors and throttles", stacked = false, stat = "Sum"
        metrics = [
          for name in ["Errors", "Throttles"] : ["AWS/Lambda", name, "FunctionName", try(var.renderer.function_name, ""), { label = lower(name) }]
        ]
      },
      ] : {
      type = "metric", x = widget.x, y = 28, width = 8, height = 6
      properties = {
        title   = widget.title, region = local._region, view = "timeSeries", stacked = widget.stacked
        metrics = widget.metrics, stat = widget.stat, period = 300, yAxis = { left = { min = 0 }, right = { min = 0 } }
      }
    } if length(local._renderers) > 0
  ]
}
