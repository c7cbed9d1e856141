"""The alarms and everything that they name: metrics, series, runbook, commands, log fields."""

import re
from collections.abc import Iterator, Mapping

import botocore.session
import pytest
from botocore import xform_name
from typer.core import TyperGroup
from typer.main import get_group

from scripts.pixfleet.cli import build_app
from shared.model.errors import Cause, Outside
from shared.model.outcome import Outcome
from shared.telemetry.metrics import METRICS, NAMESPACE
from tests.bench.cost_model import ALARM_METRICS, LANES
from tests.support.markdown import anchors
from tests.terraform.alarm_cases import FLEET, OUTSIDE_CAUSES, TARGETS, Case, cases
from tests.terraform.cloudwatch import Metric, Planned, State, metrics_of, state
from tests.terraform.dashboard import ANY, Widget, metrics_shown, widgets_of
from tests.terraform.folders import ROOT, STACK
from tests.terraform.planned import ALARM_RUNS, Resources, alarms_of
from worker.renderer.request_log import Answered

pytestmark = [pytest.mark.terraform, pytest.mark.timeout(300)]

RUNBOOK = (ROOT / "docs" / "runbook.md").read_text()
CASES = cases()
every_case = pytest.mark.parametrize(
    "case", CASES, ids=[f"{each.alarm}-{number}" for number, each in enumerate(CASES)]
)
# Metrics of ours; botocore and AWS's documentation cannot tell whether we spell them correctly.
OURS = {(m.name, frozenset(dimensions)) for m in METRICS for dimensions in m.dimension_sets}
VALUES: Mapping[str, tuple[str, ...]] = {
    "answered": tuple(Answered),
    "cause": tuple(Cause),
    "fleet": (FLEET,),
    "lane": tuple(TARGETS),
    "outcome": tuple(Outcome),
}
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-available-cloudwatch-metrics.html
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-monitoring.html
# https://docs.aws.amazon.com/lambda/latest/dg/monitoring-metrics-types.html
# https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/programming-cloudwatch-metrics.html
# https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-metrics.html
# https://docs.aws.amazon.com/sns/latest/dg/sns-monitoring-using-cloudwatch.html
AWS_PREFIXES: Mapping[str, tuple[set[str], set[str]]] = {
    "AWS/SQS": (
        {
            "ApproximateAgeOfOldestMessage",
            "ApproximateNumberOfMessagesNotVisible",
            "ApproximateNumberOfMessagesVisible",
        },
        {"QueueName"},
    ),
    "AWS/Events": (
        {"FailedInvocations", "InvocationsFailedToBeSentToDlq", "InvocationsSentToDlq"},
        {"RuleName"},
    ),
    "AWS/Lambda": ({"Duration", "Errors", "Invocations", "Throttles"}, {"FunctionName"}),
    "AWS/SNS": (
        {"NumberOfNotificationsFailedToRedriveToDlq", "NumberOfNotificationsRedrivenToDlq"},
        {"TopicName"},
    ),
    "AWS/ApiGateway": ({"4xx", "5xx", "Count", "IntegrationLatency", "Latency"}, {"ApiId"}),
    "AWS/CloudFront": (
        {"4xxErrorRate", "5xxErrorRate", "Requests"},
        {"DistributionId", "Region"},
    ),
}
# Options that the AWS CLI has in addition to the API's parameters.
OF_THE_CLI = {("logs", "tail"): {"filter-pattern", "since"}}
EVERYWHERE = {"output", "query"}
OUR_COMMAND = re.compile(r"pixfleet ([a-z ]+?) --")
# Rejections are failures, and dead letters are shown as SQS counts them.
NOT_SHOWN = {"dead_letters", "rejections"}


@pytest.fixture(scope="module")
def resources(alarm_runs: Mapping[str, Resources]) -> Resources:
    return alarm_runs[ALARM_RUNS[0]]


@pytest.fixture(scope="module")
def alarms(resources: Mapping[str, Planned]) -> Mapping[str, Planned]:
    return alarms_of(resources)


@pytest.fixture(scope="module")
def composite(resources: Mapping[str, Planned]) -> Planned:
    return resources["aws_cloudwatch_composite_alarm.this"]


@pytest.fixture(scope="module")
def widgets(resources: Resources) -> list[Widget]:
    return widgets_of(resources)


@every_case
def test_an_alarm_goes_off_for_its_bad_series_only(
    case: Case, alarms: Mapping[str, Planned]
) -> None:
    speaking = {name for name, each in alarms.items() if state(each, case.bad) is State.ALARM}

    assert speaking == {case.alarm, *case.also}


@every_case
def test_an_alarm_ends_with_its_good_series(case: Case, alarms: Mapping[str, Planned]) -> None:
    assert state(alarms[case.alarm], case.good, before=State.ALARM) is State.OK


