"""What `pixfleet` says when it is typed wrongly, or AWS is not as it should be."""

import os
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.exceptions import ClientError, NoCredentialsError

from scripts.pixfleet import cli
from scripts.pixfleet.stack.access import sentence
from shared.model.errors import AccessDenied

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
KEYS = {"AWS_ACCESS_KEY_ID": "any", "AWS_SECRET_ACCESS_KEY": "any"}
REGION = {"AWS_DEFAULT_REGION": "eu-west-1"}


def run(home: Path, *words: str, **environment: str) -> subprocess.CompletedProcess[str]:
    """Type a command in an environment that knows nothing of AWS."""
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


def typed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], *words: str
) -> tuple[int, str, str]:
    monkeypatch.setattr("sys.argv", ["pixfleet", *words])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    told = capsys.readouterr()
    return int(ended.value.code or 0), told.out, told.err


def test_nothing_typed_shows_what_there_is(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, err = typed(monkeypatch, capsys)

    assert code == 2
    assert all(name in out for name in (*cli.COMMANDS, *cli.GROUPS))
    assert not err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        pytest.param(["xstatus"], "Did you mean 'status'?", id="a mistyped command"),
        pytest.param(["status", "--wach"], "--watch", id="a mistyped option"),
        pytest.param(["status", "extra"], "pixfleet status --help", id="an argument too many"),
        pytest.param(["status", "--every", "no"], "--every", id="a number that is none"),
        pytest.param(["drill", "--prefix", "/"], "--prefix: expected", id="no prefix"),
        pytest.param(["status", "--endpoint-url", "x"], "expected http://", id="no endpoint"),
        pytest.param(["status", "--stack", "./no.json"], "file or folder", id="no such file"),
    ],
)
def test_what_is_typed_wrongly_is_a_sentence(
    words: list[str],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    code, out, err = typed(monkeypatch, capsys, *words)

    assert code == 2
    assert told in err
    assert len(err.splitlines()) <= 2
    assert not out


def test_every_command_loads_by_its_own_name() -> None:
    everything = {name: cli.build_app([name]) for name in (*cli.COMMANDS, *cli.GROUPS)}

    for name, app in everything.items():
        names = [each.name for each in app.registered_groups] + [
            command.name
            for group in app.registered_groups
            if group.typer_instance
            for command in group.typer_instance.registered_commands
        ]
        assert name in names
        assert len(app.registered_groups) == 1


def test_the_version_is_told(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    code, out, _ = typed(monkeypatch, capsys, "--version")

    assert (code, out) == (0, "pixfleet 0.1.0\n")


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        pytest.param({}, "No AWS region is set: say --region", id="nothing"),
        pytest.param(REGION, "No AWS credentials were found", id="no credentials"),
        pytest.param({**REGION, "AWS_PROFILE": "x"}, "list-profiles", id="no such profile"),
        pytest.param(
            {**REGION, **KEYS, "AWS_ENDPOINT_URL": "nonsense"}, "nonsense", id="no endpoint"
        ),
    ],
)
def test_an_environment_without_aws_is_a_sentence(
    environment: dict[str, str], told: str, tmp_path: Path
) -> None:
    ended = run(tmp_path, "status", **environment)

    assert ended.returncode in {1, 2}
    assert told in ended.stderr
    assert len(ended.stderr.splitlines()) == 1
    assert not ended.stdout


def test_an_aws_that_does_not_answer_is_a_sentence(tmp_path: Path) -> None:
    ended = run(
        tmp_path, "status", "--json", "--endpoint-url", "http://127.0.0.1:1", **KEYS, **REGION
    )

    assert ended.returncode == 1
    assert ended.stderr.startswith("AWS did not answer: ")
    assert len(ended.stderr.splitlines()) == 1
    assert not ended.stdout


def test_ctrl_c_ends_with_a_word(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        process = subprocess.Popen(
            [sys.executable, "-m", "scripts.pixfleet.cli", "status", "--endpoint-url", url],
            env=bare(tmp_path, **KEYS, **REGION),
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
        silent.settimeout(60)
        asked, _ = silent.accept()  # it waits for an answer now
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=60)
        asked.close()

    assert (process.returncode, err) == (130, "Stopped.\n")


@pytest.mark.parametrize("words", [["--help"], ["recipes", "check", "recipes.yaml"]])
def test_a_reader_that_has_gone_is_no_traceback(words: list[str], tmp_path: Path) -> None:
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
    ("code", "told", "exit_code"),
    [
        ("ExpiredTokenException", "sign in again", 2),
        ("UnrecognizedClientException", "does not know these credentials", 2),
        ("AccessDeniedException", "`pixfleet doctor` lists", 1),
        ("InternalError", "AWS refused GetParameter: InternalError", 1),
    ],
)
def test_what_aws_refuses_is_a_sentence(code: str, told: str, exit_code: int) -> None:
    refused = ClientError({"Error": {"Code": code, "Message": "it says"}}, "GetParameter")

    said = sentence(refused)

    assert told in said[0]
    assert said[1] == exit_code


def _expired() -> None:
    behind = ClientError({"Error": {"Code": "ExpiredToken", "Message": ""}}, "GetItem")
    raise AccessDenied("An error occurred", stage="ledger") from behind


def _no_credentials() -> None:
    raise AccessDenied("NoCredentialsError", stage="head") from NoCredentialsError()


def _unforeseen() -> None:
    raise KeyError("surprise")


@pytest.mark.parametrize(
    ("trouble", "told"),
    [
        (_expired, "The AWS session has expired"),
        (_no_credentials, "No AWS credentials were found"),
        (_unforeseen, "KeyError: 'surprise'"),
    ],
)
def test_trouble_inside_a_command_is_a_sentence(
    trouble: Callable[[], None],
    told: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr("scripts.pixfleet.command.find_stack", lambda *_: trouble())

    code, out, err = typed(monkeypatch, capsys, "status")

    assert code in {1, 2}
    assert err.startswith(told)
    assert len(err.splitlines()) == 1
    assert not out
