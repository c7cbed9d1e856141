"""The permissions that each call of AWS needs.

Sources: the tables of actions of each service in the Service Authorization Reference,
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

from tests.support.iam.evaluator import Request

ACCOUNT, REGION = "123456789012", "us-east-1"
KEY_ARN = f"arn:aws:kms:{REGION}:{ACCOUNT}:key/ours"
TLS = ("aws:securetransport", "true")

Parameters = Mapping[str, Any]
Needs = Callable[[Parameters], Iterator[Request]]


class UnknownCall(Exception):
    """A call whose permissions are not in this file."""


def requests(service: str, operation: str, parameters: Parameters) -> list[Request]:
    """Return what IAM is asked for a call; `UnknownCall` if that is not known."""
    needs = NEEDS.get(f"{service}.{operation}")
    if needs is None:
        raise UnknownCall(f"{service}.{operation}: add its permissions to {__name__}")
    return list(needs(parameters))


def arn(service: str, name: str) -> str:
    """Return the ARN of a resource of the tests' account and region."""
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{name}"


def _request(action: str, resource: str, *context: tuple[str, str]) -> Request:
    return Request(action, resource, (TLS, *context))


def _key(action: str, service: str) -> Request:
    """Return what a service asks of KMS in the caller's name, if what it stores has our key."""
    via = ("kms:viaservice", f"{service}.{REGION}.amazonaws.com")
    return _request(f"kms:{action}", KEY_ARN, via)


def _bucket(action: str, parameters: Parameters) -> Iterator[Request]:
    yield _request(action, f"arn:aws:s3:::{parameters['Bucket']}")


def _object(action: str, parameters: Parameters) -> Iterator[Request]:
    yield _request(action, f"arn:aws:s3:::{parameters['Bucket']}/{parameters['Key']}")


def _read_object(parameters: Parameters) -> Iterator[Request]:
    version = "Version" if "VersionId" in parameters else ""
    yield from _object(f"s3:GetObject{version}", parameters)
    yield _key("Decrypt", "s3")


def _head_object(parameters: Parameters) -> Iterator[Request]:
    # Without s3:ListBucket a missing object is a 403.
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_HeadObject.html
    yield from _read_object(parameters)
    yield from _bucket("s3:ListBucket", parameters)


def _put_object(parameters: Parameters) -> Iterator[Request]:
    yield from _object("s3:PutObject", parameters)
    for name, action in (("Tagging", "s3:PutObjectTagging"), ("ACL", "s3:PutObjectAcl")):
        if name in parameters:
            yield from _object(action, parameters)
    yield _key("GenerateDataKey", "s3")


def _copy_object(parameters: Parameters) -> Iterator[Request]:
    # With TaggingDirective=REPLACE the tags of the original are not read.
    # https://docs.aws.amazon.com/AmazonS3/latest/API/API_CopyObject.html
    yield from _read_object(parameters["CopySource"])
    if parameters.get("TaggingDirective") != "REPLACE":
        yield from _object("s3:GetObjectVersionTagging", parameters["CopySource"])
        yield from _object("s3:PutObjectTagging", parameters)
    yield from _put_object(parameters)


def _list_versions(parameters: Parameters) -> Iterator[Request]:
    bucket = f"arn:aws:s3:::{parameters['Bucket']}"
    prefix = ("s3:prefix", str(parameters.get("Prefix", "")))
    yield _request("s3:ListBucketVersions", bucket, prefix)


def _multipart(parameters: Parameters) -> Iterator[Request]:
    # Each part is encrypted, and S3 decrypts the parts when it completes the upload.
    # https://docs.aws.amazon.com/AmazonS3/latest/userguide/mpuoverview.html#mpuAndPermissions
    yield from _object("s3:PutObject", parameters)
    yield _key("GenerateDataKey", "s3")
    yield _key("Decrypt", "s3")


def _delete_object(parameters: Parameters) -> Iterator[Request]:
    version = "Version" if "VersionId" in parameters else ""
    yield from _object(f"s3:DeleteObject{version}", parameters)


