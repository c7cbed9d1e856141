from collections import Counter

import pytest

from shared.cloud.status_shard import SHARDS, status_shard, status_shards
from shared.model.entry import PUBLISHED, REJECTED, REMOVED


@pytest.mark.parametrize(
    ("key", "expected"), [("photos/cat.jpg", "published#12"), ("photos/été.jpg", "published#11")]
)
def test_a_key_keeps_its_shard(key: str, expected: str) -> None:
    assert status_shard("published", key) == expected


@pytest.mark.parametrize(
    "form", ["{}", "photos/{:09d}.jpg", "{0}/{0}.jpg", "2026/11/{:03d}.jpg", "🐈{}"]
)
def test_keys_of_any_form_load_all_shards_evenly(form: str) -> None:
    keys = 32_000

    load = Counter(status_shard("published", form.format(number)) for number in range(keys))

    # The standard deviation of a shard's share of 2,000 is 43.
    assert set(load) == set(status_shards("published"))
    assert max(load.values()) - keys / SHARDS < 5 * 43
    assert keys / SHARDS - min(load.values()) < 5 * 43


def test_a_change_of_status_keeps_the_shard() -> None:
    statuses = (PUBLISHED, REJECTED, REMOVED)

    shards = {status_shard(status, "a.jpg").rpartition("#")[2] for status in statuses}

    assert len(shards) == 1
