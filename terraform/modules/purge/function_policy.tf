# The function's permissions, one statement for each capability. The functional tests compare them with its calls.
data "aws_iam_policy_document" "function" {
  statement {
    sid       = "InvalidateOneDistribution"
    actions   = ["cloudfront:CreateInvalidation"]
    resources = [var.distribution.arn]
  }

  # Lambda receives and deletes messages with the function's role.
  statement {
    sid = "WorkOffPurges"
    actions = [
      "sqs:ChangeMessageVisibility",
      "sqs:DeleteMessage",
      "sqs:GetQueueAttributes",
      "sqs:ReceiveMessage",
    ]
    resources = [local.queue_arn]
  }

  statement {
    sid       = "CountPaths"
    actions   = ["dynamodb:GetItem", "dynamodb:UpdateItem"]
    resources = [var.serving_table.arn]
  }

  dynamic "statement" {
    for_each = compact([var.kms_key_arn])

    content {
      sid       = "UseTheKeyOfWhatIsStored"
      actions   = ["kms:Decrypt"]
      resources = [statement.value]

      # Lambda decrypts the environment with the function's role.
      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = [for service in ["dynamodb", "lambda", "sqs"] : "${service}.${data.aws_region.this.id}.${data.aws_partition.this.dns_suffix}"]
      }
    }
  }
}
