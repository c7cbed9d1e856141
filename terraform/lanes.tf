# Lanes by size: a lane with its own memory, time or pixels has a function of its own, which it shares with lanes of the
# same size. All others share the worker.
locals {
  # Before 10,240 MB an account may have to ask: a new one may not have more than 3,008 MB.
  # https://docs.aws.amazon.com/lambda/latest/dg/gettingstarted-limits.html
  _worker_size = {
    max_pixels      = local.max_pixels
    memory_mb       = var.worker.memory_mb
    timeout_seconds = var.worker.timeout_seconds
  }
  _lane_sizes = {
    for lane, each in var.lanes : lane => {
      max_pixels      = coalesce(each.max_pixels, local.max_pixels)
      memory_mb       = coalesce(each.memory_mb, var.worker.memory_mb)
      timeout_seconds = coalesce(each.timeout_seconds, var.worker.timeout_seconds)
    }
  }
  _lanes_by_size = {
    for lane, size in local._lane_sizes : jsonencode(size) => lane... if size != local._worker_size
  }

  # By the first lane of each size, which the function is named after.
  sizes = {
    for size, lanes in local._lanes_by_size : sort(lanes)[0] => merge(jsondecode(size), {
      lanes       = sort(lanes)
      concurrency = sum([for lane in lanes : var.lanes[lane].maximum_concurrency])
      # One image at a time, which has all the memory that the rest does not need: as in checks.tf, with one child.
      child_memory_mb = floor(jsondecode(size).memory_mb - local.renderer_other_mb)
      render_seconds  = jsondecode(size).timeout_seconds - 60
    })
  }
  _size_of_lane = merge([for name, size in local.sizes : { for lane in size.lanes : lane => name }]...)

  lanes = {
    for lane, each in var.lanes : lane => merge(each, {
      # A giant has an invocation of its own: others of its batch would wait for it, and use up their receives.
      batch_size               = contains(keys(local._size_of_lane), lane) ? 1 : 10
      function_timeout_seconds = local._lane_sizes[lane].timeout_seconds
    })
  }

  # Lanes of the worker itself.
  _worker_lanes = [for lane in keys(var.lanes) : lane if !contains(keys(local._size_of_lane), lane)]

  larger_lanes = { for lane, each in var.lanes : lane => each.larger if each.larger != null }
  # Two steps, four, eight and sixteen towards larger lanes. There are ten lanes at most, so only in a circle is there a
  # sixteenth step.
  _two_steps     = { for lane, larger in local.larger_lanes : lane => local.larger_lanes[larger] if contains(keys(local.larger_lanes), larger) }
  _four_steps    = { for lane, larger in local._two_steps : lane => local._two_steps[larger] if contains(keys(local._two_steps), larger) }
  _eight_steps   = { for lane, larger in local._four_steps : lane => local._four_steps[larger] if contains(keys(local._four_steps), larger) }
  _sixteen_steps = { for lane, larger in local._eight_steps : lane => local._eight_steps[larger] if contains(keys(local._eight_steps), larger) }
  circular_lanes = sort(keys(local._sixteen_steps))

  unknown_larger = sort([for lane, larger in local.larger_lanes : lane if !contains(keys(var.lanes), larger)])
  # Of a pair of lanes, no limit may be lower in the larger one, and one of memory and time must be higher.
  not_larger = sort([
    for lane, larger in local.larger_lanes : lane if !contains(local.unknown_larger, lane) && (
      anytrue([for limit in keys(local._worker_size) : try(local._lane_sizes[larger][limit] < local._lane_sizes[lane][limit], false)])
      || try(
        local._lane_sizes[larger].memory_mb == local._lane_sizes[lane].memory_mb
        && local._lane_sizes[larger].timeout_seconds == local._lane_sizes[lane].timeout_seconds,
        false,
      )
    )
  ])
  small_sizes   = sort([for name, size in local.sizes : name if local.max_bytes > 0.4 * size.child_memory_mb * 1048576 || size.child_memory_mb < 256])
  hurried_sizes = sort([for name, size in local.sizes : name if size.render_seconds < local.render_seconds])
}

# The queue of a larger lane gets what its smaller lanes forward; its function works it off.
module "sized_worker" {
  source   = "./modules/function"
  for_each = local.sizes

  architecture       = var.worker.architecture
  environment        = local.size_environments[each.key]
  handler            = "worker.batch.handler"
  kms_key_arn        = var.kms_key_arn
  log_retention_days = var.worker.log_retention_days
  memory_mb          = each.value.memory_mb
  name               = "worker-${each.key}"
  package_path       = var.package_path
  policy_json        = data.aws_iam_policy_document.worker.json
  prefix             = var.prefix
  # Null reserves none, as for the worker.
  reserved_concurrency = local.asked_concurrency == -1 ? null : each.value.concurrency
  tags                 = local.tags
  timeout_seconds      = each.value.timeout_seconds
}
