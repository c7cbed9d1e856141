"""How the command line prints and quotes untrusted text: keys, causes, whole documents."""

import io
from collections.abc import Mapping

import pytest
from rich.console import Console as RichConsole

from scripts.pixfleet import cli
from scripts.pixfleet.command import Context
from scripts.pixfleet.dlq.details import logs_query
from scripts.pixfleet.dlq.selection import Selection
from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.dead_letters import DeadLetter
from scripts.pixfleet.stack.ssm_parameter import Stack, read_stack
from scripts.pixfleet.terminal.console import Console, table
from shared.events.sqs import Message
from shared.model.errors import Misconfigured

pytestmark = pytest.mark.unit

STACK = Stack(
    schema=1,
    prefix="pixfleet",
    region="eu-west-1",
    sources_bucket="sources",
    variants_bucket="variants",
    ledger_table="ledger",
    status_index="status",
    lanes={},
    dead_letter_queue="dead",
    recipes="s3://variants/recipes.json",
    environment={},
)


def dead_letter_with(attributes: Mapping[str, str]) -> DeadLetter:
    message = Message("any-id", "receipt", "{}", 1, "queue", None, attributes)
    return DeadLetter(message, ())


def test_markup_and_emoji_names_in_a_key_are_printed_as_they_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    key = "[bold]a/:smile:.jpg"

    Console().result({}, key, table("key", rows=[(key,)]))

    assert capsys.readouterr().out.count(key) == 2


def test_no_progress_bar_is_printed_where_stderr_is_no_terminal() -> None:
    err = io.StringIO()

    with Console(err=RichConsole(file=err)).progress("listing") as meter:
        meter.advance()

    assert not err.getvalue()


def test_control_characters_in_a_question_are_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def agree(question: str, **_: object) -> bool:
        asked.append(question)
        return True

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", agree)

    Console().confirm("1 of \x9b31mred?", yes=False)

    assert asked == ["1 of \ufffd31mred?"]


def test_control_characters_in_an_error_are_replaced(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(_arguments: object) -> None:
        raise Misconfigured("No", ["got \x1b[2J"])

    monkeypatch.setattr(cli, "build_app", refuse)

    with pytest.raises(SystemExit):
        cli.main()

    assert capsys.readouterr().err == "No:\n  - got \ufffd[2J\n"


def test_a_prefix_is_quoted_for_the_shell() -> None:
    options = Selection(prefix="it's; rm -rf").options()

    assert options == """--prefix 'it'"'"'s; rm -rf'"""


def test_quotes_in_an_attribute_do_not_change_a_logs_query() -> None:
    query = logs_query(dead_letter_with({"origin_message_id": 'x" or 1=1'}))

    assert 'message_id = "x\\" or 1=1"' in query


@pytest.mark.parametrize("text", [STACK.document(), "[" * 100_000])
def test_a_document_without_a_live_lane_is_refused(text: str) -> None:
    with pytest.raises(Misconfigured):
        read_stack(text, where="file")


def test_a_stack_of_another_region_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("scripts.pixfleet.command.find_stack", lambda *_: STACK)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")  # a client looks for credentials
    context = Context("file", AwsClients(region="us-east-1"), Console())

    with pytest.raises(Misconfigured, match="--region eu-west-1"):
        _ = context.stack