def test_every_alarm_has_its_series(alarms: Mapping[str, Planned]) -> None:
    assert {case.alarm for case in CASES} == set(alarms)


def test_missing_data_is_ok_except_for_dead_letters_whose_alarm_keeps_its_state(
    alarms: Mapping[str, Planned],
) -> None:
    after_alarm = {name: state(each, {}, before=State.ALARM) for name, each in alarms.items()}

    still = {name for name, each in after_alarm.items() if each is State.ALARM}
    assert still == {"dead-letters", "dead-letters-many"}
    assert {each for name, each in after_alarm.items() if name not in still} == {State.OK}


def test_alarms_watch_existing_metrics(alarms: Mapping[str, Planned]) -> None:
    watched = {each for alarm in alarms.values() for each in metrics_of(alarm).values()}

    assert [each for each in watched if not is_written(each)] == []


def test_the_dashboard_shows_existing_metrics(widgets: list[Widget]) -> None:
    shown = [each for widget in widgets for each in metrics_shown(widget)]

    assert [each for each in shown if not is_written(each)] == []


def test_the_dashboard_shows_what_the_alarms_of_the_api_watch(
    widgets: list[Widget], alarms: Mapping[str, Planned]
) -> None:
    shown = {each for widget in widgets for each in metrics_shown(widget)}

    for name in ("api-errors", "api-refusals"):
        assert set(metrics_of(alarms[name]).values()) <= shown


def test_the_dashboard_shows_every_metric_of_ours(widgets: list[Widget]) -> None:
    shown = {each.name for widget in widgets for each in metrics_shown(widget)}

    assert {each.name for each in METRICS} - shown == NOT_SHOWN


def test_the_dashboards_widgets_do_not_overlap(widgets: list[Widget]) -> None:
    places = [
        (x, y)
        for each in widgets
        for x in range(each["x"], each["x"] + each["width"])
        for y in range(each["y"], each["y"] + each["height"])
    ]

    assert len(places) == len(set(places))
    assert max(x for x, _ in places) == 23


def test_shares_count_every_outcome(alarms: Mapping[str, Planned]) -> None:
    counted = {
        dict(each.dimensions)["outcome"]
        for each in metrics_of(alarms["error-rate-live"]).values()
        if each.name == "images"
    }

    assert counted == {outcome.value for outcome in Outcome}


def test_every_cause_of_the_circuit_breaker_has_its_alarm() -> None:
    assert set(OUTSIDE_CAUSES) == {kind.cause.value for kind in Outside.__subclasses__()}


def test_an_alarm_notifies_on_its_own_or_through_the_composite_alarm(
    alarms: Mapping[str, Planned], composite: Planned
) -> None:
    named = set(re.findall(r'ALARM\("pixfleet-([\w-]+)"\)', composite["alarm_rule"]))

    speaking = {name for name, each in alarms.items() if each["alarm_actions"]}
    assert speaking | named == set(alarms)
    assert speaking & named == set()
    assert speaking == {
        "dead-letters",
        "dead-letters-many",
        "new-dead-letters-bulk",
        "new-dead-letters-live",
        "undelivered-events-bulk",
        "undelivered-events-live",
    }


def test_an_alarm_that_notifies_of_its_begin_notifies_of_its_end(
    alarms: Mapping[str, Planned], composite: Planned
) -> None:
    topic = ["arn:aws:sns:us-east-1:123456789012:pixfleet-operations"]

    for alarm in (composite, *alarms.values()):
        assert alarm["alarm_actions"] == alarm["ok_actions"]
        assert alarm["alarm_actions"] in (topic, None)
    assert composite["alarm_actions"] == topic


def test_an_expression_has_no_more_metrics_than_cloudwatch_allows(
    alarms: Mapping[str, Planned],
) -> None:
    assert max(len(metrics_of(each)) for each in alarms.values()) <= 10


def test_every_alarm_has_a_section_of_the_runbook_and_every_section_an_alarm(
    alarms: Mapping[str, Planned], composite: Planned
) -> None:
    named = {
        found
        for each in (composite, *alarms.values())
        for found in re.findall(r"docs/runbook\.md#(\S+)", each["alarm_description"])
    }

    assert named == {anchor for anchor in anchors(RUNBOOK) if anchor.startswith("alarm-")}
    assert all("#alarm-" in each["alarm_description"] for each in alarms.values())


def test_the_output_of_names_has_every_alarm() -> None:
    module = STACK / "modules" / "alarms"
    text = "\n".join(file.read_text() for file in module.glob("*.tf"))
    made = re.findall(r'^resource "(aws_cloudwatch_metric_alarm)" "(\w+)"', text, re.MULTILINE)

    output = (module / "outputs.tf").read_text()
    assert [name for kind, name in made if f"{kind}.{name}" not in output] == []
    assert len(made) >= 10


