"""The private words that are gone, each with the word to use instead.

A pattern is matched against names split into words ("prefetch slots" for `prefetch_slots`) and,
unless it is of `names` only, against prose: documents, comments, docstrings and what is printed.
"""

from typing import NamedTuple


class Word(NamedTuple):
    """One private word: a regular expression, what to write, and where it is looked for."""

    pattern: str
    instead: str
    names_only: bool = False
    under: str = ""


class Kept(NamedTuple):
    """A use that stays, because it is stored, read by machines or has its ordinary meaning."""

    path: str
    pattern: str
    reason: str


WORDS = (
    # Dead letters
    Word(
        r"(?<!dead )(?<!dead-)(?<!lower-case )(?<!with a )(?<!small )(?<!capital )letters?"
        r"(?! case|,| of the alphabet| and (digits|hyphens|underscores)| or digits)",
        "dead letter, message",
    ),
    Word(r"desks?", "DeadLetterQueue, prefetch_slots"),
    Word(r"dlq receipts", "dlq status"),
    Word(r"receipts( shown| document)?", "status", names_only=True, under="scripts/"),
    Word(r"dlq drop", "dlq delete"),
    Word(r"whose turn( it| each)?", "who can fix it, fixed by"),
    Word(r"(un)?sweep(s|er|ing)?|swept", "scan (of a queue), audit (of the buckets)"),
    Word(r"epitaphs?", "exit_description"),
    # The worker
    Word(r"fleet|build fleet", "WorkerContext, build_context", names_only=True, under="worker/"),
    Word(r"studios?", "RenderPool"),
    Word(r"story|stories", "RecordLog"),
    Word(r"laps?", "timing"),
    Word(r"brakes?|scouts?", "circuit breaker, probe"),
    Word(r"eased?|tighten(s|ed)?", "half_open, trip", names_only=True),
    Word(r"dangerous", "RunAlone"),
    Word(r"(?<!poison )suspects?", "PoisonSuspect, suspected poison image"),
    Word(r"condemn(s|ed|ing)?", "as_permanent, make permanent"),
    Word(r"deaths?", "crashed_attempts, crash"),
    Word(r"(in )?doubt(s|ed|ing)?", "mark_dirty"),
    Word(r"withdraw(s|n|ing|al)?|withdrew", "abandon"),
    Word(r"bury|buries|buried|burying", "dead-letter (a message), tombstone (a source)"),
    Word(r"let go|lets go", "release", names_only=True),
    Word(r"attend(s|ed|ing)?", "process"),
    Word(r"settle[sd]?|settling", "acknowledge, finish"),
    Word(r"puts? (it |them )?offs?|putting off", "delay"),
    # Results
    Word(r"verdicts?", "RecordResult, CheckResult, Difference"),
    Word(r"judg(e|es|ed|ing|ement)", "assess"),
    Word(r"standing( now)?", "State, assess", names_only=True, under="scripts/"),
    Word(r"ending|endings|fates?", "outcome"),
    Word(r"^(tell|tells|told|telling)\b.*|.*\btelling", "view, describe, report", names_only=True),
    # The history of a key, the audit, plans and backfills
    Word(r"life|lives", "KeyHistory", names_only=True, under="scripts/"),
    Word(r"^archive$", "HistoryReader", names_only=True, under="scripts/pixfleet/"),
    Word(r"assembly|performance", "build, view", names_only=True, under="scripts/"),
    Word(r"journals?", "checkpoint"),
    Word(r"backfill drop", "backfill upload"),
    Word(r"scenes?", "inputs", under="scripts/pixfleet/"),
    Word(r"(?<!recipe )books?", "recipe set", names_only=True),
    Word(r"kitchens?", "renderer"),
    Word(r"crews?", "threads"),
    Word(r"rehears\w*", "trial"),
    Word(r"likeness(es)?", "similarity"),
    Word(r"census(es)?", "sample, object count"),
    Word(r"trying", "trial", names_only=True, under="scripts/"),
    Word(r"patients?", "stack under test"),
    Word(r"^grounds?$", "site", names_only=True, under="scripts/pixfleet/"),
    Word(r"lookouts?", "status reader"),
    Word(r"workshops?", "repair context"),
    Word(r"exhibits?", "page input"),
    Word(r"shelf|shelves", "variants reader, listing"),
    Word(r"spools?", "differences file"),
    Word(r"^(seen|met)$", "Bloom filter, listed key", names_only=True, under="scripts/"),
    Word(r"^lots?$", "batch", names_only=True, under="scripts/"),
    # The terminal
    Word(r"^operator$", "Context", names_only=True, under="scripts/"),
    Word(r"^reach$", "AwsClients", names_only=True, under="scripts/"),
    Word(r"^screen$", "Console", names_only=True, under="scripts/"),
    # Imaging
    Word(
        r"(?<!pytest )marks?(?! (dirty|decorator))|marking|marked",
        "watermark, placement, overlay",
        names_only=True,
    ),
    Word(r"(a|the|its|their|whose|no|every|each|same|another) marks?", "watermark"),
    Word(r"stamps?", "watermark placement"),
    Word(r"roomy|crowded", "Headroom, has_extremes"),
    Word(r"^(has |can have )?room$", "headroom", names_only=True, under="shared/imaging/"),
    Word(r"traps?", "bombs"),
    Word(
        r"^(is )?whole$|^walks$|^admit$",
        "truncation, containers, cost_limits",
        names_only=True,
        under="shared/imaging/",
    ),
    Word(r"prices?( bytes)?", "memory_cost", names_only=True, under="shared/imaging/"),
    Word(r"(forget |s )?last words", "exit description, last output"),
    Word(r"nonsense", "invalid frame"),
    Word(r"^faults$", "errors", names_only=True, under="shared/"),
)

