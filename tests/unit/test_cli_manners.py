"""Messages and exit codes of `pixfleet` for wrong arguments and for errors of AWS."""

import os
import signal
import socket
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from scripts.pixfleet import cli
from scripts.pixfleet.stack.access import message_and_code
from scripts.pixfleet.terminal.suggestions import SUGGESTED_COMMAND
from shared.model.errors import AccessDenied

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
MAKE_HTML = {"console", "show", "urls"}
WITHOUT_STACK = {"completion"}
KEYS = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
REGION = {"AWS_DEFAULT_REGION": "eu-west-1"}


def run(home: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command in an environment without AWS settings."""
    return subprocess.run(
        [sys.executable, "-m", "scripts.pixfleet.cli", *words],
        env=bare(home, **environment),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def bare(home: Path, **environment: str) -> dict[str, str]:
    known = {"PATH": os.environ["PATH"], "HOME": str(home), "AWS_EC2_METADATA_DISABLED": "true"}
    return {**known, **environment}


def run_in_process(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["pixfleet", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    printed = capsys.readouterr()
    return int(ended.value.code or 0), printed.out, printed.err


def test_without_arguments_the_help_page_is_shown(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = run_in_process(monkeypatch, capsys)

    assert code == 2
    assert all(name in out for name in (*cli.COMMANDS, *cli.GROUPS))
    assert not err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        pytest.param(["xstatus"], "Did you mean 'status'?", id="a mistyped command"),
        pytest.param(["status", "--wach"], "--watch", id="a mistyped option"),
        pytest.param(["status", "extra"], "pixfleet status --help", id="an extra argument"),
        pytest.param(["status", "--every", "no"], "--every", id="not a number"),
        pytest.param(["drill", "--prefix", "/"], "--prefix: expected", id="no prefix"),
        pytest.param(["status", "--endpoint-url", "x"], "expected http://", id="no endpoint"),
        pytest.param(["status", "--stack", "./no.json"], "file or folder", id="a missing file"),
    ],
)
def test_wrong_arguments_are_refused_in_a_sentence(
    words: list[str],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, err = run_in_process(monkeypatch, capsys, *words)

    assert code == 2
    assert message in err
    assert len(err.splitlines()) <= 2
    assert not out


@pytest.mark.parametrize("name", sorted(cli.COMMANDS.keys() - WITHOUT_STACK))
def test_a_suggested_command_can_get_the_options_of_the_stack(name: str) -> None:
    assert SUGGESTED_COMMAND.search(f"Next: pixfleet {name}")


def test_every_command_that_makes_no_html_is_in_the_contract_about_jinja2() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())
    (contract,) = (
        each
        for each in project["tool"]["importlinter"]["contracts"]
        if "jinja2" in each.get("forbidden_modules", ())
    )

    package = "scripts.pixfleet.commands."
    named = {each for each in contract["source_modules"] if each.startswith(package)}
    assert named == {f"{package}{name}" for name in {*cli.COMMANDS, *cli.GROUPS} - MAKE_HTML}


def test_the_version_is_printed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = run_in_process(monkeypatch, capsys, "--version")

    assert (code, out) == (0, "pixfleet 0.1.0\n")


@pytest.mark.parametrize(
    ("environment", "message"),
    [
        pytest.param({}, "No AWS region is set: use --region", id="nothing"),
        pytest.param(REGION, "No AWS credentials were found", id="no credentials"),
        pytest.param({**REGION, "AWS_PROFILE": "x"}, "list-profiles", id="no such profile"),
        pytest.param({**REGION, **KEYS, "AWS_ENDPOINT_URL": "no-url"}, "no-url", id="no endpoint"),
    ],
)
def test_missing_aws_settings_are_reported_in_a_sentence(
    environment: dict[str, str], message: str, tmp_path: Path
) -> None:
    ended = run(tmp_path, "status", **environment)

    assert ended.returncode in {1, 2}
    assert message in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert not ended.stdout


def test_an_unreachable_endpoint_is_reported_in_a_sentence(tmp_path: Path) -> None:
    ended = run(
        tmp_path, "status", "--json", "--endpoint-url", "http://127.0.0.1:1", **KEYS, **REGION
    )

    assert ended.returncode == 1
    assert ended.stderr.startswith("AWS did not answer: ")
    assert len(ended.stderr.splitlines()) == 1
    assert not ended.stdout


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_ctrl_c_ends_with_code_130(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process = subprocess.Popen(
            [sys.executable, "-m", "scripts.pixfleet.cli", "status", "--endpoint-url", url],
            env=bare(tmp_path, **KEYS, **REGION),
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
            # A shell starts background jobs with SIGINT ignored, and a child inherits that.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),  # noqa: PLW1509
        )
        silent.settimeout(60)
        connection, _ = silent.accept()  # it waits for the response now
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        connection.close()

    assert (process.returncode, err) == (130, "Stopped.\n")


@pytest.mark.parametrize("words", [["--help"], ["recipes", "check", "recipes.yaml"]])
def test_a_closed_pipe_causes_no_traceback(words: list[str], tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)

    ended = subprocess.run(
        [sys.executable, "-m", "scripts.pixfleet.cli", *words],
        env=bare(tmp_path),
        cwd=ROOT,
        stdout=writing,
        stderr=subprocess.PIPE,
        check=False,
    )
    os.close(writing)

    assert (ended.returncode, ended.stderr) == (1, b"")


@pytest.mark.parametrize(
    ("code", "message", "exit_code"),
    [
        ("ExpiredTokenException", "sign in again", 2),
        ("UnrecognizedClientException", "does not know these credentials", 2),
        ("AccessDeniedException", "`pixfleet doctor` lists", 1),
        ("InternalError", "AWS could not answer GetParameter (InternalError: any)", 1),
        ("InternalServiceFault", "AWS could not answer GetParameter", 1),
        ("ThrottlingException", "AWS throttles GetParameter", 1),
        ("Throttling", "wait a minute, then try again", 1),
        ("ResourceNotFoundException", "AWS does not find what GetParameter names", 1),
        ("ParameterNotFound", "`pixfleet doctor` checks it", 1),
        ("NoSuchBucket", "AWS does not find what GetParameter names", 1),
        ("PermanentRedirect", "AWS refused GetParameter: PermanentRedirect", 1),
        ("CodeOfTomorrow", "AWS refused GetParameter: CodeOfTomorrow: any", 1),
    ],
)
def test_a_refusal_of_aws_is_one_sentence(code: str, message: str, exit_code: int) -> None:
    refused = ClientError({"Error": {"Code": code, "Message": "any"}}, "GetParameter")

    found = message_and_code(refused)

    assert message in found[0]
    assert found[1] == exit_code


def test_the_message_of_aws_ends_with_one_full_stop() -> None:
    refused = ClientError({"Error": {"Code": "AccessDenied", "Message": "Not you."}}, "GetItem")

    assert message_and_code(refused)[0].startswith("You may not GetItem: Not you. `pixfleet")


def _expired() -> None:
    cause = ClientError({"Error": {"Code": "ExpiredToken", "Message": ""}}, "GetItem")
    raise AccessDenied("An error occurred", stage="ledger") from cause


def _no_credentials() -> None:
    raise AccessDenied("NoCredentialsError", stage="head") from NoCredentialsError()


def _unexpected() -> None:
    raise KeyError("surprise")


@pytest.mark.parametrize(
    ("fail", "message"),
    [
        (_expired, "The AWS session has expired"),
        (_no_credentials, "No AWS credentials were found"),
        (_unexpected, "KeyError: 'surprise'"),
    ],
)
def test_an_error_inside_a_command_is_one_sentence(
    fail: Callable[[], None],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("scripts.pixfleet.command.find_stack", lambda *_: fail())

    code, out, err = run_in_process(monkeypatch, capsys, "status")

    assert code in {1, 2}
    assert err.startswith(message)
    assert len(err.splitlines()) == 1
    assert not out
