"""Leaves out of botocore's models what no program reads.

botocore parses a service's model when it builds a client, so every cold start pays for the texts
of AWS's documentation, which are six sevenths of a model, and for the addresses of 400 services.
What is left is written without compression: the package is compressed as a whole.
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


def without_texts(files: Files, services: Collection[str]) -> Files:
    """Return the files with smaller models; endpoints are kept of the named services alone."""
    smaller = {}
    for name, data in files.items():
        path = PurePosixPath(name)
        if not name.startswith(TOP) or path.suffix not in {".json", COMPRESSED}:
            smaller[name] = data
            continue
        document = json.loads(gzip.decompress(data) if path.suffix == COMPRESSED else data)
        if name == ENDPOINTS:
            document = _of_services(document, services)
        text = json.dumps(_without_texts(document), separators=(",", ":"), ensure_ascii=False)
        smaller[name.removesuffix(COMPRESSED)] = text.encode()
    return smaller


def _without_texts(value: Any) -> Any:  # noqa: ANN401 - parsed JSON
    """Return the value with empty texts: botocore takes their names for granted here and there."""
    if isinstance(value, list):
        return [_without_texts(each) for each in value]
    if not isinstance(value, dict):
        return value
    return {
        name: "" if name == "documentation" and isinstance(inner, str) else _without_texts(inner)
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
