# `pixfleet` prints URLs that a browser opens.
resource "aws_ssm_parameter" "stack" {
  value = jsonencode(merge(local.stack_document, {
    distribution = merge(local.stack_document.distribution, { url = var.edge_url })
  }))
}
