"""`make bench-listing`, with a small stack: both commands see each source, as current."""

import pytest

from tests.bench import listing
from tests.bench.listing import Cost

pytestmark = pytest.mark.functional

# Several pages of the sources bucket; few, because verify lists 256 shards of any stack.
KEYS = 3_000


def test_both_commands_list_all_keys_of_a_synthetic_stack(
    capsys: pytest.CaptureFixture[str],
) -> None:
    each = listing.listed_keys(listing.VERIFY)

    assert listing.main(["--keys", str(KEYS)]) == 0

    rows = capsys.readouterr().out.splitlines()[-2:]
    assert f"| verify | {KEYS // each * each:,} | {KEYS // each:,} |" in rows[0]
    assert f"| backfill enqueue | {KEYS:,} | {KEYS:,} |" in rows[1]


def test_the_figures_of_ten_million_keys_are_in_proportion() -> None:
    cost = Cost("verify", 1000, 10_000, 0.3, 0.6, 200 << 20)

    row = listing.table([cost]).splitlines()[-1]

    assert row == "| verify | 10,000 | 1,000 | 0.3 | 0.6 | 200 | 30 | 5 min | 10 min |"
