"""How the tests are distributed over the workers of pytest-xdist.

The tests of e2e mostly wait, and all others compute. So there is one worker for each core, and two
more workers, which begin with e2e.
"""

import os

WAITING_WORKERS = 2
WAITING_FOLDER = "tests/e2e/"
# The longest files begin first, so that the run does not wait for one of them at its end.
LONGEST_FIRST = (
    "tests/e2e/test_whole_stack.py",
    "tests/e2e/test_alarms.py",
    "tests/e2e/test_on_call.py",
    "tests/e2e/test_package.py",
    "tests/e2e/test_runbook.py",
    "tests/e2e/test_webhook.py",
    "tests/terraform/test_modules.py",
    "tests/imaging/test_long_pages.py",
    "tests/functional/cli/test_hostile_text.py",
    "tests/functional/cli/test_verify.py",
    "tests/terraform/test_rendered_policies.py",
)
# The tests of these files share no fixtures, so several workers may run them. They are short and
# come last, so that all workers end at the same time.
SPLIT = (
    "tests/faults/test_schedules.py",
    "tests/imaging/test_cascade.py",
    "tests/imaging/test_fuzz.py",
    "tests/imaging/test_limits.py",
)


def worker_count() -> int:
    """Return how many workers `-n auto` starts."""
    return (os.cpu_count() or 1) + WAITING_WORKERS


def file_of(nodeid: str) -> str:
    """Return the file of a test."""
    return nodeid.partition("::")[0]


def rank(nodeid: str) -> int:
    """Return the position of a test's file in the order of a run: 0 is first."""
    file = file_of(nodeid)
    if file in LONGEST_FIRST:
        return LONGEST_FIRST.index(file)
    return len(LONGEST_FIRST) + (file in SPLIT)
