# The row of the API, below those of renderer and purge. API Gateway counts its own refusals and failures, too.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
locals {
  _api_row = [
    for widget in [
      { x = 0, title = "API: requests, and those answered with 4xx and 5xx, in 5 minutes", stat = "Sum", names = ["Count", "4xx", "5xx"] },
      # A call with `wait` takes up to 20 seconds.
      { x = 12, title = "API: how long 95 of 100 requests take, in all and in the function, milliseconds", stat = "p95", names = ["Latency", "IntegrationLatency"] },
      ] : {
      type = "metric", x = widget.x, y = 40, width = 12, height = 6
      properties = {
        title   = widget.title, region = local._region, view = "timeSeries", stacked = false
        metrics = [for name in widget.names : ["AWS/ApiGateway", name, "ApiId", var.api.id]]
        stat    = widget.stat, period = 300, yAxis = { left = { min = 0 } }
      }
    } if var.api != null
  ]
}
