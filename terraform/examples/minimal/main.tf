# All defaults: put a picture into the sources bucket, and fetch its variants from the address.
module "pixfleet" {
  source = "../.."

  alarms       = { email = var.email }
  package_path = var.package_path
  prefix       = var.prefix
}
