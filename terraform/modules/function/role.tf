data "aws_caller_identity" "current" {}

data "aws_partition" "current" {}

data "aws_region" "current" {}

locals {
  function_name = "${var.prefix}-${var.name}"
  log_group_arn = join(":", [
    "arn", data.aws_partition.current.partition, "logs", data.aws_region.current.id,
    data.aws_caller_identity.current.account_id, "log-group", "/aws/lambda/${local.function_name}",
  ])
}

data "aws_iam_policy_document" "trust" {
  statement {
    sid     = "LetOurFunctionsAssumeThis"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["lambda.amazonaws.com"]
    }

    # Not aws:SourceArn: AWS does not document that Lambda sends the function's ARN when it tests the role,
    # before the function exists.
    condition {
      test     = "StringEquals"
      variable = "aws:SourceAccount"
      values   = [data.aws_caller_identity.current.account_id]
    }
  }
}

# The log group is created here. Without logs:CreateLogGroup, Lambda cannot create it again, without retention,
# after it was deleted.
data "aws_iam_policy_document" "logs" {
  statement {
    sid       = "WriteOwnLogs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${local.log_group_arn}:log-stream:*"]
  }
}

resource "aws_iam_role" "this" {
  name               = local.function_name
  description        = "What the function ${local.function_name} may do"
  assume_role_policy = data.aws_iam_policy_document.trust.json

  tags = var.tags
}

resource "aws_iam_role_policy" "logs" {
  name   = "logs"
  policy = data.aws_iam_policy_document.logs.json
  role   = aws_iam_role.this.id
}

resource "aws_iam_role_policy" "work" {
  name   = "work"
  policy = var.policy_json
  role   = aws_iam_role.this.id
}
