"""The ledger of the tests and of `make demo` has the keys and the index of Terraform's."""

from typing import TYPE_CHECKING, Any, cast

import pytest

from scripts.local.stack import create_ledger
from tests.terraform.folders import STACK, blocks, plain

if TYPE_CHECKING:
    from collections.abc import Mapping

pytestmark = pytest.mark.terraform

LEDGER = STACK / "modules" / "ledger"


class Recorder:
    """Records the arguments of `create_table`."""

    def __init__(self) -> None:
        self.asked: Mapping[str, Any] = {}

    def create_table(self, **asked: Any) -> None:  # noqa: ANN401 - boto3's
        self.asked = asked

    def update_time_to_live(self, **asked: Any) -> None:  # noqa: ANN401 - boto3's
        self.asked = {**self.asked, "ttl": asked["TimeToLiveSpecification"]["AttributeName"]}


def test_the_local_ledger_is_the_one_of_terraform() -> None:
    recorder = Recorder()
    create_ledger(cast("Any", recorder), "ledger")
    local = recorder.asked
    (index,) = local["GlobalSecondaryIndexes"]
    names = {each["KeyType"]: each["AttributeName"] for each in index["KeySchema"]}

    (table,) = (
        each.body
        for each in blocks(LEDGER, "resource")
        if each.address == "aws_dynamodb_table.ledger"
    )
    (planned,) = table["global_secondary_index"]
    (ttl,) = table["ttl"]
    (values,) = (
        each.body for each in blocks(LEDGER, "locals") if "status_index_name" in each.body
    )

    assert {
        each["AttributeName"]: each["AttributeType"] for each in local["AttributeDefinitions"]
    } == {plain(each["name"]): plain(each["type"]) for each in table["attribute"]}
    assert local["KeySchema"] == [{"AttributeName": plain(table["hash_key"]), "KeyType": "HASH"}]
    assert index["IndexName"] == plain(values["status_index_name"])
    assert names == {"HASH": plain(planned["hash_key"]), "RANGE": plain(planned["range_key"])}
    assert index["Projection"] == {
        "ProjectionType": plain(planned["projection_type"]),
        "NonKeyAttributes": [plain(each) for each in planned["non_key_attributes"]],
    }
    assert local["ttl"] == plain(ttl["attribute_name"])
