# docs/settings.md describes each setting. Settings that are not set here have the worker's default.
locals {
  needs_signing = try(length(var.delivery.signing_key_group_ids) > 0, false)

  asked_environment = {
    PIXFLEET_CHILD_IMAGES     = var.worker.child_images
    PIXFLEET_CHILD_MEMORY_MB  = var.worker.child_memory_mb
    PIXFLEET_COMPLETION_TOPIC = local.completion_topic_arn
    PIXFLEET_LARGER_LANES     = length(local.larger_lanes) > 0 ? join(",", [for lane, larger in local.larger_lanes : "${lane}=${var.prefix}-${larger}"]) : null
    PIXFLEET_MAX_BYTES        = var.worker.max_bytes
    PIXFLEET_MAX_FRAMES       = var.worker.max_frames
    PIXFLEET_MAX_PIXELS       = var.worker.max_pixels
    PIXFLEET_ON_DEMAND        = local.has_renderer ? true : null
    # The worker gets it too, and makes at upload what the renderer could not hold.
    PIXFLEET_ON_DEMAND_CHILD_MEMORY_MB = (
      local.has_renderer && local.renderer_child_mb < local.child_memory_mb ? local.renderer_child_mb : null
    )
    PIXFLEET_PURGE_QUEUE    = one(local.purge_queues[*].url)
    PIXFLEET_RENDER_SECONDS = var.worker.render_seconds
    PIXFLEET_SERVING_TABLE  = try(module.ledger.serving_table.name, null)
  }
  worker_environment = tomap(merge(
    {
      PIXFLEET_DEAD_LETTER_QUEUE = module.queue.dead_letter.name
      PIXFLEET_FLEET             = var.prefix
      PIXFLEET_LEDGER_TABLE      = module.ledger.table.name
      PIXFLEET_MAX_RECEIVES      = tostring(var.queues.max_receives)
      PIXFLEET_RECIPES           = "s3://${aws_s3_object.recipes.bucket}/${aws_s3_object.recipes.key}"
      PIXFLEET_SOURCES_BUCKET    = module.storage.sources_bucket.name
      PIXFLEET_VARIANTS_BUCKET   = module.storage.variants_bucket.name
    },
    { for name, value in local.asked_environment : name => tostring(value) if value != null },
  ))
  # What differs in a function of another size.
  size_settings = {
    for name, size in local.sizes : name => merge(
      {
        PIXFLEET_CHILD_MEMORY_MB = tostring(size.child_memory_mb)
        PIXFLEET_MAX_PIXELS      = tostring(size.max_pixels)
        PIXFLEET_RENDER_CHILDREN = "1"
        PIXFLEET_RENDER_SECONDS  = tostring(size.render_seconds)
      },
      # The renderer's, and not as much as this child has.
      local.has_renderer ? { PIXFLEET_ON_DEMAND_CHILD_MEMORY_MB = tostring(local.renderer_child_mb) } : {},
    )
  }
  size_environments = { for name, settings in local.size_settings : name => tomap(merge(local.worker_environment, settings)) }

  most_pixels = max(local.max_pixels, values(local._lane_sizes)[*].max_pixels...)

  # Pictures that are not published yet take at most half of the renderers. A lazy variant may be of a picture of any lane.
  renderer_environment = tomap(merge(
    local.worker_environment,
    local.most_pixels > local.max_pixels ? { PIXFLEET_MAX_PIXELS = tostring(local.most_pixels) } : {},
    local.renderer_concurrency == null ? {} : {
      PIXFLEET_UNPUBLISHED_RENDERS = tostring(max(1, floor(local.renderer_concurrency / 2)))
    },
    local.needs_signing ? { PIXFLEET_SIGNED_URLS = "true" } : {},
  ))
}
