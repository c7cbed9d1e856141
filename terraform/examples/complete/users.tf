# People and programs that upload: a user pool of Cognito is one issuer of tokens; any OpenID Connect provider is another.
resource "aws_cognito_user_pool" "uploaders" {
  name                = "${var.prefix}-uploaders"
  deletion_protection = "ACTIVE"

  admin_create_user_config {
    allow_admin_create_user_only = true
  }

  # Each person's folder below uploads/. The app client may not write it, or people could choose another's folder.
  schema {
    name                = "folder"
    attribute_data_type = "String"

    string_attribute_constraints {
      max_length = 200
      min_length = 1
    }
  }
}

resource "aws_cognito_user_pool_client" "pages" {
  name         = "pages"
  user_pool_id = aws_cognito_user_pool.uploaders.id

  explicit_auth_flows           = ["ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH"]
  prevent_user_existence_errors = "ENABLED"
  read_attributes               = ["custom:folder", "email"]
  write_attributes              = ["email"]
}
