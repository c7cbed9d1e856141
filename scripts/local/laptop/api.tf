# Who may call the API: one user of a user pool, with a password that everyone may know, because the local AWS listens on
# loopback only.
resource "aws_cognito_user_pool" "uploaders" {
  name = "pixfleet-uploaders"

  schema {
    name                = "folder"
    attribute_data_type = "String"

    string_attribute_constraints {
      max_length = 200
      min_length = 1
    }
  }
}

resource "aws_cognito_user_pool_client" "laptop" {
  name                = "laptop"
  user_pool_id        = aws_cognito_user_pool.uploaders.id
  explicit_auth_flows = ["ALLOW_USER_PASSWORD_AUTH"]
}

resource "aws_cognito_user" "ann" {
  user_pool_id = aws_cognito_user_pool.uploaders.id
  username     = "ann"
  password     = "Upload-1"
  attributes   = { folder = "users/ann" }
}
