"""Whether CloudFront may call a Lambda function URL, and how it signs the request.

Sources:
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-restricting-access-to-lambda.html
and https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html: since October 2025 the caller of a
function URL needs two permissions.
"""

from collections.abc import Iterable, Mapping
from fnmatch import fnmatchcase
from typing import Any

from scripts.local.edge.messages import Headers

CLOUDFRONT = "cloudfront.amazonaws.com"
NEEDED = ("lambda:InvokeFunctionUrl", "lambda:InvokeFunction")
# MiniStack only looks for a signature; it does not verify one.
SIGNATURE = "AWS4-HMAC-SHA256 Credential=cloudfront"
# What Lambda answers to a caller without permission.
FORBIDDEN = (
    b'{"Message":"Forbidden. For troubleshooting Function URL authorization issues, see: '
    b'https://docs.aws.amazon.com/lambda/latest/dg/urls-auth.html"}'
)


def is_signed(access_control: Mapping[str, Any] | None, headers: Headers) -> bool:
    """Return whether an origin access control signs a request to a function URL."""
    if not access_control or access_control["OriginAccessControlOriginType"] != "lambda":
        return False
    match access_control["SigningBehavior"]:
        case "always":
            return True
        case "no-override":
            return "authorization" not in headers
        case _:
            return False


def missing_permissions(
    statements: Iterable[Mapping[str, Any]], *, function: str, distribution: str
) -> tuple[str, ...]:
    """Return which of the needed actions a function's policy does not allow a distribution.

    `function` is the ARN of the function or of its alias, `distribution` that of the distribution.
    """
    granted = [
        each
        for each in statements
        if _allows_cloudfront(each, distribution) and each.get("Resource") == function
    ]
    return tuple(action for action in NEEDED if all(each["Action"] != action for each in granted))


def _allows_cloudfront(statement: Mapping[str, Any], distribution: str) -> bool:
    principal = statement.get("Principal")
    if statement.get("Effect") != "Allow" or not isinstance(principal, Mapping):
        return False
    condition = statement.get("Condition", {})
    if condition.get("StringEquals", {}).get("lambda:FunctionUrlAuthType", "AWS_IAM") != "AWS_IAM":
        return False
    source = condition.get("ArnLike", {}).get("AWS:SourceArn", "*")
    return principal.get("Service") == CLOUDFRONT and fnmatchcase(distribution, source)
