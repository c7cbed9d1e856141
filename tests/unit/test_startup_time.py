"""A command starts about as fast as the packages that it cannot do without.

The tests compare CPU seconds of processes that run in turn. Other processes may disturb a run, so
the least of several runs counts.
"""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from urllib.request import HTTPCookieProcessor, build_opener

import pytest
from msgspec import structs

from tests.support.idle_aws import STACK, IdleAws

pytestmark = pytest.mark.unit

ROOT = Path(__file__).resolve().parents[2]
RUNS = 4
INTERRUPTED = 130
PIXFLEET = ("-m", "scripts.pixfleet.cli")
BARE_TERMINAL = ("-c", "import typer, rich")
BARE_AWS = (
    "-c",
    "import boto3; boto3.client('s3', region_name='eu-west-1')",
)


def cpu_seconds(words: tuple[str, ...], environment: dict[str, str], code: int = 0) -> float:
    """Return the user and system time of one process and of those that it waited for."""
    process = subprocess.Popen(
        [sys.executable, *words], cwd=ROOT, env=environment, stdout=subprocess.DEVNULL
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == code, words
    return usage.ru_utime + usage.ru_stime


def ratio(
    ours: tuple[str, ...], bare: tuple[str, ...], environment: dict[str, str], code: int = 0
) -> float:
    pairs = [
        (cpu_seconds(ours, environment, code), cpu_seconds(bare, environment)) for _ in range(RUNS)
    ]
    return min(our for our, _ in pairs) / min(other for _, other in pairs)


@pytest.fixture(name="environment")
def _environment(tmp_path: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_REGION": "eu-west-1",
    }


@pytest.mark.parametrize("word", ["--help", "--version"])
def test_a_page_without_aws_starts_like_typer_and_rich(
    word: str, environment: dict[str, str]
) -> None:
    assert ratio((*PIXFLEET, word), BARE_TERMINAL, environment) <= 1.5


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_status_starts_like_boto3_and_one_client(
    environment: dict[str, str],
) -> None:
    """Until AWS has answered for the first time: here the document is of another region."""
    with IdleAws(structs.replace(STACK, region="eu-north-1")).served() as aws:
        words = (*PIXFLEET, "status", "--endpoint-url", aws.url)
        found = ratio(words, BARE_AWS, environment, code=2)

    assert set(aws.called) == {"GetParameter"}
    assert found <= 1.5, found


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_a_whole_status_with_its_sixty_requests_takes_little_more(
    environment: dict[str, str],
) -> None:
    """Each of its requests takes a botocore client a millisecond of CPU time or more.

    Idle cores measured 1.35 to 1.45. More is allowed, because requests and imports do not suffer
    alike from busy neighbours.
    """
    with IdleAws().served() as aws:
        words = (*PIXFLEET, "status", "--endpoint-url", aws.url)
        found = ratio(words, BARE_AWS, environment)

    assert {"Query", "GetQueueAttributes", "GetMetricData", "DescribeAlarms"} <= set(aws.called)
    assert found <= 1.75, found


@pytest.mark.allow_hosts(["127.0.0.1"])
def test_the_console_serves_its_first_page_for_little_more_than_a_status(
    environment: dict[str, str],
) -> None:
    """Start, first page, Ctrl-C: what it takes beyond a whole `status` is at most another one."""
    with IdleAws().served() as aws:
        status = (*PIXFLEET, "status", "--endpoint-url", aws.url)
        pairs = [
            (console_cpu_seconds(aws.url, environment), cpu_seconds(status, environment))
            for _ in range(RUNS)
        ]

    found = min(ours for ours, _ in pairs) / min(other for _, other in pairs)
    assert found <= 2, found


def console_cpu_seconds(endpoint_url: str, environment: dict[str, str]) -> float:
    """Return the CPU time of a console until it has answered with its first page."""
    words = (*PIXFLEET, "console", "--no-open", "--json", "--endpoint-url", endpoint_url)
    with subprocess.Popen(
        [sys.executable, *words],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    ) as process:
        try:
            assert b"pixfleet-live" in first_page(process)
        finally:
            process.send_signal(signal.SIGINT)
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == INTERRUPTED
    return usage.ru_utime + usage.ru_stime


def first_page(process: "subprocess.Popen[str]") -> bytes:
    """Return the page at the address that a console prints."""
    assert process.stdout
    document = ""
    while not document.rstrip().endswith("}"):
        line = process.stdout.readline()
        assert line, "the console ended"
        document += line
    opener = build_opener(HTTPCookieProcessor())
    with opener.open(json.loads(document)["url"], timeout=60) as page:
        return bytes(page.read())
