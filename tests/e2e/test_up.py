"""`make up` and `make down` without a stack or without the programs that they need."""

import subprocess
import sys
from pathlib import Path

import pytest

from scripts.local import ministack
from scripts.local.__main__ import main
from scripts.local.instance import DEFAULT_PORT, Instance, is_taken
from scripts.local.next_steps import next_steps
from scripts.local.terraform_root import StackNames, architecture, error_lines
from tests.e2e.processes import free_port

pytestmark = pytest.mark.e2e

NAMES = StackNames(
    api_client="1example",
    api_url="http://a1b2c3d4.execute-api.localhost:4566",
    dead_letter_queue="pixfleet-dead-letter",
    domain_name="d1.cloudfront.net",
    edge_url="http://127.0.0.1:5566",
    function_alias="pixfleet-worker:live",
    sources_bucket="pixfleet-sources-000000000000",
    variants_bucket="pixfleet-variants-000000000000",
)


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    return Instance(free_port(), tmp_path)


def run_in(instance: Instance, command: str) -> int:
    return main([command, f"--port={instance.port}"], build=instance.build)


def local_aws(command: str, instance: Instance) -> None:
    words = [sys.executable, "-m", "scripts.local", command, f"--port={instance.port}"]
    subprocess.run(words, check=True, timeout=60, stdout=subprocess.DEVNULL)


def programs(folder: Path, *names: str) -> Path:
    """Return a new folder for PATH with these programs."""
    folder.mkdir()
    for name in names:
        (folder / name).write_text("#!/bin/sh\n")
        (folder / name).chmod(0o755)
    return folder


def test_down_without_up_says_so(instance: Instance, capsys: pytest.CaptureFixture[str]) -> None:
    exit_code = run_in(instance, "down")

    assert exit_code == 0
    assert capsys.readouterr().err == f"Nothing is up on port {instance.port}.\n"


@pytest.mark.parametrize(
    ("there", "missing"),
    [
        pytest.param((), "Terraform is not on PATH: install it (1.9 or newer", id="terraform"),
        pytest.param(("terraform",), "Node.js is not on PATH: install it", id="node-terraform"),
        pytest.param(("tofu",), "Node.js is not on PATH: install it", id="node-tofu"),
    ],
)
def test_a_missing_program_is_named_in_one_line_before_anything_starts(
    there: tuple[str, ...],
    missing: str,
    instance: Instance,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("PATH", str(programs(instance.build / "bin", *there)))

    exit_code = run_in(instance, "up")

    said = capsys.readouterr().err
    assert exit_code == 2
    assert said.startswith(missing)
    assert said.count("\n") == 1
    assert not is_taken(instance.port)


def test_a_local_aws_that_was_not_started_by_up_keeps_running(
    capsys: pytest.CaptureFixture[str],
) -> None:
    instance = Instance(free_port())
    local_aws("start", instance)
    try:
        up_code, down_code = run_in(instance, "up"), run_in(instance, "down")

        assert ministack.is_healthy(instance)
    finally:
        local_aws("stop", instance)
    assert (up_code, down_code) == (2, 0)
    assert f"python -m scripts.local stop --port {instance.port}" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("machine", "named"), [("aarch64", "arm64"), ("arm64", "arm64"), ("AMD64", "x86_64")]
)
def test_a_machine_has_lambdas_name_of_its_processor(machine: str, named: str) -> None:
    assert architecture(machine) == named


def test_error_lines_are_the_command_and_its_errors() -> None:
    output = "apply in x:\nmade one\nmade two\nError: no such thing\n\n  on main.tf"

    assert error_lines(output) == "apply in x:\nError: no such thing\n\n  on main.tf"


@pytest.mark.parametrize(
    ("port", "typed"), [(DEFAULT_PORT, "make down\n"), (4600, " PORT=4600\n")]
)
def test_next_steps_name_the_port_only_if_it_is_not_the_default(port: int, typed: str) -> None:
    text = next_steps(Instance(port), NAMES)

    assert text.endswith(typed)
    assert "  http://127.0.0.1:5566/cat.jpg?w=640\n" in text
    assert "http://127.0.0.1:4566/_pixfleet/edge\n" in text or port != DEFAULT_PORT
    assert "s3://pixfleet-sources-000000000000/" in text
    assert "  curl -s http://a1b2c3d4.execute-api.localhost:4566/v1/uploads " in text
    assert '  echo \'{"api": "http://a1b2c3d4.execute-api.localhost:4566", ' in text
