"""`pixfleet doctor` on a stack that purges, by its queue and its table."""

import pytest
from msgspec import structs

from scripts.local.clients import Clients
from scripts.local.stack import LocalStack, create_serving
from scripts.pixfleet.stack.ssm_parameter import Purge
from tests.functional.cli.conftest import RunCommand

pytestmark = pytest.mark.functional

QUEUE, TABLE = "pixfleet-purge", "pixfleet-serving"


@pytest.fixture(autouse=True)
def _purging(stack: LocalStack, clients: Clients) -> None:
    """Give the document of the stack a purge queue and a serving table, which do not exist."""
    document = structs.replace(stack.document(), purge=Purge(QUEUE, 1000), serving_table=TABLE)
    clients.ssm.put_parameter(
        Name=document.parameter, Value=document.document(), Type="String", Overwrite=True
    )


def found(pixfleet: RunCommand, area: str) -> list[tuple[str, str]]:
    findings = pixfleet("doctor", "--json").document["findings"]
    return [(each["verdict"], each["what"]) for each in findings if each["area"] == area]


def test_a_queue_as_terraform_makes_it_is_well(pixfleet: RunCommand, clients: Clients) -> None:
    clients.sqs.create_queue(QueueName=QUEUE, Attributes={"MessageRetentionPeriod": "900"})

    assert ("ok", "pixfleet-purge keeps messages 900 s") in found(pixfleet, "purge")


def test_a_queue_that_is_gone_is_told_and_its_permission(pixfleet: RunCommand) -> None:
    ((verdict, what),) = found(pixfleet, "purge")
    permissions = [what for what in found(pixfleet, "permissions") if what[0] == "wrong"]

    assert verdict == "could not look"
    assert "NonExistentQueue" in what
    assert [what.partition(": ")[0] for _, what in permissions] == ["sqs:GetQueueAttributes"]


def test_the_serving_table_must_be_there_and_ready(pixfleet: RunCommand, clients: Clients) -> None:
    ((missing, _),) = found(pixfleet, "parts")
    create_serving(clients.dynamodb, TABLE)

    assert missing == "could not look"
    assert found(pixfleet, "serving table") == [("ok", "pixfleet-serving is ACTIVE")]
