"""Takes items out of DynamoDB's answers without botocore's walk through its service model.

An item's typed values, such as `{"S": "text"}`, have the same form in the JSON of the answer as in
botocore's response, binary values aside. botocore builds each of them again by the model, which
takes ten times as long as the JSON parser. Retries, errors and the check of the answer's CRC stay
botocore's, as in `fast_listings`.
https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.LowLevelAPI.html
https://github.com/boto/botocore/blob/1.40.0/botocore/endpoint.py (`_do_get_response`)
"""

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

OPERATIONS = ("BatchGetItem", "Query", "Scan")
OK = 200
MEMBERS = ("Items", "Responses")
# The types of binary values, which botocore decodes from Base64.
BINARY = (b'"B"', b'"BS"')


def unique_id(operation: str) -> str:
    """Return the id of the hook; botocore registers no second hook of the same id."""
    return f"pixfleet-items-{operation}"


def event(operation: str) -> str:
    """Return botocore's event before it parses an operation's answer."""
    return f"before-parse.dynamodb.{operation}"


def parse_items_quickly(dynamodb: "DynamoDBClient") -> None:
    """Have a client take the items of `OPERATIONS` out of the JSON as they are."""
    for operation in OPERATIONS:
        dynamodb.meta.events.register(event(operation), _parse, unique_id=unique_id(operation))


def _parse(
    response_dict: dict[str, Any], customized_response_dict: dict[str, Any], **_: object
) -> None:
    """Take the items out of the body, and put them into the parsed response.

    A body that is no JSON object, or that may have a binary value, is left to botocore.
    """
    body = response_dict["body"]
    if response_dict["status_code"] != OK or any(kind in body for kind in BINARY):
        return
    try:
        answer = json.loads(body)
    except ValueError:
        return
    if not isinstance(answer, dict):
        return
    found = {name: answer.pop(name) for name in MEMBERS if answer.get(name) is not None}
    if found:
        response_dict["body"] = json.dumps(answer).encode()
        customized_response_dict |= found
