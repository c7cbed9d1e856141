"""Where the API serves an image's status, for the members and headers that link to it."""

from urllib.parse import urlencode


def image_path(key: str) -> str:
    """Return the path and query of an image's status, right for every key."""
    return f"/v1/image?{urlencode({'key': key})}"


def upload_path(upload_id: str) -> str:
    """Return the path of a multipart upload."""
    return f"/v1/uploads/{upload_id}"


def receipt_path(receipt_id: str) -> str:
    """Return the path of a deletion's receipt."""
    return f"/v1/deletions/{receipt_id}"
