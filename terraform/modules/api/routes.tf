locals {
  # The routes of worker/api/routes.py, which a test compares, and what each needs a scope for. By purpose, because several
  # routes do the same: a scope that guards one way to delete must guard all of them.
  routes = {
    "DELETE /v1/image"                                 = "delete"
    "DELETE /v1/images/{key+}"                         = "delete"
    "DELETE /v1/uploads/{upload_id}"                   = "upload"
    "GET /v1/deletions/{receipt_id}"                   = "delete"
    "GET /v1/health"                                   = "public"
    "GET /v1/image"                                    = "read"
    "GET /v1/images"                                   = "read"
    "GET /v1/images/{key+}"                            = "read"
    "GET /v1/openapi.json"                             = "public"
    "GET /v1/uploads/{upload_id}/parts"                = "upload"
    "POST /v1/deletions"                               = "delete"
    "POST /v1/images"                                  = "upload"
    "POST /v1/purge"                                   = "purge"
    "POST /v1/uploads"                                 = "upload"
    "POST /v1/uploads/{upload_id}/complete"            = "upload"
    "POST /v1/uploads/{upload_id}/parts/{part_number}" = "upload"
  }

  # API Gateway lets a token pass that has one of a route's scopes.
  scopes = try(var.jwt.scopes, {})
}
