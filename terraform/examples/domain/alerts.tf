# Amazon Q Developer in chat applications, formerly AWS Chatbot, formats CloudWatch's alarms.
resource "aws_chatbot_slack_channel_configuration" "operations" {
  count = var.slack == null ? 0 : 1

  configuration_name    = "${var.prefix}-operations"
  guardrail_policy_arns = ["arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"]
  iam_role_arn          = aws_iam_role.slack[0].arn
  slack_channel_id      = var.slack.channel_id
  slack_team_id         = var.slack.team_id
  sns_topic_arns        = [module.pixfleet.operations_topic_arn]
}

# What commands in the channel may do: nothing beyond the graphs of the alarms.
resource "aws_iam_role" "slack" {
  count = var.slack == null ? 0 : 1

  assume_role_policy = data.aws_iam_policy_document.slack.json
  name               = "${var.prefix}-slack"
}

data "aws_iam_policy_document" "slack" {
  statement {
    sid     = "ChatbotTakesTheRole"
    actions = ["sts:AssumeRole"]

    principals {
      type        = "Service"
      identifiers = ["chatbot.amazonaws.com"]
    }
  }
}

resource "aws_iam_role_policy_attachment" "slack" {
  count = var.slack == null ? 0 : 1

  policy_arn = "arn:aws:iam::aws:policy/CloudWatchReadOnlyAccess"
  role       = aws_iam_role.slack[0].name
}

# PagerDuty confirms the subscription by itself, and resolves the incident when the alarm is OK.
resource "aws_sns_topic_subscription" "pagerduty" {
  count = var.pagerduty_url == null ? 0 : 1

  endpoint               = var.pagerduty_url
  endpoint_auto_confirms = true
  protocol               = "https"
  topic_arn              = module.pixfleet.operations_topic_arn
}
