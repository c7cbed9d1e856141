locals {
  recipes_path = coalesce(var.recipes_path, "${path.module}/../recipes.yaml")
  recipes_json = jsonencode(yamldecode(file(local.recipes_path)))
  recipes_key  = "_recipes/${sha256(local.recipes_json)}.json"

  # If the edge chooses a rung that is not made yet, every old picture is a 403. Therefore the edge can
  # keep choosing by earlier recipes, which then come first; variants that manifests name are found in the new ones.
  # docs/deploy.md explains this.
  edge_recipes_json = (
    var.delivery.recipes_path == null
    ? local.recipes_json
    : jsonencode({ recipes = concat(yamldecode(file(coalesce(var.delivery.recipes_path, local.recipes_path))).recipes, yamldecode(file(local.recipes_path)).recipes) })
  )
}

# Changed recipes are a new object: a running worker keeps those it started with, and the old object
# is deleted after the function and its alias use the new one.
resource "aws_s3_object" "recipes" {
  bucket       = module.storage.variants_bucket.name
  key          = local.recipes_key
  content      = local.recipes_json
  content_type = "application/json"

  lifecycle {
    create_before_destroy = true
  }
}
