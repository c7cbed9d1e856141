"""Requests that the API's own description allows, and others, for every route."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

import boto3
import pytest
import schemathesis
from schemathesis.config import SchemathesisConfig
from schemathesis.engine import from_schema
from schemathesis.engine.events import EngineEvent, FatalError, NonFatalError, ScenarioFinished

from scripts.local.stack import create_serving
from shared.clock import SystemClock
from shared.cloud.clients import Clients, build_presigning_client
from shared.cloud.presigner import Presigner
from tests.functional.api.conftest import PURGES, RECIPES_KEY, SERVING, SETTINGS
from tests.functional.conftest import RECIPES, SOURCES, VARIANTS
from tests.support.issuer import AUDIENCE, ISSUER, Issuer
from worker.api.app import build_app
from worker.api.audit import Audit
from worker.api.context import CALL_LIMITS, assemble
from worker.api.openapi import document
from worker.api.routes import ROUTES
from worker.api.tokens import VerifiedIdentities

pytestmark = pytest.mark.functional

EXAMPLES = 20  # of a kind, for each route: about 600 requests in ten seconds
SEED = 20_261_130
# What a schema cannot say of valid requests: which keys mean only one thing, which images there
# are, what this stack's limits are. `refusals_of_valid_requests` looks at the reasons.
REFUSALS = ["400", "410", "413", "415", "422"]
# There is nothing to delete, to show or to store under random keys; schemathesis has read the
# description before it begins.
UNASKED = {"get_image", "delete_image", "create_images", "get_openapi"}
ACCEPTED = ["2xx", "3xx", "401", "403", "404", "409", *REFUSALS]


def config(token: str) -> SchemathesisConfig:
    return SchemathesisConfig.from_dict(
        {
            "seed": SEED,
            "headers": {"Authorization": f"Bearer {token}"},
            "generation": {"mode": "all", "max-examples": EXAMPLES},
            "checks": {"positive_data_acceptance": {"expected-statuses": ACCEPTED}},
        }
    )


@pytest.fixture(name="issuer", scope="module")
def _issuer() -> Issuer:
    return Issuer()


@pytest.fixture(name="app")
def _app(clients: Clients, issuer: Issuer) -> Audit:
    """Return an application that may do everything."""
    create_serving(clients.dynamodb, SERVING)
    clients.s3.put_object(Bucket=VARIANTS, Key=RECIPES_KEY, Body=json.dumps(RECIPES))
    queue = clients.sqs.create_queue(QueueName=PURGES)["QueueUrl"]
    session = boto3.session.Session(region_name="us-east-1")
    presigner = Presigner(
        build_presigning_client(
            CALL_LIMITS, session=session, endpoint_url=clients.s3.meta.endpoint_url
        ),
        SOURCES,
    )
    settings = replace(SETTINGS, purge_queue=queue, deletes_versions=True)
    context = assemble(settings, SystemClock(), clients, presigner)
    return build_app(context, VerifiedIdentities(issuer, ISSUER, (AUDIENCE,)))


def run(app: Audit, issuer: Issuer) -> list[EngineEvent]:
    token = issuer.token(exp=4_000_000_000)
    schema = schemathesis.openapi.from_asgi("/v1/openapi.json", app, config=config(token))
    return list(from_schema(schema).execute())


def failures(scenario: ScenarioFinished) -> Iterator[str]:
    """Yield a line for each failed check, with what was sent and answered."""
    recorder = scenario.recorder
    for case_id, checks in recorder.checks.items():
        for check in checks:
            if check.failure_info:
                case, failure = recorder.cases[case_id].value, check.failure_info.failure
                sent = f"{case.method} {case.path} {case.query} {case.body!r}"[:300]
                yield f"{check.name}: {failure.title}: {failure.message[:300]}: {sent}"


def answers(scenario: ScenarioFinished) -> Iterator[tuple[Any, Any]]:
    """Yield each request and its response."""
    recorder = scenario.recorder
    for case_id, interaction in recorder.interactions.items():
        if interaction.response is not None:
            yield recorder.cases[case_id].value, interaction.response


def refusals_of_valid_requests(scenario: ScenarioFinished) -> Iterator[str]:
    """Yield 400s of valid requests that are not about a key, a cursor or two fields together."""
    for case, response in answers(scenario):
        is_valid = case.meta is not None and case.meta.generation.mode.is_positive
        if not is_valid or response.status_code != 400:
            continue
        problem = json.loads(response.content)
        kind, detail = problem["type"].rpartition(":")[2], problem["detail"]
        # JSON Schema takes 1.0 for an integer.
        is_known = any(word in detail for word in ("if_absent", "sha256", "`float`", "names"))
        if kind not in {"bad-key", "bad-cursor"} and not is_known:
            yield f"{case.method} {case.path} {case.query} {case.body!r}: {detail}"


def unasked(scenarios: Sequence[ScenarioFinished]) -> set[str]:
    """Return the names of routes that were never asked, or that have refused every request."""
    seen: dict[tuple[str, str], set[int]] = {}
    for scenario in scenarios:
        for case, response in answers(scenario):
            seen.setdefault((case.method, case.path), set()).add(response.status_code)
    never = {each.name for each in ROUTES if (each.method, each.path) not in seen}
    refused = {
        each.name
        for each in ROUTES
        if not each.path_parameters and min(seen.get((each.method, each.path), {400})) >= 400
    }
    return never | refused


def test_the_description_is_valid_openapi() -> None:
    """By the JSON Schema of OpenAPI 3.1, which schemathesis has."""
    described = document(ROUTES)
    schemathesis.openapi.from_dict(described).validate()

    described["paths"]["/v1/health"]["get"]["responses"]["200"].pop("description")
    with pytest.raises(ValueError, match="description"):
        schemathesis.openapi.from_dict(described).validate()


@pytest.mark.timeout(300)  # ten seconds, on a core of its own
def test_no_request_gets_an_answer_that_is_not_described(app: Audit, issuer: Issuer) -> None:
    events = run(app, issuer)

    scenarios = [each for each in events if isinstance(each, ScenarioFinished)]
    assert [each for each in events if isinstance(each, FatalError | NonFatalError)] == []
    assert [line for each in scenarios for line in failures(each)] == []
    assert [line for each in scenarios for line in refusals_of_valid_requests(each)] == []
    # Without these, an application that refuses everything would pass.
    assert sum(len(list(answers(each))) for each in scenarios) > 300
    assert unasked(scenarios) == UNASKED
