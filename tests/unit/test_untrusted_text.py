"""How the command line prints and quotes untrusted text: keys, causes, whole documents."""

import io
import json
import os
import shutil
import subprocess
from collections.abc import Mapping

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from rich.console import Console as RichConsole

from scripts.pixfleet import cli
from scripts.pixfleet.command import Context
from scripts.pixfleet.dlq.details import logs_query
from scripts.pixfleet.dlq.selection import Selection
from scripts.pixfleet.options.target import Target
from scripts.pixfleet.stack.clients import AwsClients
from scripts.pixfleet.stack.dead_letters import DeadLetter
from scripts.pixfleet.stack.ssm_parameter import Stack, read_stack
from scripts.pixfleet.terminal.console import Console, Quotation, SafeConsole, Styled, json_text
from scripts.pixfleet.terminal.suggestions import shell_word, suggest, with_options
from scripts.pixfleet.terminal.tables import CONTINUED, facts, table
from scripts.pixfleet.terminal.text import quoted
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


def test_control_characters_in_a_question_are_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def agree(question: str, **_: object) -> bool:
        asked.append(question)
        return True

    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("typer.confirm", agree)

    Console().confirm("1 of \x9b31mred?", yes=False)

    assert asked == ["1 of \\x9b31mred?"]


def test_control_characters_in_an_error_are_escaped(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse() -> None:
        raise Misconfigured("No", ["got \x1b[2J\nNext: x"])

    monkeypatch.setattr(cli, "build_app", refuse)

    with pytest.raises(SystemExit):
        cli.main()

    assert capsys.readouterr().err == "No:\n  - got \\x1b[2J\\nNext: x\n"


def test_a_prefix_is_quoted_for_the_shell() -> None:
    command = Selection(prefix="it's; rm -rf").command("dlq redrive")

    assert command == """pixfleet dlq redrive --prefix 'it'"'"'s; rm -rf'"""


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
    context = Context(Target("file", "--stack"), AwsClients(region="us-east-1"), Console())

    with pytest.raises(Misconfigured, match="--region eu-west-1"):
        _ = context.stack


BASH = shutil.which("bash") or "bash"
# One of each kind that a terminal does not show as a character in its place.
INVISIBLE = (
    "\n\r\t\x00\x07\x1b\x7f\x85\x9b\xa0\xad\u034f\u061c\u115f\u180e\u200b\u200d\u200e\u2028\u2029"
    "\u202e\u2060\u2066\u2069\u3164\ufe0f\ufeff\uffa0\ufff9\U000e0001\U000e0100\ud800"
)


@pytest.mark.parametrize("char", INVISIBLE, ids=lambda char: f"U+{ord(char):04X}")
def test_a_character_that_cannot_be_seen_is_printed_as_an_escape_sequence(
    char: str, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"a{char}b"

    Console().result({}, text, Styled(text, "bold"), table(text, rows=[(text,)]))
    Console().note(text, facts({text: text}))

    printed = capsys.readouterr()
    for line in (printed.out + printed.err).splitlines():
        assert line.isprintable()
        assert char not in line
    assert (len(printed.out.split("\n")), len(printed.err.split("\n"))) == (5, 3)


def test_text_of_several_lines_is_printed_after_a_bar(capsys: pytest.CaptureFixture[str]) -> None:
    Console().result({}, Quotation("{\nNext: rm\r\x1b[A"))

    assert capsys.readouterr().out == "│ {\n│ Next: rm\\r\\x1b[A\n"


def test_a_folded_cell_cannot_begin_a_line(capsys: pytest.CaptureFixture[str]) -> None:
    key = f"{'a' * 70} pixfleet dlq delete --all {'b' * 70}"

    Console().result({}, table("key", "cause", rows=[(key, "corrupt")]), facts({"key": key}))

    lines = capsys.readouterr().out.splitlines()
    assert len(lines) > 4
    assert all(
        line.lstrip().startswith(("key", "aaaa", CONTINUED)) for line in map(str.strip, lines)
    )


def test_what_rich_itself_renders_has_no_control_characters(
    capsys: pytest.CaptureFixture[str],
) -> None:
    SafeConsole().print("a\x1b[2Jb", highlight=False, markup=False)

    assert capsys.readouterr().out == "a\\x1b[2Jb\n"


@given(st.text(st.characters(codec=None)))
def test_a_json_document_shows_every_character_and_says_the_same(text: str) -> None:
    printed = json_text({text: [text]}, indent=2)

    assert all(line.isprintable() for line in printed.split("\n"))
    assert printed.encode()
    assert json.loads(printed) == {text: [text]}


def test_text_that_reads_like_a_sentence_is_quoted() -> None:
    assert quoted("photos/2024-05/a+b@2x.jpg") == "photos/2024-05/a+b@2x.jpg"
    assert quoted("mötley/é.jpg") == "mötley/é.jpg"
    assert quoted("a.jpg. Next: rm") == '"a.jpg. Next: rm"'
    assert quoted('a"\\\n.') == '"a\\"\\\\\\n."'
    assert quoted("") == '""'


def test_an_argument_that_begins_with_a_dash_is_no_option() -> None:
    assert suggest("why", "-rf.jpg") == "pixfleet why -- -rf.jpg"
    assert suggest("dlq try -n 5", cause="a b") == "pixfleet dlq try -n 5 --cause 'a b'"


@settings(max_examples=30, deadline=None)
@given(
    st.lists(
        st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=9)
        | st.text("'\"\\$`!\n\x1b\u202e 07abxu-", max_size=9),
        max_size=20,
    )
)
@example(["\\", "'", "\x1b1", "\n7", "-", "", "$(id)", "`id`", "!!", "é\u202eé", "\udcff"])
def test_bash_reads_a_suggested_word_as_the_text_that_it_stands_for(texts: list[str]) -> None:
    words = [shell_word(text) for text in texts]
    script = f"printf '%s\\0' {' '.join(words)}"

    read = subprocess.run([BASH, "-c", script], capture_output=True, check=True).stdout

    assert all(word.isprintable() for word in words)
    assert read.split(b"\0")[: len(texts)] == [os.fsencode(text) for text in texts]


def test_only_our_own_commands_get_the_options_of_the_stack() -> None:
    text = (
        suggest("why", "pixfleet why me")
        + """ or $'\\'pixfleet show' and the stack's `pixfleet drill` "pixfleet urls" """
    )

    assert with_options(text, "--stack x") == (
        "pixfleet why --stack x 'pixfleet why me'"
        """ or $'\\'pixfleet show' and the stack's `pixfleet drill --stack x` "pixfleet urls" """
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("aws sns subscribe --topic-arn t", "aws sns subscribe --region r --topic-arn t"),
        ("`aws lambda update-event-source-mapping`", "--region r`"),
        ("`aws sso login`", "`aws sso login`"),
        ("'aws s3 rm'", "'aws s3 rm'"),
    ],
)
def test_commands_of_aws_get_the_options_that_they_have(text: str, expected: str) -> None:
    assert expected in with_options(text, "--stack x --region r", aws="--region r")


@pytest.mark.parametrize("seconds", [0.0, 60.0])
def test_only_what_takes_long_is_shown(seconds: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """The timer ends at once or never, so that no time passes here."""
    monkeypatch.setattr("scripts.pixfleet.terminal.console.PATIENCE_SECONDS", seconds)
    terminal = io.StringIO()
    console = Console(err=RichConsole(file=terminal, force_terminal=True, width=80))

    with console.working("Reading a\x1b[2Jb"):
        while not seconds and "Reading" not in terminal.getvalue():
            pass

    assert ("Reading a\\x1b[2Jb" in terminal.getvalue()) == (not seconds)
