# What people need for the `pixfleet` command, for three kinds of work: docs/access.md. The tests of a command make no call that
# the policy of its work does not allow (tests/support/iam).
locals {
  # The parts of a queue's ARN, which are known at plan time.
  _queue_arn_parts = split(":", module.queue.dead_letter.arn)
  # Such as arn:aws:SERVICE:eu-central-1:123456789012
  _own_arn = {
    for service in ["cloudwatch", "events", "lambda", "logs", "ssm"] :
    service => join(":", ["arn", local._queue_arn_parts[1], service, local._queue_arn_parts[3], local._queue_arn_parts[4]])
  }
}

# Looks at everything and changes nothing, except that dead letters are invisible to others for seconds.
data "aws_iam_policy_document" "on_call_reader" {
  # All stacks: a mistyped name is then reported as unknown, with the names that there are. The documents have names and no secrets.
  statement {
    sid       = "FindStacks"
    actions   = ["ssm:GetParameter", "ssm:GetParametersByPath"]
    resources = ["${local._own_arn["ssm"]}:parameter/pixfleet/*"]
  }

  statement {
    sid       = "ListBuckets"
    actions   = ["s3:GetBucketLocation", "s3:ListBucket"]
    resources = [module.storage.sources_bucket.arn, module.storage.variants_bucket.arn]
  }

  statement {
    sid       = "InspectSourcesBucket"
    actions   = ["s3:GetBucketNotification", "s3:ListBucketVersions"]
    resources = [module.storage.sources_bucket.arn]
  }

  statement {
    sid       = "ReadSourcesAndVariants"
    actions   = ["s3:GetObject"]
    resources = ["${module.storage.sources_bucket.arn}/*", "${module.storage.variants_bucket.arn}/*"]
  }

  statement {
    sid       = "InspectQueues"
    actions   = ["sqs:GetQueueAttributes", "sqs:GetQueueUrl"]
    resources = sort(concat([module.queue.dead_letter.arn], values(module.queue.lanes)[*].arn, local.purge_queues[*].arn))
  }

  # SQS shows a message only to who receives it. A scan makes all of them visible again.
  statement {
    sid       = "ReadDeadLetters"
    actions   = ["sqs:ChangeMessageVisibility", "sqs:ReceiveMessage"]
    resources = [module.queue.dead_letter.arn]
  }

  dynamic "statement" {
    for_each = local.has_purge ? module.ledger.serving_table[*].arn : []

    content {
      sid       = "ReadPurgedPaths"
      actions   = ["dynamodb:GetItem"]
      resources = [statement.value]
    }
  }

  statement {
    sid       = "ReadLedger"
    actions   = ["dynamodb:BatchGetItem", "dynamodb:DescribeTable", "dynamodb:GetItem", "dynamodb:Scan"]
    resources = [module.ledger.table.arn]
  }

  statement {
    sid       = "QueryLedgerByStatus"
    actions   = ["dynamodb:Query"]
    resources = ["${module.ledger.table.arn}/index/*"]
  }

  statement {
    sid       = "InspectAlarms"
    actions   = ["cloudwatch:DescribeAlarms"]
    resources = ["${local._own_arn["cloudwatch"]}:alarm:*"]
  }

  # These actions have no resources.
  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoncloudwatch.html
  statement {
    sid       = "ReadMetrics"
    actions   = ["cloudwatch:GetMetricData", "cloudwatch:GetMetricStatistics"]
    resources = ["*"]
  }

  statement {
    sid       = "ReadLogs"
    actions   = ["logs:FilterLogEvents"]
    resources = [for name in concat(["worker"], [for size in keys(local.sizes) : "worker-${size}"], local.has_renderer ? ["renderer"] : []) : "${local._own_arn["logs"]}:log-group:/aws/lambda/${var.prefix}-${name}:*"]
  }

  dynamic "statement" {
    for_each = module.ledger.serving_table[*]

    content {
      sid       = "InspectServingTable"
      actions   = ["dynamodb:DescribeTable"]
      resources = [statement.value.arn]
    }
  }

  dynamic "statement" {
    for_each = local.has_renderer ? ["${var.prefix}-renderer"] : []

    content {
      sid     = "InspectRenderer"
      actions = ["lambda:GetFunctionConcurrency", "lambda:GetFunctionConfiguration", "lambda:GetFunctionUrlConfig", "lambda:GetPolicy"]
      resources = [
        "${local._own_arn["lambda"]}:function:${statement.value}",
        "${local._own_arn["lambda"]}:function:${statement.value}:*",
      ]
    }
  }

  # `doctor` reads the API's stage, routes and authorizer.
  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonapigatewaymanagementv2.html
  dynamic "statement" {
    for_each = module.api[*].id

    content {
      sid     = "InspectApi"
      actions = ["apigateway:GET"]
      resources = [
        for kind in ["authorizers", "routes", "stages"] :
        "arn:${local._queue_arn_parts[1]}:apigateway:${data.aws_region.current.id}::/apis/${statement.value}/${kind}"
      ]
    }
  }

  statement {
    sid     = "InspectFunctions"
    actions = ["lambda:GetEventSourceMapping", "lambda:GetFunctionConfiguration"]
    resources = concat(["${local._own_arn["lambda"]}:event-source-mapping:*"], flatten([
      for name in concat(["worker"], [for size in keys(local.sizes) : "worker-${size}"], local.has_purge ? ["purge"] : [], local.has_api ? ["api"] : []) :
      ["${local._own_arn["lambda"]}:function:${var.prefix}-${name}", "${local._own_arn["lambda"]}:function:${var.prefix}-${name}:*"]
    ]))
  }

  # `doctor` compares the lanes with the account's quota. The action has no resource.
  # https://docs.aws.amazon.com/service-authorization/latest/reference/list_awslambda.html
  statement {
    sid       = "InspectAccount"
    actions   = ["lambda:GetAccountSettings"]
    resources = ["*"]
  }

  statement {
    sid       = "InspectRules"
    actions   = ["events:DescribeRule", "events:ListTargetsByRule"]
    resources = ["${local._own_arn["events"]}:rule/${var.prefix}-*"]
  }

  statement {
    sid       = "InspectAlarmTopic"
    actions   = ["sns:ListSubscriptionsByTopic"]
    resources = [module.alarms.topic_arn]
  }

  statement {
    sid       = "InspectDistribution"
    actions   = ["cloudfront:GetDistribution"]
    resources = [module.delivery.distribution.arn]
  }

  # `doctor` compares the LIVE code with the recipes.
  statement {
    sid       = "InspectEdgeFunctions"
    actions   = ["cloudfront:GetFunction"]
    resources = ["arn:${local._queue_arn_parts[1]}:cloudfront::${local._queue_arn_parts[4]}:function/${var.prefix}-*"]
  }

  dynamic "statement" {
    for_each = compact([var.kms_key_arn])

    content {
      sid       = "UseKeyToRead"
      actions   = ["kms:Decrypt"]
      resources = [statement.value]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = [for service in ["dynamodb", "s3", "sqs"] : "${service}.${data.aws_region.current.id}.${data.aws_partition.current.dns_suffix}"]
      }
    }
  }

  dynamic "statement" {
    for_each = compact([var.storage.existing_sources_kms_key_arn])

    content {
      sid       = "UseKeyOfExistingSourcesToRead"
      actions   = ["kms:Decrypt"]
      resources = [statement.value]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["s3.${data.aws_region.current.id}.${data.aws_partition.current.dns_suffix}"]
      }
    }
  }
}

