"""Joins the ranges of a file that remain when its metadata is left out."""

from collections.abc import Iterable

Range = tuple[int, int]


def joined(data: bytes, ranges: Iterable[Range]) -> bytes:
    """Return the bytes of `ranges`, which are in order; `data` itself if they are all of it.

    A range may end beyond the data.
    """
    merged: list[Range] = []
    for start, end in ranges:
        stop = min(end, len(data))
        if merged and merged[-1][1] == start:
            merged[-1] = (merged[-1][0], stop)
        elif start < stop:
            merged.append((start, stop))
    if merged == [(0, len(data))]:
        return data
    view = memoryview(data)
    return b"".join(view[start:stop] for start, stop in merged)
