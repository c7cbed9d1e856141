# The real provider, which calls no API: the policy is the JSON that AWS would get. Its resources
# have names that are known at plan time; the test ignores the rest of the stack.
provider "aws" {
  region                      = "eu-central-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true
}

provider "aws" {
  alias                       = "beijing"
  region                      = "cn-north-1"
  access_key                  = "none"
  secret_key                  = "none"
  skip_credentials_validation = true
  skip_metadata_api_check     = true
  skip_region_validation      = true
  skip_requesting_account_id  = true
}

override_module {
  target = module.storage
  outputs = {
    sources_bucket  = { name = "acme-sources-123456789012", arn = "arn:aws:s3:::acme-sources-123456789012", is_ours = true }
    variants_bucket = { name = "acme-variants-123456789012", arn = "arn:aws:s3:::acme-variants-123456789012", regional_domain_name = "" }
  }
}

override_module {
  target = module.queue
  outputs = {
    dead_letter = { name = "acme-dead-letter", arn = "arn:aws:sqs:eu-central-1:123456789012:acme-dead-letter", url = "" }
    lanes = {
      bulk = { name = "acme-bulk", arn = "arn:aws:sqs:eu-central-1:123456789012:acme-bulk", url = "" }
      live = { name = "acme-live", arn = "arn:aws:sqs:eu-central-1:123456789012:acme-live", url = "" }
    }
    visibility_timeout_seconds = 1800
  }
}

override_module {
  target = module.ledger
  outputs = {
    serving_table     = { name = "acme-serving", arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-serving" }
    status_index_name = "status_shard-updated_at"
    table             = { name = "acme-ledger", arn = "arn:aws:dynamodb:eu-central-1:123456789012:table/acme-ledger" }
  }
}

override_module {
  target = module.worker
  outputs = {
    function  = { name = "acme-worker", arn = "", alias_arn = "arn:aws:lambda:eu-central-1:123456789012:function:acme-worker:live", alias_name = "live" }
    log_group = { name = "", arn = "" }
    role      = { name = "", arn = "" }
  }
}

override_module {
  target = module.renderer
  outputs = {
    function  = { name = "acme-renderer", arn = "", alias_arn = "arn:aws:lambda:eu-central-1:123456789012:function:acme-renderer:live", alias_name = "live" }
    log_group = { name = "", arn = "" }
    role      = { name = "", arn = "" }
  }
}

override_module {
  target  = module.trigger
  outputs = { event_source_mapping_ids = { bulk = "", live = "" } }
}

override_module {
  target  = module.delivery
  outputs = { distribution = { id = "", arn = "arn:aws:cloudfront::123456789012:distribution/E1", domain_name = "", url = "" } }
}

override_module {
  target = module.purge
  outputs = {
    event_source_mapping_id = ""
    function                = { name = "acme-purge", arn = "", alias_arn = "", alias_name = "live" }
    log_group               = { name = "", arn = "" }
    queue                   = { name = "acme-purge", arn = "arn:aws:sqs:eu-central-1:123456789012:acme-purge", url = "https://sqs.eu-central-1.amazonaws.com/123456789012/acme-purge" }
  }
}

override_module {
  target = module.alarms
  outputs = {
    dashboard_name = ""
    topic_arn      = "arn:aws:sns:eu-central-1:123456789012:acme-operations"
  }
}

variables {
  prefix       = "acme"
  package_path = "recipes.tf"
}

run "the_worker_may_do_exactly_this" {
  command = plan

  assert {
    condition = { for each in jsondecode(data.aws_iam_policy_document.worker.json).Statement : each.Sid => [each.Effect, flatten([each.Action]), flatten([each.Resource])] } == {
      ReadSourceImages       = ["Allow", ["s3:GetObject"], ["arn:aws:s3:::acme-sources-123456789012/*"]]
      LearnThatASourceIsGone = ["Allow", ["s3:ListBucket"], ["arn:aws:s3:::acme-sources-123456789012"]]
      ReadRecipes            = ["Allow", ["s3:GetObject"], ["arn:aws:s3:::acme-variants-123456789012/_recipes/*"]]
      WriteVariants          = ["Allow", ["s3:PutObject"], ["arn:aws:s3:::acme-variants-123456789012/??/*"]]
      DeleteVariants         = ["Allow", ["s3:DeleteObject"], ["arn:aws:s3:::acme-variants-123456789012/??/*"]]
      WorkOffLanes = [
        "Allow",
        ["sqs:ReceiveMessage", "sqs:GetQueueUrl", "sqs:GetQueueAttributes", "sqs:DeleteMessage", "sqs:ChangeMessageVisibility"],
        ["arn:aws:sqs:eu-central-1:123456789012:acme-live", "arn:aws:sqs:eu-central-1:123456789012:acme-bulk"],
      ]
      AskForAnotherLook = [
        "Allow",
        ["sqs:SendMessage"],
        ["arn:aws:sqs:eu-central-1:123456789012:acme-live", "arn:aws:sqs:eu-central-1:123456789012:acme-bulk"],
      ]
      SendDeadLetters = ["Allow", ["sqs:SendMessage", "sqs:GetQueueUrl"], ["arn:aws:sqs:eu-central-1:123456789012:acme-dead-letter"]]
      AskForPurges    = ["Allow", ["sqs:SendMessage"], ["arn:aws:sqs:eu-central-1:123456789012:acme-purge"]]
      KeepTheLedger   = ["Allow", ["dynamodb:UpdateItem", "dynamodb:GetItem"], ["arn:aws:dynamodb:eu-central-1:123456789012:table/acme-ledger"]]
    }
    error_message = "The worker's permissions are not exactly these."
  }

  assert {
    condition     = alltrue([for each in jsondecode(data.aws_iam_policy_document.worker.json).Statement : !contains(flatten([each.Resource]), "*")])
    error_message = "A statement has all resources."
  }
}

run "a_topic_and_keys_are_allowed_only_if_they_are_configured" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/ours"
    storage = {
      existing_sources_bucket      = "photos"
      existing_sources_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/theirs"
    }
    worker = { completion_topic_arn = "arn:aws:sns:eu-central-1:123456789012:changes" }
  }

  assert {
    condition = { for each in jsondecode(data.aws_iam_policy_document.worker.json).Statement : each.Sid => [flatten([each.Action]), each.Resource, flatten([try(each.Condition.StringEquals["kms:ViaService"], [])])] if contains(["AnnounceChanges", "ReadWithTheKeyOfExistingSources", "UseTheKeyOfWhatIsStored"], each.Sid) } == {
      AnnounceChanges                 = [["sns:Publish"], "arn:aws:sns:eu-central-1:123456789012:changes", []]
      ReadWithTheKeyOfExistingSources = [["kms:Decrypt"], "arn:aws:kms:eu-central-1:123456789012:key/theirs", ["s3.eu-central-1.amazonaws.com"]]
      UseTheKeyOfWhatIsStored = [
        ["kms:GenerateDataKey", "kms:Decrypt"],
        "arn:aws:kms:eu-central-1:123456789012:key/ours",
        [
          "dynamodb.eu-central-1.amazonaws.com",
          "lambda.eu-central-1.amazonaws.com",
          "s3.eu-central-1.amazonaws.com",
          "sns.eu-central-1.amazonaws.com",
          "sqs.eu-central-1.amazonaws.com",
        ],
      ]
    }
    error_message = "A key or a topic has other permissions than needed."
  }
}

