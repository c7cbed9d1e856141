"""The demo's figures over one run, and `report.json`.

The table on the terminal and the gallery only show these values.
"""

from collections import Counter
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import msgspec

from scripts.pixfleet.page.rows import DeadLetterRow, ImageRow, bytes_of, saved_share

SCHEMA_VERSION = 1
# Printed beside the figures, because "saved" and "seconds" alone are ambiguous.
SAVED = (
    "how much smaller the widest variant in the best slot is than the source file; fewer pixels "
    "and a better format both count."
)
SECONDS = "CPU time of the render child: one decode and all encodes."


@dataclass(frozen=True, slots=True)
class DemoReport:
    """The outcomes of one run, and the problems that were found at the end.

    `queues` is how many messages are left on each queue; `left_out` has the files that were not
    uploaded by name, and why.
    """

    images: tuple[ImageRow, ...]
    dead_letters: tuple[DeadLetterRow, ...]
    queues: Mapping[str, int]
    wall_seconds: float
    left_out: Mapping[str, str]
    problems: tuple[str, ...] = ()

    @property
    def finished(self) -> int:
        """Return how many images were published or dead-lettered."""
        return len(self.images) + len(self.dead_letters)

    @property
    def rejected_keys(self) -> frozenset[str]:
        """Return the keys of the images that are in the dead-letter queue."""
        return frozenset(each.key for each in self.dead_letters)

    @property
    def images_per_second(self) -> float:
        """Return the rate from the first upload to the last outcome."""
        return self.finished / self.wall_seconds if self.wall_seconds else 0.0

    @property
    def variant_count(self) -> int:
        """Return how many variants are stored."""
        return sum(len(row.variants) for row in self.images)

    @property
    def variant_bytes(self) -> int:
        """Return the bytes of all variants."""
        return sum(row.total_bytes for row in self.images)

    @property
    def source_bytes(self) -> int:
        """Return the bytes of all published sources."""
        return sum(row.source.bytes for row in self.images)

    @property
    def shown_bytes(self) -> int:
        """Return the bytes of each image's widest variant in its best slot."""
        return sum(bytes_of(row.shown) for row in self.images)

    @property
    def render_seconds(self) -> float:
        """Return the CPU time of all renders."""
        return sum(row.render_seconds for row in self.images)

    @property
    def saved(self) -> float:
        """Return `SAVED` over all images, weighted by bytes."""
        return saved_share(self.source_bytes, self.shown_bytes)


def report_json(report: DemoReport) -> bytes:
    """Return the report as indented UTF-8 JSON; shares to 0.1 %, seconds to 1 ms."""
    document = {
        "schema": SCHEMA_VERSION,
        "complete": not report.problems,
        "problems": list(report.problems),
        "totals": _totals(report),
        "definitions": {"saved": SAVED, "seconds": SECONDS},
        "images": [_image(row) for row in report.images],
        "dead_letters": [asdict(dead_letter) for dead_letter in report.dead_letters],
        "queues": dict(report.queues),
        "skipped": dict(Counter(report.left_out.values())),
        "left_out": [{"file": name, "why": why} for name, why in report.left_out.items()],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=2) + b"\n"


def _totals(report: DemoReport) -> Mapping[str, object]:
    return {
        "images": report.finished,
        "published": len(report.images),
        "dead_letters": len(report.dead_letters),
        "variants": report.variant_count,
        "source_bytes": report.source_bytes,
        "variant_bytes": report.variant_bytes,
        "shown_bytes": report.shown_bytes,
        "saved": round(report.saved, 3),
        "seconds": round(report.render_seconds, 3),
        "wall_seconds": round(report.wall_seconds, 3),
        "images_per_s": round(report.images_per_second, 3),
    }


def _image(row: ImageRow) -> Mapping[str, object]:
    source = asdict(row.source)
    return {
        "key": source.pop("key"),
        "recipe": row.manifest.recipe,
        "source": source,
        "variant_count": len(row.variants),
        "smallest": {"variant": row.smallest.label, "bytes": row.smallest.bytes},
        "largest": {"variant": row.largest.label, "bytes": row.largest.bytes},
        "shown": {"variant": row.shown.label, "bytes": row.shown.bytes},
        "total_bytes": row.total_bytes,
        "saved": round(row.saved, 3),
        "seconds": round(row.render_seconds, 3),
        "total_seconds": round(row.total_seconds, 3),
        "variants": [asdict(variant) for variant in row.variants],
    }
