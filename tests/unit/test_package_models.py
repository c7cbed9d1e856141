import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import botocore
import pytest
from botocore.loaders import Loader
from botocore.session import Session

from scripts.package.models import ENDPOINTS, TOP, without_documentation
from scripts.package.pruning import SERVICES

pytestmark = pytest.mark.unit

CALLS: dict[str, tuple[str, dict[str, object]]] = {
    "cloudfront": ("get_invalidation", {"DistributionId": "E1", "Id": "I1"}),
    "dynamodb": ("get_item", {"TableName": "ledger", "Key": {"key": {"S": "cat.jpg"}}}),
    "s3": ("head_object", {"Bucket": "photos", "Key": "a b/ü.jpg"}),
    "sns": ("publish", {"TopicArn": "arn:aws:sns:eu-west-1:123456789012:changes", "Message": "m"}),
    "sqs": ("get_queue_url", {"QueueName": "live"}),
}
DATA = Path(botocore.__file__).parent / "data"
MODEL = f"{TOP}one/2020-01-01/service-2.json.gz"


def compressed(document: object) -> bytes:
    return gzip.compress(json.dumps(document).encode())


def test_a_model_loses_only_its_documentation() -> None:
    shape = {"type": "string", "documentation": "<p>What it is.</p>"}
    empty = {"type": "string", "documentation": ""}
    model = {"documentation": "<p>One.</p>", "shapes": {"Name": shape}, "list": [shape]}

    smaller = without_documentation({MODEL: compressed(model)}, SERVICES)

    assert smaller.keys() == {MODEL.removesuffix(".gz")}
    kept = json.loads(smaller[MODEL.removesuffix(".gz")])
    assert kept == {"documentation": "", "shapes": {"Name": empty}, "list": [empty]}


def test_a_member_named_documentation_stays() -> None:
    model = {"shapes": {"documentation": {"type": "string"}}}

    smaller = without_documentation({MODEL: compressed(model)}, SERVICES)

    assert json.loads(smaller[MODEL.removesuffix(".gz")]) == model


def test_endpoints_are_those_of_the_services_in_the_package() -> None:
    document = {
        "version": 3,
        "partitions": [{"partition": "aws", "services": {"s3": 1, "ec2": 2}}],
    }

    smaller = without_documentation({ENDPOINTS: json.dumps(document).encode()}, {"s3"})

    assert json.loads(smaller[ENDPOINTS]) == {
        "version": 3,
        "partitions": [{"partition": "aws", "services": {"s3": 1}}],
    }


def test_other_files_are_not_changed() -> None:
    files = {"one/data.json": b'{"documentation": "text"}', f"{TOP}README": b"documentation"}

    assert without_documentation(files, SERVICES) == files


@pytest.mark.parametrize("service", SERVICES)
def test_clients_of_smaller_models_send_the_same_requests(service: str, tmp_path: Path) -> None:
    files = {
        path.relative_to(DATA.parents[1]).as_posix(): path.read_bytes()
        for path in (*DATA.glob("*.json"), *(DATA / service).rglob("*.json*"))
    }

    for name, data in without_documentation(files, SERVICES).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)

    smaller, whole = client(tmp_path / TOP, service), client(DATA, service)
    assert smaller.meta.endpoint_url == whole.meta.endpoint_url
    assert list(facts(smaller)) == list(facts(whole))
    assert sent(smaller, *CALLS[service]) == sent(whole, *CALLS[service])


def client(data: Path, service: str) -> Any:  # noqa: ANN401 - as botocore has it
    loader = Loader(extra_search_paths=[str(data)], include_default_search_paths=False)
    session = Session()
    session.register_component("data_loader", loader)
    session.set_credentials("none", "none")
    return session.create_client(service, region_name="eu-west-1")


class Sent(Exception):
    """Raised instead of sending a request."""


def sent(made: Any, call: str, arguments: dict[str, object]) -> tuple[object, ...]:  # noqa: ANN401
    """Return the request that a call would send."""

    def stop(request: Any, **_: object) -> None:  # noqa: ANN401 - as botocore has it
        raise Sent(request.method, request.url, request.body)

    made.meta.events.register("before-send", stop)
    with pytest.raises(Sent) as stopped:
        getattr(made, call)(**arguments)
    return stopped.value.args


def facts(made: Any) -> Iterator[tuple[object, ...]]:  # noqa: ANN401 - as botocore has it
    """Yield the input and output shapes of a client's operations."""
    model = made.meta.service_model
    for name in model.operation_names:
        call = model.operation_model(name)
        shapes = (call.input_shape, call.output_shape, *call.error_shapes)
        yield (
            name,
            call.http,
            call.http_checksum,
            call.endpoint,
            *((shape.name, members(shape), shape.serialization) for shape in shapes if shape),
        )


def members(shape: Any) -> dict[str, tuple[str, str]]:  # noqa: ANN401 - as botocore has it
    return {name: (one.name, one.type_name) for name, one in shape.members.items()}