# What is added for who redrives, repairs, purges and drills.
data "aws_iam_policy_document" "on_call_acting" {
  # `dlq redrive` and `dlq delete`.
  statement {
    sid       = "DeleteDeadLetters"
    actions   = ["sqs:DeleteMessage"]
    resources = [module.queue.dead_letter.arn]
  }

  # `dlq redrive`, `backfill enqueue` and `verify --repair`.
  statement {
    sid       = "SendToLanes"
    actions   = ["sqs:SendMessage"]
    resources = sort(values(module.queue.lanes)[*].arn)
  }

  statement {
    sid       = "RecordRedrives"
    actions   = ["s3:PutObject"]
    resources = ["${module.storage.variants_bucket.arn}/_redrives/*"]
  }

  # `purge`.
  dynamic "statement" {
    for_each = local.purge_queues[*].arn

    content {
      sid       = "AskForPurges"
      actions   = ["sqs:SendMessage"]
      resources = [statement.value]
    }
  }

  # `verify --repair` and `--rebuild-ledger`.
  statement {
    sid       = "ClaimKeys"
    actions   = ["dynamodb:UpdateItem"]
    resources = [module.ledger.table.arn]
  }

  # `verify --repair`: objects that no ledger item lists.
  statement {
    sid       = "DeleteUnlistedVariants"
    actions   = ["s3:DeleteObject"]
    resources = ["${module.storage.variants_bucket.arn}/??/*"]
  }

  statement {
    sid       = "UploadSourcesOfDrills"
    actions   = ["s3:PutObject"]
    resources = ["${module.storage.sources_bucket.arn}/_drill/*"]
  }

  statement {
    sid       = "RemoveSourcesOfDrills"
    actions   = ["s3:DeleteObject", "s3:DeleteObjectVersion"]
    resources = ["${module.storage.sources_bucket.arn}/_drill/*"]
  }

  dynamic "statement" {
    for_each = compact([var.kms_key_arn])

    content {
      sid       = "UseKeyToWrite"
      actions   = ["kms:GenerateDataKey"]
      resources = [statement.value]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = [for service in ["s3", "sqs"] : "${service}.${data.aws_region.current.id}.${data.aws_partition.current.dns_suffix}"]
      }
    }
  }

  dynamic "statement" {
    for_each = compact([var.storage.existing_sources_kms_key_arn])

    content {
      sid       = "UseKeyOfExistingSourcesToWrite"
      actions   = ["kms:GenerateDataKey"]
      resources = [statement.value]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["s3.${data.aws_region.current.id}.${data.aws_partition.current.dns_suffix}"]
      }
    }
  }
}

data "aws_iam_policy_document" "on_call_redriver" {
  source_policy_documents = [data.aws_iam_policy_document.on_call_reader.json, data.aws_iam_policy_document.on_call_acting.json]
}

# Everything that any command calls.
data "aws_iam_policy_document" "operator" {
  source_policy_documents = [data.aws_iam_policy_document.on_call_redriver.json, data.aws_iam_policy_document.uploading.json]
}
