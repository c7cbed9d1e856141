locals {
  recipes_path = coalesce(var.recipes_path, "${path.module}/../recipes.yaml")
  recipes_json = jsonencode(yamldecode(file(local.recipes_path)))
  recipes_key  = "_recipes/${sha256(local.recipes_json)}.json"

  # A rung that the edge chooses and that is not made yet is a 403 for every old picture. So it can go
  # on choosing by earlier recipes, which stand first then; what manifests name is found in the others.
  # docs/deploy.md has the story.
  edge_recipes_json = (
    var.delivery.recipes_path == null
    ? local.recipes_json
    : jsonencode({ recipes = concat(yamldecode(file(coalesce(var.delivery.recipes_path, local.recipes_path))).recipes, yamldecode(file(local.recipes_path)).recipes) })
  )
}

# Other recipes are another object: a worker that runs keeps what it began with, and the old object
# goes once the function and its alias name the new one.
resource "aws_s3_object" "recipes" {
  bucket       = module.storage.variants_bucket.name
  key          = local.recipes_key
  content      = local.recipes_json
  content_type = "application/json"

  lifecycle {
    create_before_destroy = true
  }
}
