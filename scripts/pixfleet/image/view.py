"""Tells a life: as tables for a person, as a document for a program."""

from collections.abc import Sequence
from dataclasses import asdict

from rich.table import Table

from scripts.pixfleet.image.history import Life, StoredObject, Version
from scripts.pixfleet.image.logs import Log
from scripts.pixfleet.image.variants import manifest_url
from scripts.pixfleet.image.why import Answer
from scripts.pixfleet.terminal.console import facts, table
from scripts.pixfleet.terminal.text import human_bytes, pixels
from scripts.pixfleet.terminal.times import timestamp
from shared.model.entry import Entry
from shared.model.keys import MANIFEST_NAME
from shared.model.manifest import ManifestVariant


def told(life: Life, answer: Answer, log: Log, base: str) -> Sequence[Table | str]:
    """Return what a person is shown, the answer first and what to type last."""
    parts: list[Table | str] = [life.key, answer.sentence]
    parts += [f"  {reason}" for reason in answer.because]
    if isinstance(life.entry, Entry) and life.entry.status:
        parts += ["", "Ledger", facts(_ledger_facts(life.entry))]
    if life.versions:
        rows = [_version_cells(each) for each in life.versions]
        parts += ["", "Source versions", table("When", "ETag", "Size", "What", rows=rows)]
    if life.stored:
        columns = ("Object", "Pixels", "Type", "Size", "Stored (UTC)", "")
        parts += ["", "Stored objects", table(*columns, rows=_stored_cells(life))]
    parts += ["", *_log_part(log), *life.problems]
    if life.manifest:
        widest = max(life.manifest.variants, key=lambda each: each.width)
        where = {"manifest": base + manifest_url(life.key), "widest": base + widest.url}
        parts += ["", "Links" if base else "Links (this stack has no distribution)", facts(where)]
    if answer.next:
        parts += ["", "Next:", *(f"  {command}" for command in answer.next)]
    return parts


def document(life: Life, answer: Answer, log: Log, base: str) -> dict[str, object]:
    """Return all of it for a program."""
    entry = life.entry
    return {
        "key": life.key,
        "answer": asdict(answer),
        "verdict": {"kind": life.verdict.kind, "reason": life.verdict.reason},
        "versions": [asdict(version) for version in life.versions],
        "ledger": _entry_document(entry) if isinstance(entry, Entry) else None,
        "stored": [asdict(each) for each in life.stored],
        "log": {"note": log.note, "lines": [asdict(line) for line in log.lines]},
        "problems": list(life.problems),
        "links": {
            "manifest": base + manifest_url(life.key),
            "variants": [base + each.url for each in life.manifest.variants],
        }
        if life.manifest
        else {},
    }


def _entry_document(entry: Entry) -> dict[str, object]:
    fields = asdict(entry)
    # Programs read the field under the name that it had first.
    fields["deaths"] = fields.pop("crashed_attempts")
    return {**fields, "stored": sorted(entry.stored), "told_by": sorted(entry.told_by)}


def _ledger_facts(entry: Entry) -> dict[str, object]:
    """Return what stands in the ledger, without what is empty."""
    known: dict[str, object] = {
        "status": entry.status,
        "since": timestamp(entry.updated_at),
        "announced as": entry.change,
        "recipe": f"{entry.recipe} ({entry.fingerprint})" if entry.recipe else "",
        "engine": entry.engine,
        "version": entry.version,
        "source": f"{entry.identity}, {human_bytes(entry.source_bytes)}" if entry.identity else "",
        "cause": entry.cause,
        "stage": entry.stage,
        "detail": entry.detail,
        "variant bytes": human_bytes(entry.variant_bytes) if entry.variant_bytes else "",
        "CPU time": f"{entry.cpu_seconds:.2f} s" if entry.cpu_seconds else "",
        "total time": f"{entry.total_seconds:.2f} s" if entry.total_seconds else "",
        "lease until": timestamp(entry.lease_until) if entry.lease_until else "",
        "attempts that died": entry.crashed_attempts or "",
        "children that died": entry.crashes or "",
        "told by messages": ", ".join(sorted(entry.told_by)),
    }
    return {name: value for name, value in known.items() if value != ""}


def _version_cells(version: Version) -> tuple[object, ...]:
    what = "now" if version.is_latest else "before"
    if not version.etag:
        return timestamp(version.modified), "", "", f"deleted, {what}"
    return timestamp(version.modified), version.etag, human_bytes(version.size_bytes), what


def _stored_cells(life: Life) -> list[tuple[object, ...]]:
    """Return a line for each object, in the manifest's order; then those that are not there."""
    variants = life.manifest.variants if life.manifest else ()
    order = {each.label: at for at, each in enumerate(variants)}
    listed = {each.label: each for each in variants}
    rows: list[tuple[object, ...]] = []
    for there in sorted(life.stored, key=lambda each: order.get(each.name, len(order))):
        known = listed.get(there.name)
        rows.append(
            (
                there.name,
                pixels(known.width, known.height) if known else "",
                there.type.removeprefix("image/"),
                human_bytes(there.size_bytes),
                timestamp(there.modified).removesuffix(" UTC"),
                _wrong(there, known),
            )
        )
    lacking = life.verdict.names if life.verdict.reason == "objects missing" else ()
    wanted = {*listed, *lacking} - {each.name for each in life.stored}
    return rows + [(name, "", "", "", "", "MISSING") for name in sorted(wanted)]


def _wrong(there: StoredObject, known: ManifestVariant | None) -> str:
    if there.name == MANIFEST_NAME:
        return ""
    if known is None:
        return "not in the manifest"
    if (known.type, known.bytes) != (there.type, there.size_bytes):
        return f"the manifest says {known.type}, {known.bytes} B"
    return ""


def _log_part(log: Log) -> list[Table | str]:
    rows = [
        (
            timestamp(line.at),
            line.event,
            " ".join(f"{name}={value}" for name, value in line.facts.items()),
            " ".join(
                f"{name.removesuffix('_seconds')}={value:.2f}s"
                for name, value in line.timings.items()
            ),
        )
        for line in log.lines
    ]
    parts: list[Table | str] = ["Log"]
    if rows:
        parts.append(table("When", "What", "How", "Times", rows=rows))
    elif not log.note:
        parts.append("No line about it in this time.")
    return [*parts, *([log.note] if log.note else [])]