KEPT: tuple[Kept, ...] = (
    Kept("ARCHITECTURE.md", r"`(brake|deaths|letters|verdict)`", "stored names, in their table"),
    Kept("terraform/modules/queue/", r"`letter`, which the dead-letter", "a lane's possible name"),
    Kept("terraform/modules/queue/", r'"letter"\)', "a lane's possible name"),
    Kept("terraform/modules/queue/tests/", r'letter = \{|"letters/"', "a lane's possible name"),
    Kept("docs/runbook.md", "at `brake`", "a stage that dead letters store"),
    Kept("CHANGELOG.md", "backfill drop", "what the command was called before"),
    Kept("CHANGELOG.md", "`image (settled|put off)`", "what the events were called before"),
    Kept("CHANGELOG.md", "dlq drop", "what the command was called before"),
    Kept("CHANGELOG.md", "dlq receipts", "what the command was called before"),
    Kept("scripts/pixfleet/commands/doctor.py", "verdict", "a key of a JSON document"),
    Kept("tests/functional/cli/test_doctor_purge.py", "verdict", "a key of a JSON document"),
    Kept("scripts/pixfleet/commands/dlq.py", "receipts", "answered with the new name"),
    Kept("scripts/pixfleet/terminal/console.py", "screen", "an argument of Rich's Live"),
    Kept("scripts/pixfleet/dlq/details.py", "deaths", "a key of a JSON document"),
    Kept("scripts/pixfleet/dlq/documents.py", "letters", "a key of a JSON document"),
    Kept("scripts/pixfleet/dlq/records.py", "letters", "a field of a stored record"),
    Kept("scripts/pixfleet/plan/explain.py", "verdict", "a field of the JSON document"),
    Kept("scripts/pixfleet/stack/causes.py", "operator", "who can fix a cause"),
    Kept("scripts/pixfleet/stack/recipe_file.py", "start mark", "an attribute of PyYAML"),
    Kept("scripts/pixfleet/image/history_view.py", "deaths", "a field of the JSON document"),
    Kept("scripts/pixfleet/image/history_view.py", "verdict", "a field of the JSON document"),
    Kept("worker/api/handler.py", "fleet", "a setting: the name of all workers of a stack"),
    Kept("worker/api/local.py", "fleet", "a setting: the name of all workers of a stack"),
    Kept("worker/api/settings.py", "fleet", "a setting: the name of all workers of a stack"),
    Kept("worker/batch.py", "fleet", "a setting: the name of all workers of a stack"),
    Kept("worker/runner.py", "fleet", "a setting: the name of all workers of a stack"),
    Kept("worker/purge/handler.py", "fleet", "a setting: the name of all workers of a stack"),
    Kept("worker/purge/settings.py", "fleet", "a setting: the name of all workers of a stack"),
    Kept("worker/renderer/handler.py", "fleet", "a setting: the name of all workers of a stack"),
    Kept("shared/imaging/child_process.py", "tell", "a method of files"),
    Kept("worker/circuit_breaker.py", "^brake$", "a stage that dead letters store"),
    Kept("scripts/demo/samples.py", "studio/100%25 glass", "a key with awkward characters"),
)
