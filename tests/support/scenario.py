"""Runs a scenario on a whole stack and records what a program can read afterwards.

It uses only the interfaces that other programs use: Lambda's handler, the command line, S3, SQS,
SNS and DynamoDB. So the same scenario runs with any version, and the record of an earlier version
shows whether a change kept what other programs read.
"""

import io
import json
import os
import re
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import boto3
from moto import mock_aws
from PIL import Image

from scripts.local.clients import Clients
from scripts.local.stack import create_stack_with
from scripts.pixfleet.cli import main
from worker.batch import consumer, handler

RECIPES: Mapping[str, object] = {
    "version": 1,
    "recipes": [
        {
            "name": "tiny",
            "match": {"prefix": ""},
            "variants": [
                {"widths": [32, 64], "formats": ["webp"]},
                {"widths": [64], "formats": ["fallback"]},
            ],
        },
        {
            "name": "square",
            "match": {"prefix": "never-by-key/"},
            "variants": [
                {"name": "sq", "width": 16, "height": 16, "fit": "cover", "formats": ["webp"]}
            ],
        },
    ],
}

# Fields that people read. Their wording may change; programs read the other fields.
PROSE = frozenset(
    {
        "advice", "answer", "because", "detail", "do", "event", "expected", "found", "means",
        "next", "note", "notes", "problem", "problems", "query", "reason", "remedy", "result",
        "says", "sentence", "sentences", "told", "trouble", "troubles", "what", "why", "words",
        "description", "title", "failure", "group",
    }
)  # fmt: skip
VOLATILE = (
    (re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d(\.\d+)?(Z|\+00:00|\+0000)?"), "<time>"),
    (re.compile(r"\d{8}-\d{6}-[0-9a-f]{4}"), "<redrive>"),
    (re.compile(r"_drill/[0-9a-f]{8}/"), "_drill/<drill>/"),
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r"\b[0-9a-f]{32,64}\b"), "<digest>"),
    (re.compile(r"/[\w./-]*\.jsonl"), "<path>"),
)
NUMBERS_THAT_VARY = re.compile(
    r"(seconds|bytes|_per_second|dollars\w*|timestamp|Timestamp|hours|_until|(updated|expires)_at"
    r"|score)$"
)

# The log line of the locks that a render child could take.
BY_KERNEL = {"locks": "<locks>", "locks_missing": "<locks>", "level": "<level>"}


def masked(value: object, name: str = "") -> object:
    """Return the value with placeholders for prose and for what differs from run to run."""
    if isinstance(value, Mapping):
        value = {**value, **BY_KERNEL} if BY_KERNEL.keys() <= value.keys() else value
        return {_masked_text(key): masked(each, key) for key, each in sorted(value.items())}
    if isinstance(value, list | tuple):
        return [masked(each, name) for each in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, int | float):
        return "<number>" if NUMBERS_THAT_VARY.search(name) else value
    text = str(value)
    if name in PROSE and " " in text:
        return "<prose>"
    return _masked_text(text)


def _masked_text(text: str) -> str:
    for pattern, instead in VOLATILE:
        text = pattern.sub(instead, text)
    return text


def record() -> dict[str, Any]:
    """Run the scenario and return everything that a program can read afterwards."""
    with TemporaryDirectory() as folder, _environment(folder), mock_aws():
        return _Stack(Path(folder)).play()


@contextmanager
def _environment(folder: str) -> Iterator[None]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("AWS_", "PIXFLEET_"))
    }
    ours = {
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "testing",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "COLUMNS": "120",
        "PIXFLEET_LOG": "json",
        "PIXFLEET_RENDER_CHILDREN": "1",
    }
    before = Path.cwd()
    os.chdir(folder)
    try:
        with mock.patch.dict(os.environ, {**kept, **ours}, clear=True):
            yield
    finally:
        os.chdir(before)


class _Context:
    aws_request_id = "11111111-2222-3333-4444-555555555555"

    def get_remaining_time_in_millis(self) -> int:
        return 300_000


