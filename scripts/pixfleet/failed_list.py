"""The documents and the table of failed images, for `dlq list` and `rejected`."""

from collections.abc import Mapping, Sequence

from scripts.pixfleet.stack.failed_images import FailedImage
from scripts.pixfleet.terminal.lists import Document, Listed
from scripts.pixfleet.terminal.text import human_bytes
from scripts.pixfleet.terminal.times import minute

COLUMNS = ("key", "cause", "fixed_by", "at", "size_bytes", "owner", "detail")
HEADINGS = ("key", "cause", "fixed by", "when (UTC)", "size", "owner")


def document_of(image: FailedImage) -> Mapping[str, object]:
    """Return a failed image as its JSON document; CSV has the same fields as columns."""
    identity = {"id": image.message_id} if image.message_id else {}
    return {
        **identity,
        "key": image.key,
        "cause": image.cause,
        "fixed_by": image.fixed_by.value,
        "at": image.at and image.at.isoformat(timespec="seconds"),
        "size_bytes": image.size_bytes,
        "owner": image.owner,
        "detail": image.detail,
    }


def listed(
    images: Sequence[FailedImage], document: Document, *, with_ids: bool = False
) -> Listed[FailedImage]:
    """Return the list to print; `document` is the JSON document without its rows."""
    return Listed(
        items=images,
        document_of=document_of,
        columns=("id", *COLUMNS) if with_ids else COLUMNS,
        headings=HEADINGS,
        cells_of=_cells,
        document=document,
        items_name="images",
    )


def _cells(image: FailedImage) -> Sequence[object]:
    size = human_bytes(image.size_bytes) if image.size_bytes is not None else None
    when = image.at and minute(image.at)
    return image.key or "-", image.cause, image.fixed_by.value, when, size, image.owner
