# Roles for GitHub Actions, without stored credentials: a pull request plans, a merge applies.
# An account has this provider once; import it if another project has created it.
resource "aws_iam_openid_connect_provider" "github" {
  client_id_list = ["sts.amazonaws.com"]
  url            = "https://token.actions.githubusercontent.com"
}

data "aws_iam_policy_document" "trust" {
  for_each = local.subjects

  statement {
    sid     = "GitHubTakesTheRole"
    actions = ["sts:AssumeRoleWithWebIdentity"]

    principals {
      type        = "Federated"
      identifiers = [aws_iam_openid_connect_provider.github.arn]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:aud"
      values   = ["sts.amazonaws.com"]
    }

    condition {
      test     = "StringEquals"
      variable = "token.actions.githubusercontent.com:sub"
      values   = [each.value]
    }
  }
}

resource "aws_iam_role" "this" {
  for_each = local.subjects

  assume_role_policy = data.aws_iam_policy_document.trust[each.key].json
  name               = "${var.prefix}-ci-${each.key}"
}

# The policy of docs/deploy.md, "Who applies", with your prefix, region and account.
resource "aws_iam_role_policy" "apply" {
  name   = "stack"
  policy = var.apply_policy_json
  role   = aws_iam_role.this["apply"].name
}

resource "aws_iam_role_policy_attachment" "plan" {
  policy_arn = "arn:aws:iam::aws:policy/ReadOnlyAccess"
  role       = aws_iam_role.this["plan"].name
}

# Whoever opens a pull request decides what its plan runs: it must not read pictures or messages.
resource "aws_iam_role_policy" "plan" {
  name   = "no-content"
  policy = data.aws_iam_policy_document.no_content.json
  role   = aws_iam_role.this["plan"].name
}

data "aws_iam_policy_document" "no_content" {
  statement {
    sid     = "ReadNoPictures"
    effect  = "Deny"
    actions = ["s3:GetObject", "s3:GetObjectVersion"]
    not_resources = [
      "arn:aws:s3:::${var.prefix}-variants-*/_recipes/*",
      "arn:aws:s3:::${var.state_bucket}/*",
    ]
  }

  statement {
    sid     = "ReadNoItemsMessagesOrLogs"
    effect  = "Deny"
    actions = ["dynamodb:BatchGetItem", "dynamodb:GetItem", "dynamodb:Query", "dynamodb:Scan", "logs:FilterLogEvents", "logs:GetLogEvents", "logs:StartQuery", "sqs:ReceiveMessage"]
    # Whatever the table, queue or log group is.
    resources = ["*"]
  }
}

resource "aws_iam_role_policy" "state" {
  for_each = local.subjects

  name   = "state"
  policy = data.aws_iam_policy_document.state[each.key].json
  role   = aws_iam_role.this[each.key].name
}

data "aws_iam_policy_document" "state" {
  for_each = local.subjects

  statement {
    sid       = "FindTheState"
    actions   = ["s3:ListBucket"]
    resources = ["arn:aws:s3:::${var.state_bucket}"]
  }

  statement {
    sid       = "ReadTheState"
    actions   = ["s3:GetObject"]
    resources = ["arn:aws:s3:::${var.state_bucket}/${var.state_prefix}*"]
  }

  dynamic "statement" {
    for_each = each.key == "apply" ? [1] : []

    content {
      sid       = "WriteAndLockTheState"
      actions   = ["s3:DeleteObject", "s3:PutObject"]
      resources = ["arn:aws:s3:::${var.state_bucket}/${var.state_prefix}*"]
    }
  }
}

locals {
  # The claim `sub` of GitHub's tokens, by the role that may be taken with it.
  # https://docs.github.com/en/actions/reference/security/oidc
  subjects = {
    apply = "repo:${var.repository}:environment:${var.environment}"
    plan  = "repo:${var.repository}:pull_request"
  }
}
