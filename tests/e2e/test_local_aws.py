import os
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.local.__main__ import NOT_RUNNING, main
from scripts.local.clients import local_clients
from scripts.local.instance import HOST, Instance, is_taken
from tests.e2e.fleet import Fleet
from tests.e2e.processes import free_port

pytestmark = pytest.mark.e2e

# A program that runs a MiniStack until it gets a signal.
HOLDER = """
import signal, sys
from scripts.local.ministack import running_ministack
# A shell starts background jobs with SIGINT ignored, and this process inherits that.
signal.signal(signal.SIGINT, signal.default_int_handler)
with running_ministack(int(sys.argv[1])):
    print("up", flush=True)
    signal.pause()
"""


@pytest.fixture
def instance() -> Instance:
    return Instance(free_port())


@pytest.fixture
def holder(instance: Instance) -> Iterator[subprocess.Popen[str]]:
    with subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(instance.port)], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stdout.readline() == "up\n"
        yield process
        process.kill()
    local_aws("stop", instance)


def local_aws(command: str, instance: Instance) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "scripts.local", command],
        env={**os.environ, "PIXFLEET_PORT": str(instance.port)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def fake_ministack(build: Path, script: str) -> None:
    """Write a program in place of MiniStack's Python."""
    program = build / "ministack" / "bin" / "python"
    program.parent.mkdir(parents=True)
    program.write_text(f"#!/bin/sh\n{script}\n")
    program.chmod(0o755)


def test_a_port_in_use_is_refused_before_anything_starts(
    instance: Instance,
) -> None:
    with socket.create_server((HOST, instance.port)):
        refused = local_aws("start", instance)

    assert refused.returncode == 2
    assert refused.stderr == (
        f"Port {instance.port} is in use, so the local AWS cannot listen there: stop the "
        "process that listens, "
        f"or choose another port: make … PORT={instance.port + 1}\n"
    )
    assert not instance.log.exists()


@pytest.mark.parametrize("port", ["0", "65536", "many", "-1", "45.66", "\uff14\uff15", "4" * 50])
def test_an_invalid_port_is_refused_in_one_sentence(
    port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code = main(["status", f"--port={port}"])

    assert exit_code == 2
    assert capsys.readouterr().err == f"Expected a port from 1 to 65535 for PORT, got {port!r}.\n"


def test_without_ministack_the_message_names_make_setup(
    tmp_path: Path, instance: Instance, capsys: pytest.CaptureFixture[str]
) -> None:
    exit_code = main(["start", f"--port={instance.port}"], build=tmp_path)

    assert exit_code == 2
    assert capsys.readouterr().err == (
        f"MiniStack, the local AWS, is not installed in {tmp_path / 'ministack'}: "
        "run `make setup`.\n"
    )


def test_the_log_of_a_ministack_that_exits_at_its_start_is_shown(
    tmp_path: Path, instance: Instance, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_ministack(tmp_path, "echo 'ModuleNotFoundError: no hypercorn' >&2; exit 7")

    exit_code = main(["start", f"--port={instance.port}"], build=tmp_path)

    said = capsys.readouterr().err
    assert exit_code == 1
    assert said.startswith("MiniStack ended with 7 at its start.")
    assert said.endswith("  ModuleNotFoundError: no hypercorn\n")
    assert not Instance(instance.port, tmp_path).pid_file.exists()


@pytest.mark.parametrize("suffix", ["pid", "log"])
def test_a_file_that_cannot_be_written_is_named_and_nothing_is_left_running(
    suffix: str, tmp_path: Path, instance: Instance, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "ministack").symlink_to(instance.interpreter.parents[1])
    blocked = tmp_path / f"ministack-{instance.port}.{suffix}"
    blocked.mkdir()

    exit_code = main(["start", f"--port={instance.port}"], build=tmp_path)

    assert exit_code == 2
    assert capsys.readouterr().err.startswith(f"{blocked} cannot be written (Is a directory)")
    assert not is_taken(instance.port)


def test_a_port_of_thousands_of_digits_is_refused_in_one_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    exit_code = main(["status", f"--port={'4' * 5000}"])

    assert exit_code == 2
    assert len(capsys.readouterr().err) < 200


def test_the_callers_aws_variables_are_ignored_and_unset(
    instance: Instance, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"AWS_PROFILE": "nope", "AWS_MAX_ATTEMPTS": "x"}.items():
        monkeypatch.setenv(name, value)

    started = local_aws("start", instance)
    stopped = local_aws("stop", instance)

    assert started.returncode == 0, started.stderr
    assert "unset AWS_MAX_ATTEMPTS\nunset AWS_PROFILE\nexport " in started.stdout
    assert stopped.returncode == 0


def test_start_leaves_it_running_and_stop_stops_it(instance: Instance) -> None:
    started = local_aws("start", instance)
    running = local_aws("status", instance)
    stopped = local_aws("stop", instance)
    gone = local_aws("status", instance)

    assert started.returncode == 0
    assert f"export AWS_ENDPOINT_URL={instance.endpoint_url}\n" in started.stdout
    assert running.returncode == 0
    assert "answers" in running.stdout
    assert stopped.returncode == 0
    assert gone.returncode == NOT_RUNNING
    assert not is_taken(instance.port)


def test_stop_without_a_start_is_harmless(instance: Instance) -> None:
    stopped = local_aws("stop", instance)

    assert stopped.returncode == 0
    assert stopped.stderr == f"No local AWS was started from here on port {instance.port}.\n"


def test_stop_does_not_kill_another_process_with_the_process_id(
    tmp_path: Path, instance: Instance
) -> None:
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE) as stranger:
        Instance(instance.port, tmp_path).pid_file.write_text(f"{stranger.pid}\n")

        exit_code = main(["stop", f"--port={instance.port}"], build=tmp_path)

        assert exit_code == 0
        assert stranger.poll() is None


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_a_program_that_gets_a_signal_stops_its_ministack(
    number: signal.Signals, holder: subprocess.Popen[str], instance: Instance
) -> None:
    assert is_taken(instance.port)

    holder.send_signal(number)
    holder.wait(timeout=30)

    assert not is_taken(instance.port)
    assert not instance.pid_file.exists()


def test_a_ministack_of_a_killed_program_is_named_and_can_be_stopped(
    holder: subprocess.Popen[str], instance: Instance
) -> None:
    holder.kill()
    holder.wait(timeout=30)

    refused = local_aws("start", instance)
    stopped = local_aws("stop", instance)

    assert refused.returncode == 2
    assert f"python -m scripts.local stop --port {instance.port}" in refused.stderr
    assert stopped.returncode == 0
    assert not is_taken(instance.port)


def test_no_environment_variable_changes_the_clients_endpoint(
    fleet: Fleet, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.create_server((HOST, 0)) as elsewhere:
        url = f"http://{HOST}:{elsewhere.getsockname()[1]}"
        for name in ("AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3", "HTTP_PROXY", "http_proxy"):
            monkeypatch.setenv(name, url)

        client = local_clients(fleet.stack.endpoint_url).s3

        assert client.meta.endpoint_url == fleet.stack.endpoint_url
        assert client.list_buckets()["Buckets"]
