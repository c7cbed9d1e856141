locals {
  _queries = {
    "batches stopped"   = <<-EOT
      filter event = "batch stopped"
      | stats count(*) as batches, sum(held_back) as messages, latest(detail) as what by cause, bin(5m)
      | sort batches desc
    EOT
    "failures by cause" = <<-EOT
      filter failures = 1
      | stats count(*) as times, count_distinct(key) as sources, latest(stage) as last_stage, latest(detail) as last_detail by cause, lane
      | sort times desc
    EOT
    "life of one key"   = <<-EOT
      fields @timestamp, event, outcome, cause, stage, detail, lane, receive_count, etag, total_seconds
      | filter key = "put the key here"
      | sort @timestamp asc
    EOT
    "slowest images"    = <<-EOT
      filter ispresent(total_seconds)
      | fields key, total_seconds, fetch_seconds, wait_seconds, render_seconds, upload_seconds, slow_downs, publish_seconds, source_bytes, outcome, cause
      | sort total_seconds desc
      | limit 20
    EOT
  }

  _renderer_queries = {
    for name, query in {
      "renderer without a picture" = <<-EOT
        filter answered = "unavailable"
        | stats count(*) as times, count_distinct(key) as sources, latest(key) as last_key, latest(stage) as last_stage, latest(detail) as last_detail by cause
        | sort times desc
      EOT
    } : name => query if var.renderer != null
  }
}

resource "aws_cloudwatch_query_definition" "this" {
  for_each = merge(local._queries, local._renderer_queries)

  name            = "${var.prefix}/${each.key}"
  log_group_names = contains(keys(local._queries), each.key) ? values(local._functions)[*].log_group_name : [var.renderer.log_group_name]
  query_string    = each.value
}