class _Stack:
    """The stack of the scenario, with plain boto3 clients."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        # One stream for all lines: structlog keeps the stream to which it wrote its first line.
        self.log = io.StringIO()
        self.s3 = boto3.client("s3")
        self.sqs = boto3.client("sqs")
        self.sns = boto3.client("sns")
        self.dynamodb = boto3.client("dynamodb")
        self._create()

    def _create(self) -> None:
        clients = Clients(
            s3=self.s3, sqs=self.sqs, dynamodb=self.dynamodb, ssm=boto3.client("ssm")
        )
        self.stack = create_stack_with(
            clients,
            RECIPES,
            endpoint_url="",
            prefix="pixfleet",
            visibility_timeout_seconds=60,
            max_receives=8,
        )
        topic = self.sns.create_topic(Name="pixfleet-completed")["TopicArn"]
        self.events = self.sqs.create_queue(QueueName="subscriber")["QueueUrl"]
        self.sns.subscribe(
            TopicArn=topic,
            Protocol="sqs",
            Endpoint="arn:aws:sqs:us-east-1:123456789012:subscriber",
            Attributes={"RawMessageDelivery": "true"},
        )
        wanted = self.stack.worker_environment()
        os.environ.update(
            {name: value for name, value in wanted.items() if name.startswith("PIXFLEET_")}
        )
        os.environ.update({"PIXFLEET_COMPLETION_TOPIC": topic, "PIXFLEET_RENDER_CHILDREN": "1"})
        os.environ.pop("PIXFLEET_QUEUE", None)

    def play(self) -> dict[str, Any]:
        consumer.cache_clear()
        played: dict[str, Any] = {"answers": [], "logs": []}
        try:
            for act in (self._arrive, self._change):
                act()
                answers, logs = self._deliver()
                played["answers"] += answers
                played["logs"] += logs
            played["dead_letters"] = self._messages("pixfleet-dead-letter", forget=False)
            played["commands"] = self._commands()
            answers, logs = self._deliver()
            played["answers"] += answers
            played["logs"] += logs
            played["commands_afterwards"] = self._commands_afterwards()
            played["events"] = self._messages("subscriber", forget=True)
            played["ledger"] = self._ledger()
            played["objects"] = self._objects()
        finally:
            consumer().close()
            consumer.cache_clear()
        # A redrive sends from several threads, so its messages come back in any order.
        logs = sorted((masked(line) for line in played.pop("logs")), key=json.dumps)
        return {"logs": logs, **{name: masked(value, name) for name, value in played.items()}}

    def _put(self, key: str, data: bytes, **metadata: str) -> None:
        self.s3.put_object(Bucket=self.stack.sources_bucket, Key=key, Body=data, Metadata=metadata)

    def _arrive(self) -> None:
        self._put("cat.jpg", picture("JPEG", (90, 60)))
        self._put("été/cat (1).png", picture("PNG", (40, 80), alpha=True))
        self._put("square.jpg", picture("JPEG", (70, 60)), recipe="square")
        self._put("unknown-recipe.jpg", picture("JPEG", (70, 60)), recipe="none-such")
        self._put("text.jpg", b"no image")
        self._put("cut.jpg", picture("JPEG", (900, 600))[:2000])
        self._put("gone.jpg", picture("JPEG", (50, 50)))
        self._put("broken-later.jpg", picture("JPEG", (51, 50)))

    def _change(self) -> None:
        self._put("cat.jpg", picture("JPEG", (91, 60)))
        self._put("broken-later.jpg", b"GIF89a")
        self.s3.delete_object(Bucket=self.stack.sources_bucket, Key="gone.jpg")
        url = self.sqs.get_queue_url(QueueName="pixfleet-live")["QueueUrl"]
        # moto sends no event when S3 writes a delete marker.
        self.sqs.send_message(QueueUrl=url, MessageBody=json.dumps(_removal("gone.jpg")))
        self.sqs.send_message(QueueUrl=url, MessageBody="no message of ours")
        self.sqs.send_message(
            QueueUrl=url,
            MessageBody=json.dumps(
                {
                    "pixfleet": "backfill",
                    "version": 1,
                    "bucket": self.stack.sources_bucket,
                    "keys": ["cat.jpg"],
                }
            ),
        )

    def _deliver(self) -> tuple[list[object], list[object]]:
        """Pass the messages of both lanes to Lambda's handler one by one, in a fixed order."""
        answers: list[object] = []
        logs: list[object] = []
        for lane in ("pixfleet-live", "pixfleet-bulk"):
            url = self.sqs.get_queue_url(QueueName=lane)["QueueUrl"]
            while found := self.sqs.receive_message(
                QueueUrl=url,
                MaxNumberOfMessages=1,
                AttributeNames=["All"],
                MessageAttributeNames=["All"],
            ).get("Messages"):
                self.log.truncate(self.log.seek(0))
                with redirect_stdout(self.log), redirect_stderr(self.log):
                    answers.append(handler(_lambda_event(found, lane), _Context()))
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=found[0]["ReceiptHandle"])
                logs += [_parsed(line) for line in self.log.getvalue().splitlines() if line]
        return answers, logs

    def _messages(self, queue: str, *, forget: bool) -> list[object]:
        url = self.sqs.get_queue_url(QueueName=queue)["QueueUrl"]
        found: list[Any] = []
        while messages := self.sqs.receive_message(
            QueueUrl=url, MaxNumberOfMessages=10, MessageAttributeNames=["All"]
        ).get("Messages"):
            found += messages
            for each in messages if forget else ():
                self.sqs.delete_message(QueueUrl=url, ReceiptHandle=each["ReceiptHandle"])
        if not forget:
            for each in found:
                self.sqs.change_message_visibility(
                    QueueUrl=url, ReceiptHandle=each["ReceiptHandle"], VisibilityTimeout=0
                )
        lines = [
            {
                "body": _body(each["Body"]),
                "attributes": {
                    name: value["StringValue"]
                    for name, value in each.get("MessageAttributes", {}).items()
                },
            }
            for each in found
        ]
        return sorted(lines, key=lambda each: json.dumps(masked(each), sort_keys=True))

    def _commands(self) -> dict[str, object]:
        recipes = self.folder / "recipes.yaml"
        recipes.write_text(json.dumps(RECIPES))
        newer = self.folder / "newer.yaml"
        changed = json.loads(json.dumps(RECIPES))
        changed["recipes"][0]["quality"] = {"webp": 60}
        newer.write_text(json.dumps(changed))
        (self.folder / "photos").mkdir()
        (self.folder / "photos" / "new.png").write_bytes(picture("PNG", (30, 30)))
        (self.folder / "photos" / "notes.txt").write_text("no image")
        said: dict[str, object] = {
            name: self._typed(*words)
            for name, words in {
                "status": ("status",),
                "doctor": ("doctor", "--all"),
                "why published": ("why", "cat.jpg"),
                "why awkward": ("why", "été/cat (1).png"),
                "why rejected": ("why", "text.jpg"),
                "why removed": ("why", "gone.jpg"),
                "why unknown": ("why", "never.jpg"),
                "urls": ("urls", "été/cat (1).png"),
                "urls of a rejected source": ("urls", "text.jpg"),
                "recipes check": ("recipes", "check", recipes),
                "recipes explain": ("recipes", "explain", "cat.jpg", "--size", "400x300"),
                "recipes schema": ("recipes", "schema"),
                "verify": ("verify", "--grace", "0s"),
                "plan": ("plan", newer, "--samples", "2", "--scored", "0"),
                "dlq groups": ("dlq", "groups"),
                "dlq try": ("dlq", "try", "--cause", "not_an_image"),
                "dlq redrive dry": ("dlq", "redrive", "--all", "--dry-run"),
                "backfill enqueue dry": ("backfill", "enqueue", "--prefix=", "--dry-run"),
                "backfill upload dry": ("backfill", "upload", "photos",
                                        "--prefix", "up/", "--dry-run"),
                "drill dry": ("drill", "--dry-run"),
                "bad input": ("dlq", "redrive"),
                "no such stack": ("status", "--stack", "other"),
            }.items()
        }  # fmt: skip
        dead = json.loads(self._raw("dlq", "groups")[1])
        said["dlq show"] = self._typed("dlq", "show", _first_id(dead), "--no-thumbnail")
        said["dlq redrive"] = self._typed(
            "dlq", "redrive", "--cause", "truncated", "--yes", "--rate", "100"
        )
        said["backfill enqueue"] = self._typed(
            "backfill", "enqueue", "--prefix", "cat", "--yes", "--no-wait"
        )
        said["backfill upload"] = self._typed(
            "backfill", "upload", "photos", "--prefix", "up/", "--yes",
            "--no-wait", "--checkpoint", "upload.sqlite",
        )  # fmt: skip
        return said

    def _commands_afterwards(self) -> dict[str, object]:
        redrives = json.loads(self._raw("dlq", "status")[1])
        found = re.search(r"\d{8}-\d{6}-[0-9a-f]{4}", json.dumps(redrives))
        self._sabotage()
        return {
            "dlq status": self._typed("dlq", "status"),
            "dlq status of one": self._typed("dlq", "status", found[0] if found else "none"),
            "dlq delete": self._typed("dlq", "delete", "--all", "--yes", "--copy", "dead.jsonl"),
            "verify of a damaged stack": self._typed("verify", "--grace", "0s"),
            "verify repair": self._typed("verify", "--grace", "0s", "--repair", "--yes"),
            "copies of dead letters": sorted(
                _keys_of(json.loads(line))
                for line in (self.folder / "dead.jsonl").read_text().splitlines()
            ),
        }

    def _sabotage(self) -> None:
        """Delete one object and add a stray one, which `verify` must find."""
        bucket = self.stack.variants_bucket
        stored = [
            each["Key"]
            for each in self.s3.list_objects_v2(Bucket=bucket)["Contents"]
            if each["Key"].endswith("/cat.jpg/w32.webp")
        ]
        self.s3.delete_object(Bucket=bucket, Key=stored[0])
        self.s3.put_object(
            Bucket=bucket, Key=stored[0].replace("/cat.jpg/", "/dog.jpg/"), Body=b"stray"
        )

    def _typed(self, *words: object) -> dict[str, object]:
        code, out = self._raw(*words)
        return {"exit": code, "document": _parsed(out) if out.strip() else None}

    def _raw(self, *words: object) -> tuple[int, str]:
        out, err = io.StringIO(), io.StringIO()
        argv = ["pixfleet", *map(str, words), "--json"]
        if words[:2] == ("recipes", "schema"):
            argv.pop()
        with mock.patch.object(sys, "argv", argv), redirect_stdout(out), redirect_stderr(err):
            try:
                main()
            except SystemExit as ended:
                return int(ended.code or 0), out.getvalue()
        raise AssertionError("a command ends with an exit code")

    def _ledger(self) -> list[object]:
        items = self.dynamodb.scan(TableName=self.stack.ledger_table)["Items"]
        in_order = sorted(items, key=lambda item: str(item["key"]))
        return [{name: _plain(value) for name, value in item.items()} for item in in_order]

    def _objects(self) -> dict[str, object]:
        bucket = self.stack.variants_bucket
        found: dict[str, object] = {}
        for each in self.s3.list_objects_v2(Bucket=bucket)["Contents"]:
            head = self.s3.head_object(Bucket=bucket, Key=each["Key"])
            facts: dict[str, object] = {
                "content_type": head["ContentType"],
                "cache_control": head.get("CacheControl"),
                "metadata": head["Metadata"],
            }
            if each["Key"].endswith("manifest.json"):
                body = self.s3.get_object(Bucket=bucket, Key=each["Key"])["Body"].read()
                facts["manifest"] = json.loads(body)
            found[each["Key"]] = facts
        return found


