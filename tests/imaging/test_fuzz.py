"""Whatever is done to a file, it is rendered right or refused with a cause.

CI tries the same cases each time. `PIXFLEET_FUZZ_CASES=100000 pytest tests/imaging/test_fuzz.py`
tries so many others, new ones each time; hypothesis prints the smallest that fails.
"""

import os
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.model.errors import Cause, Failure
from tests.imaging.fuzzing import Outcomes, SeedFile, seeds
from tests.imaging.mutations import WHERE, Change, Mutation

pytestmark = [pytest.mark.imaging, pytest.mark.timeout(3600)]

ON_DEMAND = int(os.environ.get("PIXFLEET_FUZZ_CASES", "0"))
SEEDS = seeds()
CASES = max(1, (ON_DEMAND or 5_500) // len(SEEDS))
MUTATIONS = st.lists(
    st.builds(
        Mutation, st.sampled_from(Change), st.integers(0, WHERE - 1), st.integers(0, (1 << 20) - 1)
    ),
    min_size=1,
    max_size=3,
)
fuzzed = settings(
    max_examples=CASES,
    deadline=None,
    database=None,
    derandomize=not ON_DEMAND,
    suppress_health_check=list(HealthCheck),
)
REFUSALS = {
    Cause.CORRUPT,
    Cause.NOT_AN_IMAGE,
    Cause.TOO_COSTLY,
    Cause.TOO_MANY_FRAMES,
    Cause.TOO_MANY_PIXELS,
    Cause.TRUNCATED,
    Cause.UNSUPPORTED_FORMAT,
}


@pytest.fixture(name="outcomes", scope="module")
def _outcomes() -> Iterator[Outcomes]:
    outcomes = Outcomes()
    yield outcomes
    outcomes.close()


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.name)
def test_a_broken_file_is_rendered_right_or_refused_with_a_cause(
    outcomes: Outcomes, seed: SeedFile
) -> None:
    @fuzzed
    @given(MUTATIONS)
    def holds(mutations: list[Mutation]) -> None:
        broken = seed.data
        for mutation in mutations:
            broken = mutation.apply(broken)

        outcome = outcomes.of(broken)

        assert not isinstance(outcome, Failure) or outcome.cause in REFUSALS, str(outcome)

    holds()


@pytest.mark.parametrize("other", SEEDS, ids=lambda seed: seed.name)
def test_the_head_of_one_file_on_the_tail_of_another_is_no_way_in(
    outcomes: Outcomes, other: SeedFile
) -> None:
    for seed in SEEDS:
        middle = len(seed.data) // 2
        for spliced in (seed.data + other.data, seed.data[:middle] + other.data[middle:]):
            outcome = outcomes.of(spliced)

            assert not isinstance(outcome, Failure) or outcome.cause in REFUSALS, str(outcome)


@pytest.mark.parametrize("seed", SEEDS, ids=lambda seed: seed.name)
def test_a_file_that_was_cut_short_is_never_rendered(outcomes: Outcomes, seed: SeedFile) -> None:
    for length in seed.cuts:
        outcome = outcomes.of(seed.data[:length])

        assert isinstance(outcome, Failure), f"{length} of {len(seed.data)} bytes were rendered"
        assert outcome.cause in {Cause.TRUNCATED, Cause.CORRUPT, Cause.NOT_AN_IMAGE}
