data "aws_route53_zone" "this" {
  name = var.zone_name
}

resource "aws_acm_certificate" "images" {
  provider = aws.us_east_1

  domain_name       = var.domain_name
  validation_method = "DNS"

  lifecycle {
    create_before_destroy = true
  }
}

# One name has one record. ACM renews the certificate as long as the record exists.
resource "aws_route53_record" "validation" {
  allow_overwrite = true
  name            = one(aws_acm_certificate.images.domain_validation_options).resource_record_name
  records         = [one(aws_acm_certificate.images.domain_validation_options).resource_record_value]
  ttl             = 60
  type            = one(aws_acm_certificate.images.domain_validation_options).resource_record_type
  zone_id         = data.aws_route53_zone.this.zone_id
}

resource "aws_acm_certificate_validation" "images" {
  provider = aws.us_east_1

  certificate_arn         = aws_acm_certificate.images.arn
  validation_record_fqdns = [aws_route53_record.validation.fqdn]
}

resource "aws_route53_record" "images" {
  for_each = toset(["A", "AAAA"])

  name    = var.domain_name
  type    = each.value
  zone_id = data.aws_route53_zone.this.zone_id

  alias {
    evaluate_target_health = false
    name                   = module.pixfleet.distribution.domain_name
    # The hosted zone of every CloudFront distribution.
    # https://docs.aws.amazon.com/Route53/latest/APIReference/API_AliasTarget.html
    zone_id = "Z2FDTNDATAQYW2"
  }
}