def _delete_objects(parameters: Parameters) -> Iterator[Request]:
    for each in parameters["Delete"]["Objects"]:
        yield from _delete_object({"Bucket": parameters["Bucket"], **each})


def _queue(action: str, keys: Sequence[str], parameters: Parameters) -> Iterator[Request]:
    name = parameters.get("QueueName") or parameters["QueueUrl"].rsplit("/", 1)[-1]
    yield _request(action, arn("sqs", name))
    for each in keys:
        yield _key(each, "sqs")


def _table(action: str, parameters: Parameters) -> Iterator[Request]:
    table, index = arn("dynamodb", f"table/{parameters['TableName']}"), parameters.get("IndexName")
    yield _request(action, f"{table}/index/{index}" if index else table)
    yield _key("Decrypt", "dynamodb")


def _batch_get(parameters: Parameters) -> Iterator[Request]:
    for table in parameters["RequestItems"]:
        yield from _table("dynamodb:BatchGetItem", {"TableName": table})


def _topic(action: str, parameters: Parameters) -> Iterator[Request]:
    yield _request(action, parameters["TopicArn"])


def _publish(parameters: Parameters) -> Iterator[Request]:
    yield from _topic("sns:Publish", parameters)
    # https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html
    yield _key("GenerateDataKey", "sns")
    yield _key("Decrypt", "sns")


def _parameter(parameters: Parameters) -> Iterator[Request]:
    yield _request("ssm:GetParameter", arn("ssm", f"parameter{parameters['Name']}"))


def _parameters(parameters: Parameters) -> Iterator[Request]:
    yield _request("ssm:GetParametersByPath", arn("ssm", f"parameter{parameters['Path']}"))


def _anything(action: str, _: Parameters) -> Iterator[Request]:
    """Yield an action that has no resources."""
    yield _request(action, "*")


def _alarms(_: Parameters) -> Iterator[Request]:
    yield _request("cloudwatch:DescribeAlarms", arn("cloudwatch", "alarm:*"))


def _nothing(_: Parameters) -> Iterator[Request]:
    yield from ()


def _log_group(parameters: Parameters) -> Iterator[Request]:
    yield _request(
        "logs:FilterLogEvents", arn("logs", f"log-group:{parameters['logGroupName']}:*")
    )


def _function(action: str, parameters: Parameters) -> Iterator[Request]:
    qualifier = f":{parameters['Qualifier']}" if parameters.get("Qualifier") else ""
    yield _request(action, arn("lambda", f"function:{parameters['FunctionName']}{qualifier}"))


def _mapping(parameters: Parameters) -> Iterator[Request]:
    name = f"event-source-mapping:{parameters['UUID']}"
    yield _request("lambda:GetEventSourceMapping", arn("lambda", name))


def _rule(action: str, name: str, parameters: Parameters) -> Iterator[Request]:
    yield _request(action, arn("events", f"rule/{parameters[name]}"))


def _distribution(parameters: Parameters) -> Iterator[Request]:
    resource = f"arn:aws:cloudfront::{ACCOUNT}:distribution/{parameters['Id']}"
    yield _request("cloudfront:GetDistribution", resource)


def _invalidation(parameters: Parameters) -> Iterator[Request]:
    resource = f"arn:aws:cloudfront::{ACCOUNT}:distribution/{parameters['DistributionId']}"
    yield _request("cloudfront:CreateInvalidation", resource)


def _edge_function(action: str, parameters: Parameters) -> Iterator[Request]:
    yield _request(action, f"arn:aws:cloudfront::{ACCOUNT}:function/{parameters['Name']}")