# https://docs.aws.amazon.com/kms/latest/developerguide/conditions-kms.html#conditions-kms-via-service
run "in_china_the_services_have_another_suffix" {
  command = plan

  providers = {
    aws = aws.beijing
  }

  variables {
    kms_key_arn = "arn:aws-cn:kms:cn-north-1:123456789012:key/ours"
    storage = {
      existing_sources_bucket      = "photos"
      existing_sources_kms_key_arn = "arn:aws-cn:kms:cn-north-1:123456789012:key/theirs"
    }
  }

  assert {
    condition = alltrue(flatten([
      for each in jsondecode(data.aws_iam_policy_document.worker.json).Statement : [
        for service in flatten([try(each.Condition.StringEquals["kms:ViaService"], [])]) : endswith(service, ".cn-north-1.amazonaws.com.cn")
      ]
    ]))
    error_message = "The worker could not use a key there."
  }
}

run "the_renderer_may_do_exactly_this" {
  command = plan

  assert {
    condition = { for each in jsondecode(data.aws_iam_policy_document.renderer.json).Statement : each.Sid => [each.Effect, flatten([each.Action]), flatten([each.Resource])] } == {
      ReadSourceImages   = ["Allow", ["s3:GetObject"], ["arn:aws:s3:::acme-sources-123456789012/*"]]
      LearnWhatIsMissing = ["Allow", ["s3:ListBucket"], ["arn:aws:s3:::acme-variants-123456789012", "arn:aws:s3:::acme-sources-123456789012"]]
      ReadRecipes        = ["Allow", ["s3:GetObject"], ["arn:aws:s3:::acme-variants-123456789012/_recipes/*"]]
      ReadVariants       = ["Allow", ["s3:GetObject"], ["arn:aws:s3:::acme-variants-123456789012/??/*"]]
      WriteVariants      = ["Allow", ["s3:PutObjectTagging", "s3:PutObject"], ["arn:aws:s3:::acme-variants-123456789012/??/*"]]
      KeepTheLedger      = ["Allow", ["dynamodb:UpdateItem", "dynamodb:GetItem"], ["arn:aws:dynamodb:eu-central-1:123456789012:table/acme-ledger"]]
      TakeTurns          = ["Allow", ["dynamodb:UpdateItem", "dynamodb:GetItem"], ["arn:aws:dynamodb:eu-central-1:123456789012:table/acme-serving"]]
    }
    error_message = "The renderer's permissions are not exactly these: ${data.aws_iam_policy_document.renderer.json}"
  }
}

run "the_renderer_uses_the_keys_that_are_configured" {
  command = plan

  variables {
    kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/ours"
    storage = {
      existing_sources_bucket      = "photos"
      existing_sources_kms_key_arn = "arn:aws:kms:eu-central-1:123456789012:key/theirs"
    }
  }

  assert {
    condition = { for each in jsondecode(data.aws_iam_policy_document.renderer.json).Statement : each.Sid => [flatten([each.Action]), each.Resource, flatten([each.Condition.StringEquals["kms:ViaService"]])] if can(each.Condition) } == {
      ReadWithTheKeyOfExistingSources = [["kms:Decrypt"], "arn:aws:kms:eu-central-1:123456789012:key/theirs", ["s3.eu-central-1.amazonaws.com"]]
      UseTheKeyOfWhatIsStored = [
        ["kms:GenerateDataKey", "kms:Decrypt"],
        "arn:aws:kms:eu-central-1:123456789012:key/ours",
        ["dynamodb.eu-central-1.amazonaws.com", "lambda.eu-central-1.amazonaws.com", "s3.eu-central-1.amazonaws.com"],
      ]
    }
    error_message = "A key has other permissions than needed."
  }
}
