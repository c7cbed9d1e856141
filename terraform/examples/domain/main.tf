# A domain of your own, and alarms that reach Slack and PagerDuty.
module "pixfleet" {
  source = "../.."

  alarms       = { email = var.email }
  package_path = var.package_path
  prefix       = var.prefix

  delivery = {
    # Known once the certificate is issued, for which CloudFront has to wait.
    certificate_arn = aws_acm_certificate_validation.images.certificate_arn
    domain_names    = [var.domain_name]
  }
}
