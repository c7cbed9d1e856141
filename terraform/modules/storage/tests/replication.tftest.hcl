# The real provider without an account: policies and names are known at plan time; no API is called.
provider "aws" {
  region                      = "eu-west-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_requesting_account_id  = true
}

override_data {
  target = data.aws_caller_identity.this
  values = { account_id = "123456789012" }
}

variables {
  prefix      = "photos"
  replication = { destination_bucket_arn = "arn:aws:s3:::photos-copy" }
}

run "nothing_is_copied_by_default" {
  command = plan

  variables {
    replication = null
  }

  assert {
    condition = (
      length(aws_s3_bucket_replication_configuration.sources) == 0
      && length(aws_iam_role.replication) == 0
    )
    error_message = "There must be no rule and no role."
  }
}

run "the_role_may_only_replicate_from_the_sources_bucket_to_the_destination" {
  command = plan

  assert {
    condition = jsondecode(aws_iam_role_policy.replication[0].policy).Statement == [
      {
        Sid      = "ReadReplicationRules"
        Effect   = "Allow"
        Action   = ["s3:ListBucket", "s3:GetReplicationConfiguration"]
        Resource = "arn:aws:s3:::photos-sources-123456789012"
      },
      {
        Sid    = "ReadSourceVersions"
        Effect = "Allow"
        Action = [
          "s3:GetObjectVersionTagging",
          "s3:GetObjectVersionForReplication",
          "s3:GetObjectVersionAcl",
        ]
        Resource = "arn:aws:s3:::photos-sources-123456789012/*"
      },
      {
        Sid      = "WriteCopies"
        Effect   = "Allow"
        Action   = ["s3:ReplicateTags", "s3:ReplicateObject", "s3:ReplicateDelete"]
        Resource = "arn:aws:s3:::photos-copy/*"
      },
    ]
    error_message = "Got ${aws_iam_role_policy.replication[0].policy}."
  }

  assert {
    condition = jsondecode(aws_iam_role.replication[0].assume_role_policy).Statement == [{
      Sid       = "LetBucketsReplicate"
      Effect    = "Allow"
      Action    = "sts:AssumeRole"
      Principal = { Service = "s3.amazonaws.com" }
    }]
    error_message = "Got ${aws_iam_role.replication[0].assume_role_policy}."
  }

  assert {
    condition = alltrue([
      for rule in aws_s3_bucket_replication_configuration.sources[0].rule : (
        rule.status == "Enabled"
        && one(rule.delete_marker_replication).status == "Enabled"
        && one(rule.destination).bucket == "arn:aws:s3:::photos-copy"
      )
    ])
    error_message = "Delete markers must be replicated."
  }
}

run "encrypted_sources_are_copied_with_the_key_of_the_other_region" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-west-1:123456789012:key/0a1b"
    replication = {
      destination_bucket_arn  = "arn:aws:s3:::photos-copy"
      destination_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/2c3d"
    }
  }

  assert {
    condition = slice(jsondecode(aws_iam_role_policy.replication[0].policy).Statement, 3, 5) == [
      {
        Sid       = "DecryptSources"
        Effect    = "Allow"
        Action    = "kms:Decrypt"
        Resource  = "arn:aws:kms:eu-west-1:123456789012:key/0a1b"
        Condition = { StringEquals = { "kms:ViaService" = "s3.eu-west-1.amazonaws.com" } }
      },
      {
        Sid       = "EncryptCopies"
        Effect    = "Allow"
        Action    = ["kms:GenerateDataKey", "kms:Encrypt"]
        Resource  = "arn:aws:kms:eu-central-1:123456789012:key/2c3d"
        Condition = { StringEquals = { "kms:ViaService" = "s3.eu-central-1.amazonaws.com" } }
      },
    ]
    error_message = "Got ${aws_iam_role_policy.replication[0].policy}."
  }

  assert {
    condition = alltrue([
      for rule in aws_s3_bucket_replication_configuration.sources[0].rule : (
        one(one(rule.source_selection_criteria).sse_kms_encrypted_objects).status == "Enabled"
        && one(one(rule.destination).encryption_configuration).replica_kms_key_id == "arn:aws:kms:eu-central-1:123456789012:key/2c3d"
      )
    ])
    error_message = "S3 skips encrypted objects unless it is told to copy them, and with which key."
  }
}
