"""`pixfleet restore`: an earlier version of a source becomes the newest again."""

from collections.abc import Callable

import pytest

from scripts.local.clients import Clients
from scripts.local.stack import LocalStack
from scripts.pixfleet.image.history import versions_of
from scripts.pixfleet.image.restoring import plan_restoration, restore
from scripts.pixfleet.stack.clients import AwsClients
from shared.model.errors import Misconfigured
from tests.functional.cli.conftest import RunCommand

pytestmark = pytest.mark.functional

KEY = "été/a 'cat' (1).jpg"
Put = Callable[[bytes], str]


@pytest.fixture(name="put")
def _put(stack: LocalStack, clients: Clients) -> Put:
    def put(data: bytes) -> str:
        answer = clients.s3.put_object(
            Bucket=stack.sources_bucket,
            Key=KEY,
            Body=data,
            ContentType="image/x-any",
            Metadata={"focal": "0.1,0.2"},
        )
        return answer["VersionId"]

    return put


def newest(stack: LocalStack, clients: Clients) -> tuple[bytes, str, dict[str, str]]:
    answer = clients.s3.get_object(Bucket=stack.sources_bucket, Key=KEY)
    return answer["Body"].read(), answer["ContentType"], answer["Metadata"]


def test_the_version_before_becomes_the_newest_with_its_metadata(
    pixfleet: RunCommand, put: Put, stack: LocalStack, clients: Clients
) -> None:
    put(b"one")
    put(b"two")

    dry = pixfleet("restore", KEY, "--dry-run")
    before = newest(stack, clients)
    done = pixfleet("restore", KEY, "--yes")

    assert dry.code == 0
    assert "becomes the newest again" in dry.out
    assert before[0] == b"two"
    assert done.code == 0
    assert "pixfleet wait" in done.out
    assert newest(stack, clients) == (b"one", "image/x-any", {"focal": "0.1,0.2"})
    assert len(versions_of(AwsClients().s3, stack.document(), KEY)) == 3


def test_a_deleted_source_comes_back(
    pixfleet: RunCommand, put: Put, stack: LocalStack, clients: Clients
) -> None:
    put(b"one")
    clients.s3.delete_object(Bucket=stack.sources_bucket, Key=KEY)

    dry = pixfleet("restore", KEY, "--dry-run", "--json").document
    answer = pixfleet("restore", KEY, "--yes", "--json")

    assert dry["is_restored"] is False
    assert answer.document["is_restored"] is True
    assert newest(stack, clients)[0] == b"one"


def test_a_version_is_chosen_by_its_id(
    pixfleet: RunCommand, put: Put, stack: LocalStack, clients: Clients
) -> None:
    first = put(b"one")
    put(b"two")
    put(b"three")

    assert pixfleet("restore", KEY, "--version", first, "--yes").code == 0
    assert newest(stack, clients)[0] == b"one"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(("nothing.jpg",), "a key that has versions", id="an unknown key"),
        pytest.param((KEY,), "an earlier version", id="only one version"),
        pytest.param((KEY, "--version", "x"), "the id of one version", id="an unknown id"),
    ],
)
def test_what_cannot_be_restored_is_refused(
    arguments: tuple[str, ...], message: str, pixfleet: RunCommand, put: Put
) -> None:
    put(b"one")

    answer = pixfleet("restore", *arguments, "--yes")

    assert answer.code == 2
    assert f"expected {message}" in answer.err


def test_the_same_bytes_are_not_put_back(pixfleet: RunCommand, put: Put) -> None:
    put(b"one")
    put(b"one")

    answer = pixfleet("restore", KEY, "--yes")

    assert answer.code == 0
    assert "nothing is to be done" in answer.out


def test_without_a_terminal_it_asks_for_yes_and_changes_nothing(
    pixfleet: RunCommand, put: Put, stack: LocalStack, clients: Clients
) -> None:
    put(b"one")
    put(b"two")

    answer = pixfleet("restore", KEY)

    assert answer.code == 2
    assert "--yes" in answer.err
    assert newest(stack, clients)[0] == b"two"


def test_an_upload_of_that_moment_is_not_covered(
    put: Put, stack: LocalStack, clients: Clients
) -> None:
    """S3 compares the newest ETag when it copies."""
    put(b"one")
    put(b"two")
    aws = AwsClients()
    plan = plan_restoration(KEY, versions_of(aws.s3, stack.document(), KEY), "")
    sent: list[dict[str, object]] = []

    def refuse(**arguments: object) -> None:
        sent.append(arguments)
        raise aws.s3.exceptions.ClientError(
            {"Error": {"Code": "PreconditionFailed", "Message": "any"}}, "CopyObject"
        )

    aws.s3.copy_object = refuse  # type: ignore[method-assign, assignment] # moto ignores the condition

    with pytest.raises(Misconfigured, match="replaced or deleted a moment ago"):
        restore(aws.s3, aws.calls, stack.sources_bucket, plan)

    assert sent[0]["IfMatch"] == f'"{plan.current.etag}"'