def picture(form: str, size: tuple[int, int], *, alpha: bool = False) -> bytes:
    """Return a picture with a gradient, the same bytes each time."""
    image = Image.new("RGBA" if alpha else "RGB", size)
    image.putdata(
        [
            (x * 2 % 256, y * 3 % 256, (x + y) % 256, *([200] if alpha else []))
            for y in range(size[1])
            for x in range(size[0])
        ]
    )
    out = io.BytesIO()
    image.save(out, form)
    return out.getvalue()


def _lambda_event(messages: list[Any], queue: str) -> dict[str, object]:
    return {
        "Records": [
            {
                "messageId": each["MessageId"],
                "receiptHandle": each["ReceiptHandle"],
                "body": each["Body"],
                "attributes": each["Attributes"],
                "messageAttributes": {
                    name: {"stringValue": value["StringValue"], "dataType": "String"}
                    for name, value in each.get("MessageAttributes", {}).items()
                },
                "eventSource": "aws:sqs",
                "eventSourceARN": f"arn:aws:sqs:us-east-1:123456789012:{queue}",
            }
            for each in messages
        ]
    }


def _parsed(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return "<no JSON>"


def _body(text: str) -> object:
    """Return a message's JSON document; of an event of S3 only the keys."""
    parsed = _parsed(text)
    if isinstance(parsed, dict) and "Records" in parsed:
        return {"records of": [each["s3"]["object"]["key"] for each in parsed["Records"]]}
    return parsed


def _plain(value: Mapping[str, Any]) -> object:
    ((kind, plain),) = value.items()
    if kind == "N":
        return float(plain)
    if kind in {"SS", "L"}:
        return sorted(plain) if kind == "SS" else [_plain(each) for each in plain]
    if kind == "M":
        return {name: _plain(each) for name, each in plain.items()}
    return plain


def _keys_of(document: Mapping[str, object]) -> list[str]:
    return sorted(document)


def _removal(key: str) -> dict[str, object]:
    return {
        "Records": [
            {
                "eventVersion": "2.1",
                "eventSource": "aws:s3",
                "eventName": "ObjectRemoved:DeleteMarkerCreated",
                "s3": {"bucket": {"name": "pixfleet-sources"}, "object": {"key": key}},
            }
        ]
    }


def _first_id(document: object) -> str:
    found = re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f-]{22,}", json.dumps(document))
    return found[0] if found else "none"


if __name__ == "__main__":
    text = json.dumps(record(), indent=1, ensure_ascii=False, sort_keys=True)
    Path(sys.argv[1]).write_text(text + "\n")
