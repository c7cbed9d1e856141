"""How the tests are distributed over the workers of pytest-xdist.

Tests of e2e mostly wait, all others compute. So each core has a worker, and two more workers run
e2e beside them.
"""

import os

WAITING_WORKERS = 2
WAITING_FOLDER = "tests/e2e/"
# The longest files begin first, or the run would end with one of them.
LONGEST_FIRST = (
    "tests/e2e/test_whole_stack.py",
    "tests/e2e/test_alarms.py",
    "tests/e2e/test_on_call.py",
    "tests/e2e/test_package.py",
    "tests/e2e/test_runbook.py",
    "tests/terraform/test_modules.py",
    "tests/faults/test_schedules.py",
)
# The tests of these files share nothing, so several workers may take them.
SPLIT = ("tests/faults/test_schedules.py", "tests/imaging/test_fuzz.py")


def worker_count() -> int:
    """Return how many workers `-n auto` starts."""
    return (os.cpu_count() or 1) + WAITING_WORKERS


def file_of(nodeid: str) -> str:
    """Return the file of a test."""
    return nodeid.partition("::")[0]


def rank(nodeid: str) -> int:
    """Return when a test's file should begin: 0 is first."""
    file = file_of(nodeid)
    return LONGEST_FIRST.index(file) if file in LONGEST_FIRST else len(LONGEST_FIRST)