NEEDS: Mapping[str, Needs] = {
    "s3.AbortMultipartUpload": partial(_object, "s3:AbortMultipartUpload"),
    "s3.CompleteMultipartUpload": _multipart,
    "s3.CopyObject": _copy_object,
    "s3.CreateMultipartUpload": _multipart,
    "s3.DeleteObject": _delete_object,
    "s3.DeleteObjects": _delete_objects,
    "s3.GetBucketLocation": partial(_bucket, "s3:GetBucketLocation"),
    "s3.GetBucketNotificationConfiguration": partial(_bucket, "s3:GetBucketNotification"),
    "s3.GetObject": _read_object,
    "s3.HeadBucket": partial(_bucket, "s3:ListBucket"),
    "s3.HeadObject": _head_object,
    "s3.ListObjectVersions": _list_versions,
    "s3.ListObjectsV2": partial(_bucket, "s3:ListBucket"),
    "s3.ListParts": partial(_object, "s3:ListMultipartUploadParts"),
    "s3.PutObject": _put_object,
    # SQS decrypts what it delivers, and encrypts what it takes, in the caller's name.
    # https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-key-management.html
    "sqs.ChangeMessageVisibility": partial(_queue, "sqs:ChangeMessageVisibility", ()),
    "sqs.ChangeMessageVisibilityBatch": partial(_queue, "sqs:ChangeMessageVisibility", ()),
    "sqs.DeleteMessage": partial(_queue, "sqs:DeleteMessage", ()),
    "sqs.DeleteMessageBatch": partial(_queue, "sqs:DeleteMessage", ()),
    "sqs.GetQueueAttributes": partial(_queue, "sqs:GetQueueAttributes", ()),
    "sqs.GetQueueUrl": partial(_queue, "sqs:GetQueueUrl", ()),
    "sqs.ReceiveMessage": partial(_queue, "sqs:ReceiveMessage", ("Decrypt",)),
    "sqs.SendMessage": partial(_queue, "sqs:SendMessage", ("Decrypt", "GenerateDataKey")),
    "sqs.SendMessageBatch": partial(_queue, "sqs:SendMessage", ("Decrypt", "GenerateDataKey")),
    "dynamodb.BatchGetItem": _batch_get,
    "dynamodb.DescribeTable": partial(_table, "dynamodb:DescribeTable"),
    "dynamodb.DescribeTimeToLive": partial(_table, "dynamodb:DescribeTimeToLive"),
    "dynamodb.GetItem": partial(_table, "dynamodb:GetItem"),
    "dynamodb.PutItem": partial(_table, "dynamodb:PutItem"),
    "dynamodb.Query": partial(_table, "dynamodb:Query"),
    "dynamodb.Scan": partial(_table, "dynamodb:Scan"),
    "dynamodb.UpdateItem": partial(_table, "dynamodb:UpdateItem"),
    "sns.GetTopicAttributes": partial(_topic, "sns:GetTopicAttributes"),
    "sns.ListSubscriptionsByTopic": partial(_topic, "sns:ListSubscriptionsByTopic"),
    "sns.Publish": _publish,
    "ssm.GetParameter": _parameter,
    "ssm.GetParametersByPath": _parameters,
    "cloudwatch.DescribeAlarms": _alarms,
    "cloudwatch.GetMetricData": partial(_anything, "cloudwatch:GetMetricData"),
    "cloudwatch.GetMetricStatistics": partial(_anything, "cloudwatch:GetMetricStatistics"),
    "logs.FilterLogEvents": _log_group,
    "lambda.GetAccountSettings": partial(_anything, "lambda:GetAccountSettings"),
    "lambda.GetEventSourceMapping": _mapping,
    "lambda.GetFunctionConfiguration": partial(_function, "lambda:GetFunctionConfiguration"),
    "events.DescribeRule": partial(_rule, "events:DescribeRule", "Name"),
    "events.ListTargetsByRule": partial(_rule, "events:ListTargetsByRule", "Rule"),
    "cloudfront.CreateInvalidation": _invalidation,
    "cloudfront.DescribeFunction": partial(_edge_function, "cloudfront:DescribeFunction"),
    "cloudfront.GetDistribution": _distribution,
    "cloudfront.GetFunction": partial(_edge_function, "cloudfront:GetFunction"),
    # https://docs.aws.amazon.com/STS/latest/APIReference/API_GetCallerIdentity.html
    "sts.GetCallerIdentity": _nothing,
}
