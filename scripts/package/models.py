"""Removes documentation and unused endpoints from botocore's models.

botocore parses a service's model when it creates a client. Documentation is six sevenths of a
model, and the endpoints are those of 400 services, so removing both shortens every cold start. The
models are stored uncompressed, because the package is compressed as a whole.
"""

import gzip
import json
from collections.abc import Collection, Mapping
from pathlib import PurePosixPath
from typing import Any

from scripts.package.contents import Files

TOP = "botocore/data/"
ENDPOINTS = TOP + "endpoints.json"
COMPRESSED = ".gz"


def without_documentation(files: Files, services: Collection[str]) -> Files:
    """Return the files with smaller models and with the endpoints of the named services only."""
    smaller = {}
    for name, data in files.items():
        path = PurePosixPath(name)
        if not name.startswith(TOP) or path.suffix not in {".json", COMPRESSED}:
            smaller[name] = data
            continue
        document = json.loads(gzip.decompress(data) if path.suffix == COMPRESSED else data)
        if name == ENDPOINTS:
            document = _of_services(document, services)
        text = json.dumps(_stripped(document), separators=(",", ":"), ensure_ascii=False)
        smaller[name.removesuffix(COMPRESSED)] = text.encode()
    return smaller


def _stripped(value: Any) -> Any:  # noqa: ANN401 - parsed JSON
    """Return the value with empty documentation; botocore expects the keys to exist."""
    if isinstance(value, list):
        return [_stripped(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: "" if name == "documentation" and isinstance(inner, str) else _stripped(inner)
        for name, inner in value.items()
    }


def _of_services(document: Mapping[str, Any], services: Collection[str]) -> Mapping[str, Any]:
    partitions = [
        {
            **partition,
            "services": {
                name: where for name, where in partition["services"].items() if name in services
            },
        }
        for partition in document["partitions"]
    ]
    return {**document, "partitions": partitions}
