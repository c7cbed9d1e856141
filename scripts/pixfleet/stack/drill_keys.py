"""The keys of a drill, which redrives and deletions leave alone."""

DRILL_FOLDER = "_drill/"


def drill_prefix(prefix: str, drill_id: str) -> str:
    """Return the prefix of a drill's keys, which are in a folder `_drill/` under `prefix`."""
    parent = f"{prefix.strip('/')}/"
    folder = parent if is_of_drill(parent) else f"{parent}{DRILL_FOLDER}"
    return f"{folder}{drill_id}/"


def is_of_drill(key: str) -> bool:
    """Return whether a key, or a prefix of keys, is in the folder of drills."""
    return key.startswith(DRILL_FOLDER) or f"/{DRILL_FOLDER}" in key
