"""The terminal view and the `--json` document of `pixfleet why`."""

from collections.abc import Sequence
from dataclasses import asdict

from scripts.pixfleet.image.history import KeyHistory, SourceVersion, StoredObject
from scripts.pixfleet.image.logs import KeyLog
from scripts.pixfleet.image.variants import manifest_url
from scripts.pixfleet.image.why import Explanation
from scripts.pixfleet.terminal.console import Part, Styled
from scripts.pixfleet.terminal.tables import facts, table
from scripts.pixfleet.terminal.text import human_bytes, pixels, quoted
from scripts.pixfleet.terminal.times import timestamp
from scripts.pixfleet.verify.check_result import ObjectsReason
from shared.model.entry import Entry
from shared.model.keys import MANIFEST_NAME
from shared.model.manifest import ManifestVariant


def view(history: KeyHistory, explanation: Explanation, log: KeyLog, base: str) -> Sequence[Part]:
    """Return the terminal view: the explanation first, the commands to run next last."""
    parts: list[Part] = [quoted(history.key), explanation.sentence]
    parts += [f"  {reason}" for reason in explanation.because]
    if isinstance(history.entry, Entry) and history.entry.status:
        parts += ["", "Ledger", facts(ledger_facts(history.entry))]
    if history.versions:
        rows = [version_cells(each) for each in history.versions]
        parts += ["", "Source versions", table("When", "ETag", "Size", "What", rows=rows)]
    if history.stored:
        columns = ("Object", "Pixels", "Type", "Size", "Stored (UTC)", "")
        parts += ["", "Stored objects", table(*columns, rows=stored_cells(history))]
    parts += ["", *_log_part(log), *history.problems]
    parts += [Styled(each.sentence, "yellow") for each in history.missing]
    if history.manifest:
        widest = max(history.manifest.variants, key=lambda each: each.width)
        where = {"manifest": base + manifest_url(history.key), "widest": base + widest.url}
        parts += ["", "Links" if base else "Links (this stack has no distribution)", facts(where)]
    if explanation.next:
        parts += ["", "Next:", *(f"  {command}" for command in explanation.next)]
    return parts


def document(
    history: KeyHistory, explanation: Explanation, log: KeyLog, base: str
) -> dict[str, object]:
    """Return the `--json` document."""
    entry, check = history.entry, history.check
    return {
        "key": history.key,
        "answer": asdict(explanation),
        "verdict": {"kind": check.kind, "reason": check.reason} if check else None,
        "versions": [asdict(version) for version in history.versions],
        "ledger": _entry_document(entry) if isinstance(entry, Entry) else None,
        "stored": [asdict(each) for each in history.stored],
        "log": {"note": log.note, "lines": [asdict(line) for line in log.lines]},
        "problems": list(history.problems),
        "missing": [asdict(each) for each in history.missing],
        "still": history.manifest.still if history.manifest else None,
        "limits": {each.label: each.limit for each in history.manifest.variants if each.limit}
        if history.manifest
        else {},
        "links": {
            "manifest": base + manifest_url(history.key),
            "variants": [base + each.url for each in history.manifest.variants],
        }
        if history.manifest
        else {},
    }


def _entry_document(entry: Entry) -> dict[str, object]:
    fields = asdict(entry)
    # The JSON document keeps the former names of two fields, because programs read them.
    fields["deaths"] = fields.pop("crashed_attempts")
    fields["told_by"] = sorted(fields.pop("message_ids"))
    return {**fields, "stored": sorted(entry.stored), "lazy": sorted(entry.lazy)}


def ledger_facts(entry: Entry) -> dict[str, object]:
    """Return the fields of a ledger entry that are not empty."""
    known: dict[str, object] = {
        "status": entry.status,
        "since": timestamp(entry.updated_at) if entry.updated_at else "",
        "last change": entry.change,
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
        "made in full": "yes" if entry.is_all_eager else "",
        "copies": ", ".join(f"{name} of {of}" for name, of in sorted(entry.equal.items())),
        "lazy": ", ".join(sorted(entry.lazy)),
        "purge due": timestamp(entry.purge_due) if entry.purge_due else "",
        "claim": entry.claim_kind,
        "lease until": timestamp(entry.lease_until) if entry.lease_until else "",
        "crashed attempts": entry.crashed_attempts or "",
        "crashed render children": entry.crashes or "",
        "from messages": ", ".join(sorted(entry.message_ids)),
    }
    return {name: value for name, value in known.items() if value != ""}


def version_cells(version: SourceVersion) -> tuple[object, ...]:
    """Return when it was uploaded, its ETag, its size, and whether it is the newest."""
    what = "now" if version.is_latest else "before"
    if not version.etag:
        return timestamp(version.modified), "", "", f"deleted, {what}"
    return timestamp(version.modified), version.etag, human_bytes(version.size_bytes), what


def stored_cells(history: KeyHistory) -> list[tuple[object, ...]]:
    """Return a row for each object in the manifest's order, then one for each missing object."""
    variants = history.manifest.variants if history.manifest else ()
    order = {each.label: at for at, each in enumerate(variants)}
    listed = {each.label: each for each in variants}
    equal = history.entry.equal if isinstance(history.entry, Entry) else {}
    rows: list[tuple[object, ...]] = []
    for stored in sorted(history.stored, key=lambda each: order.get(each.name, len(order))):
        known = listed.get(stored.name)
        rows.append(
            (
                stored.name,
                pixels(known.width, known.height) if known else "",
                _type_cell(stored, known),
                human_bytes(stored.size_bytes),
                timestamp(stored.modified).removesuffix(" UTC"),
                f"copy of {equal[stored.name]}"
                if stored.name in equal
                else _mismatch(stored, known),
            )
        )
    check = history.check
    missing = check.names if check and check.reason == ObjectsReason.MISSING else ()
    wanted = {*listed, *missing} - {each.name for each in history.stored}
    lazy = {each.label for each in variants if each.is_lazy} - {*missing}
    return rows + [
        (name, "", "", "", "", "not made yet" if name in lazy else "MISSING")
        for name in sorted(wanted)
    ]


def _type_cell(stored: StoredObject, known: ManifestVariant | None) -> str:
    codec = stored.type.removeprefix("image/")
    return f"{codec} ({known.limit} limit)" if known and known.limit else codec


def _mismatch(stored: StoredObject, known: ManifestVariant | None) -> str:
    if stored.name == MANIFEST_NAME:
        return ""
    if known is None:
        return "not in the manifest"
    if known.is_lazy:
        return "lazy"
    if (known.type, known.bytes) != (stored.type, stored.size_bytes):
        return f"the manifest says {known.type}, {known.bytes} B"
    return ""


def _log_part(log: KeyLog) -> list[Part]:
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
    parts: list[Part] = ["Log"]
    if rows:
        parts.append(table("When", "Event", "Fields", "Times", rows=rows))
    elif not log.note:
        parts.append("The log of this period has no line about this key.")
    return [*parts, *([log.note] if log.note else [])]
