"""No text from outside forges a line of any command's output.

`hostile.py` puts a text with line breaks, escape sequences or bidirectional controls into
everything that a stranger can write.
"""

import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.client import BaseClient
from botocore.exceptions import ClientError
from hypothesis import HealthCheck, Phase, example, given, settings

from scripts.pixfleet.cli import TRACEBACK_VARIABLE
from scripts.pixfleet.stack.clients import AwsClients
from shared.text import is_visible
from tests.functional.cli import hostile
from tests.functional.cli.conftest import CommandResult, RunCommand
from tests.functional.cli.dead_letters import DirectAccess
from tests.functional.cli.hostile import (
    FORGED,
    RUNS,
    commands,
    hostile_texts,
    make_files,
    make_world,
)
from tests.support.size import PUSH, SIZE_NAME

pytestmark = [pytest.mark.functional, pytest.mark.usefixtures("occupied_shards")]

# The commands that leave files behind.
WRITING = {
    "show",
    "sync",
    "verify",
    "dlq show",
    "dlq delete",
    "backfill enqueue",
    "backfill upload",
}
WITHOUT_JSON = {"completion", "recipes schema"}
fuzzed = settings(
    max_examples=20,
    # A push tries the texts of `@example` only.
    phases=(Phase.explicit,) if SIZE_NAME == PUSH else tuple(Phase),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


@pytest.fixture(name="session", scope="module")
def _session() -> Any:  # noqa: ANN401 - one method is replaced
    """Return a session that builds one client for each service."""
    session: Any = boto3.session.Session()
    session.client = cache_by_service(session.client)
    return session


def cache_by_service(build: Callable[..., BaseClient]) -> Callable[..., BaseClient]:
    built: dict[str, BaseClient] = {}

    def client(service: str, **options: object) -> BaseClient:
        if service not in built:
            built[service] = build(service, **options)
        return built[service]

    return client


@pytest.fixture(autouse=True)
def _shared_session(session: Any, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: ANN401
    """Let all runs share the AWS clients, which take most of a command's time to build."""
    monkeypatch.setattr(AwsClients, "session", session)
    monkeypatch.setattr(boto3, "client", session.client)


def test_every_command_has_its_runs() -> None:
    assert set(RUNS) == commands()


@pytest.mark.parametrize("command", RUNS)
def test_no_line_of_a_commands_output_is_forged(
    command: str,
    aws: DirectAccess,
    pixfleet: RunCommand,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    hostile.give_log_group_and_distribution(aws)
    words = command.split()

    @fuzzed
    @given(hostile_texts)
    @example(f"a\n{FORGED}")
    @example(f"a\x1b[2K\r\u202e{'-' * 70} {FORGED}")
    def run_with(text: str) -> None:
        world = make_world(aws, tmp_path / str(abs(hash(text))), text)
        for arguments in RUNS[command](world):
            if command not in WITHOUT_JSON:
                assert_not_forged(pixfleet(*words, "--json", *arguments))
            assert_not_forged(pixfleet(*words, *arguments))

    run_with()


@pytest.mark.parametrize("command", RUNS)
def test_no_line_of_an_error_message_is_forged(
    command: str,
    aws: DirectAccess,
    pixfleet: RunCommand,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    words = command.split()

    @fuzzed
    @given(hostile_texts)
    @example(f"a\n{FORGED}")
    def run_with(text: str) -> None:
        world = make_files(tmp_path / str(abs(hash(text))), text)
        for wrong in ((text,), (f"--{text}",), ("--stack", text), ("--endpoint-url", text)):
            assert_not_forged(pixfleet(*words, *wrong))
        for code in ("AccessDenied", text):
            with aws_refuses(code, text):
                for arguments in RUNS[command](world):
                    assert_not_forged(pixfleet(*words, *arguments))

    run_with()


@pytest.mark.parametrize("command", RUNS)
def test_only_the_owner_can_read_what_a_command_writes(
    command: str,
    aws: DirectAccess,
    pixfleet: RunCommand,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    written, given = tmp_path / "written", tmp_path / "given"
    written.mkdir()
    monkeypatch.chdir(written)
    monkeypatch.setattr("tempfile.tempdir", str(written))
    hostile.give_log_group_and_distribution(aws)
    world = replace(make_world(aws, given, "a.png"), output=written)

    before = os.umask(0)
    try:
        for arguments in RUNS[command](world):
            pixfleet(*command.split(), *arguments)
    finally:
        os.umask(before)

    files = [path for path in written.rglob("*") if path.is_file()]
    assert [path for path in files if path.stat().st_mode & 0o077] == []
    assert bool(files) == (command in WRITING)


@contextmanager
def aws_refuses(code: str, text: str) -> Iterator[None]:
    """Refuse every call except the one that finds the stack."""
    anything: Any = BaseClient  # botocore declares no private methods
    make = anything._make_api_call

    def refuse(client: object, operation: str, parameters: Mapping[str, object]) -> object:
        if operation == "GetParameter":
            return make(client, operation, dict(parameters))
        raise ClientError({"Error": {"Code": code, "Message": text}}, operation)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", refuse)
        yield


def assert_not_forged(result: CommandResult) -> None:
    assert TRACEBACK_VARIABLE not in result.err, result.err  # an error that nobody expected
    for line in (result.out + result.err).split("\n"):
        assert is_visible(line), ascii(line)
        assert not line.strip().startswith(FORGED), line
