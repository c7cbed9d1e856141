"""Message bodies as AWS sends them, from the files in `events/`."""

import json
from pathlib import Path
from typing import Any

EVENTS = Path(__file__).parent / "events"
MISSING = object()


def body(name: str) -> str:
    """Return a message body from its file, unchanged."""
    return (EVENTS / f"{name}.json").read_text(encoding="utf-8")


def altered(name: str, path: str, value: object = MISSING) -> str:
    """Return a body with a value replaced or removed at a path, `Records.0.s3.bucket.name`."""
    document: Any = json.loads(body(name))  # JSON of any form
    parent = document
    *above, last = [int(step) if step.isdecimal() else step for step in path.split(".")]
    for step in above:
        parent = parent[step]
    if value is MISSING:
        del parent[last]
    else:
        parent[last] = value
    return json.dumps(document)
