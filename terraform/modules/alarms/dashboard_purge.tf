# The last row of the dashboard, if the stack purges.
locals {
  _purge_row = [
    for widget in [
      {
        x     = 0
        title = "Purged paths, and keys that were not purged, in 5 minutes"
        stat  = "Sum"
        names = ["purged_paths", "purges_over_budget", "purge_failures"]
      },
      {
        x     = 12
        title = "How long keys wait for a purge, seconds"
        stat  = "Maximum"
        names = ["purge_age_seconds"]
      },
      ] : {
      type = "metric", x = widget.x, y = 34, width = 12, height = 6
      properties = {
        title   = widget.title, region = local._region, view = "timeSeries", stacked = false
        metrics = [for name in widget.names : ["Pixfleet", name, "fleet", var.prefix, { label = replace(name, "_", " ") }]]
        stat    = widget.stat, period = 300, yAxis = { left = { min = 0 } }
      }
    } if var.purge != null
  ]
}
