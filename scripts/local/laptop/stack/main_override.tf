# The API names the addresses of variants that a browser opens.
module "api" {
  delivery_url = var.edge_url
}
