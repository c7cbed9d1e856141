# Rules across modules; each module has its own rules too.
locals {
  # The worker's defaults, as in docs/settings.md; a test compares them.
  child_memory_mb = coalesce(var.worker.child_memory_mb, 1000)
  max_bytes       = coalesce(var.worker.max_bytes, 104857600)
  max_pixels      = coalesce(var.worker.max_pixels, 100000000)
  render_seconds  = coalesce(var.worker.render_seconds, 60)

  # One render child for each vCPU (1,769 MB). It needs 60 MB for libraries besides its image; the parent 150 MB
  # and one source for each child and two more.
  children         = max(1, floor(var.worker.memory_mb / 1769))
  needed_memory_mb = ceil(local.children * (local.child_memory_mb + 60) + 150 + (local.children + 2) * local.max_bytes / 1048576)

  # The renderer renders one image at a time; what its child cannot hold is made at upload.
  renderer_other_mb = ceil(60 + 150 + 3 * local.max_bytes / 1048576)
  renderer_child_mb = min(local.child_memory_mb, local.renderer_memory_mb - local.renderer_other_mb)

  # Time for claim, GET, last uploads and response, in addition to the longest render.
  needed_seconds = local.render_seconds + 60
}

# Stores nothing: it holds the rules, which every plan checks.
resource "terraform_data" "rules" {
  lifecycle {
    precondition {
      condition     = local.asked_concurrency == -1 || local.asked_concurrency >= local.lanes_concurrency
      error_message = "Expected a reserved_concurrency of at least ${local.lanes_concurrency}, the sum of the worker's lanes, got ${local.asked_concurrency}: batches that Lambda throttles use up their receives. Raise it, lower the lanes' maximum_concurrency, or leave it out; -1 reserves none, for an account whose quota is too small."
    }

    precondition {
      condition     = var.worker.memory_mb >= local.needed_memory_mb
      error_message = "Expected memory_mb of at least ${local.needed_memory_mb}, got ${var.worker.memory_mb}: ${local.children} images at once may need that much. Raise it, or lower child_memory_mb or max_bytes."
    }

    precondition {
      condition     = !local.has_renderer || local.renderer_child_mb >= 256
      error_message = "Expected delivery.on_demand.memory_mb of at least ${local.renderer_other_mb + 256}, got ${local.renderer_memory_mb}: an image must have 256 MB in the renderer besides what it always needs. Raise it, or lower max_bytes."
    }

    precondition {
      condition     = local.max_bytes <= 0.4 * local.child_memory_mb * 1048576
      error_message = "Expected max_bytes of at most 40 % of child_memory_mb, which is ${floor(0.4 * local.child_memory_mb * 1048576)}, got ${local.max_bytes}: a render child holds a source twice before it has checked it. Lower the former or raise the latter."
    }

    precondition {
      condition     = length(local.unknown_larger) == 0
      error_message = "Expected `larger` to be one of ${join(", ", keys(var.lanes))}, got another lane for ${join(", ", local.unknown_larger)}. Add that lane, or leave `larger` out."
    }

    precondition {
      condition     = length(local.circular_lanes) == 0
      error_message = "Expected `larger` lanes that end, got a circle of ${join(", ", local.circular_lanes)}: a source that none can render would be forwarded for ever. Leave `larger` out of the largest."
    }

    precondition {
      condition     = length(local.not_larger) == 0 || length(local.circular_lanes) > 0
      error_message = "Expected the `larger` lane of ${join(", ", local.not_larger)} to have more memory_mb or timeout_seconds, and no limit that is lower: it would fail at the same sources. Raise them, or leave `larger` out."
    }

    precondition {
      condition     = length(local.small_sizes) == 0
      error_message = "Expected memory_mb of lane ${join(", ", local.small_sizes)} of at least ${local.renderer_other_mb + ceil(max(256, local.max_bytes / 1048576 / 0.4))}: a render child needs 256 MB, and 2.5 times max_bytes. Raise it, or lower max_bytes."
    }

    precondition {
      condition     = length(local.hurried_sizes) == 0
      error_message = "Expected timeout_seconds of lane ${join(", ", local.hurried_sizes)} of at least ${local.needed_seconds}, a minute more than the worker's render_seconds: it would have less time for an image than the worker. Raise the former or lower the latter."
    }

    precondition {
      condition     = var.worker.timeout_seconds >= local.needed_seconds
      error_message = "Expected timeout_seconds of at least ${local.needed_seconds}, a minute more than render_seconds, got ${var.worker.timeout_seconds}: a slow image would never be finished. Raise the former or lower the latter."
    }
  }
}

# A warning: all APIs of an account share 10,000 requests a second and 5,000 at once in a region, unless AWS has raised that.
# https://docs.aws.amazon.com/apigateway/latest/developerguide/limits.html
check "api_rates" {
  assert {
    condition     = coalesce(try(var.api.throttling.rate, null), 50) <= 10000 && coalesce(try(var.api.throttling.burst, null), 100) <= 5000
    error_message = "api.throttling has ${coalesce(try(var.api.throttling.rate, null), 50)} requests a second and ${coalesce(try(var.api.throttling.burst, null), 100)} at once, and all APIs of an account share 10,000 and 5,000 in a region: API Gateway answers 429 before. Lower them, or ignore this if AWS has raised the account's limit."
  }
}

# A warning, and no error: a bucket that has been split takes more. docs/scale.md has the model's table.
check "new_bucket" {
  assert {
    condition     = sum([for lane in values(var.lanes) : lane.maximum_concurrency]) <= 600
    error_message = "The lanes have ${sum([for lane in values(var.lanes) : lane.maximum_concurrency])} workers together, and 600 use all of the 3,500 writes a second that S3 takes in a new bucket: until S3 has split it, more of them only wait, and Lambda charges for that. docs/scale.md says how to ramp; ignore this if the bucket has had such a load."
  }
}