def test_links_inside_the_runbook_have_a_target() -> None:
    assert set(re.findall(r"\]\(#([^)]+)\)", RUNBOOK)) <= anchors(RUNBOOK)


def test_a_description_fits_and_ends_in_a_command(
    alarms: Mapping[str, Planned], composite: Planned
) -> None:
    for each in (composite, *alarms.values()):
        text = each["alarm_description"]

        assert len(text) <= 1024  # PutMetricAlarm's limit
        assert re.search(r" First: (aws|pixfleet) ", text)


def test_the_commands_exist(alarms: Mapping[str, Planned], composite: Planned) -> None:
    texts = [each["alarm_description"] for each in (composite, *alarms.values())]

    for text in (RUNBOOK, *texts):
        assert list(unknown_words(text)) == []
    named = {tuple(found.split()) for each in texts for found in OUR_COMMAND.findall(each)}
    assert named == {("doctor",), ("status",), ("dlq", "groups")}
    assert named <= set(our_commands(get_group(build_app())))


def test_the_saved_queries_ask_for_fields_that_the_log_has(
    resources: Mapping[str, Planned],
) -> None:
    documented = set(re.findall(r"`(\w+)`", (ROOT / "docs" / "metrics.md").read_text()))
    queries = [
        each["query_string"]
        for address, each in resources.items()
        if address.startswith("aws_cloudwatch_query_definition.")
    ]

    assert len(queries) == 5
    for query in queries:
        assert fields_asked_for(query) - documented == set(), query


def test_an_unknown_command_is_found() -> None:
    assert list(unknown_words("aws sqs recieve-message --queue-url x")) == ["sqs recieve-message"]
    assert list(unknown_words("aws sqs purge-queue --queue x")) == ["sqs purge-queue --queue"]


def our_commands(group: TyperGroup, *before: str) -> Iterator[tuple[str, ...]]:
    """Yield the words of every command of `pixfleet`."""
    for name, each in group.commands.items():
        if isinstance(each, TyperGroup):
            yield from our_commands(each, *before, name)
        else:
            yield (*before, name)


def is_written(each: Metric) -> bool:
    dimensions = {name for name, _ in each.dimensions}
    if each.namespace == NAMESPACE:
        is_known = all(value in (ANY, *VALUES[name]) for name, value in each.dimensions)
        is_of_one_fleet = ("fleet", FLEET) in each.dimensions
        return (each.name, frozenset(dimensions)) in OURS and is_known and is_of_one_fleet
    names, needed = AWS_PREFIXES[each.namespace]
    return each.name in names and dimensions == needed


def unknown_words(text: str) -> Iterator[str]:
    """Yield the commands of the AWS CLI in a text, or the options, that do not exist."""
    session = botocore.session.Session()
    commands = r"\baws (?=[a-z0-9]+ [a-z])(\S+) ([a-z-]+)((?:(?!\baws )[^`;)])*)"
    for service, command, rest in re.findall(commands, text.replace("\\\n", " ")):
        # `aws s3` is the command line's own; S3's calls are under another name there.
        model = session.get_service_model("s3" if service == "s3api" else service)
        operations = {xform_name(name, "-"): name for name in model.operation_names}
        if command in operations:
            shape = model.operation_model(operations[command]).input_shape
            options = {xform_name(name, "-") for name in shape.members} if shape else set()
        elif (service, command) in OF_THE_CLI:
            options = OF_THE_CLI[service, command]
        else:
            yield f"{service} {command}"
            continue
        for option in re.findall(r"(?<!\S)--([a-z-]+)", rest):
            if option not in options | EVERYWHERE:
                yield f"{service} {command} --{option}"


def fields_asked_for(query: str) -> set[str]:
    """Return the fields of our lines that a query of Logs Insights reads."""
    bare = re.sub(r'"[^"]*"|@\w+|\bas \w+', " ", query)
    names = set(re.findall(r"\b[a-z]+(?:_[a-z]+)*\b(?!\()", bare))
    made = set(re.findall(r"\bas (\w+)", query))
    words = {"asc", "by", "desc", "fields", "filter", "limit", "sort", "stats", "m"}
    return names - made - words


def test_an_idle_stack_pays_for_as_many_metrics_as_the_cost_page_says(
    resources: Mapping[str, Planned],
) -> None:
    alarms = alarms_of(resources)

    # CloudFront's alarm is only in us-east-1, where these are planned, and those of the API, of
    # notifications and of a lane that forwards come with them; the pages list these apart.
    apart = {"api-errors", "api-refusals", "edge-errors", "forwarded-rate-live", "notifications"}
    read = {name: len(metrics_of(alarm)) for name, alarm in alarms.items() if name not in apart}

    assert len([name for name in read if name.startswith("oldest-message-")]) == LANES
    assert sum(read.values()) == ALARM_METRICS
