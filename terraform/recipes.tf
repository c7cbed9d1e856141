locals {
  recipes_path = coalesce(var.recipes_path, "${path.module}/../recipes.yaml")
  recipes_json = jsonencode(yamldecode(file(local.recipes_path)))
  recipes_key  = "_recipes/${sha256(local.recipes_json)}.json"
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
