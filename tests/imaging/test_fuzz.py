"""A broken file is rendered right or refused with a cause.

A push tries the same cases each time, a nightly run other ones. Hypothesis prints the smallest
that fails.
"""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from shared.model.errors import Cause, Failure
from tests.imaging.fuzzing import Outcomes, SeedFile, seeds
from tests.imaging.mutations import WHERE, Change, Mutation
from tests.support.size import SIZE

pytestmark = [pytest.mark.imaging, pytest.mark.timeout(3600)]

FILES = seeds()
CASES = SIZE.fuzz_cases // len(FILES)
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


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_broken_file_is_rendered_right_or_refused_with_a_cause(
    outcomes: Outcomes, file: SeedFile
) -> None:
    @seed(f"{SIZE.seed} {file.name}")
    @fuzzed
    @given(MUTATIONS)
    def holds(mutations: list[Mutation]) -> None:
        broken = file.data
        for mutation in mutations:
            broken = mutation.apply(broken)

        outcome = outcomes.of(broken)

        assert not isinstance(outcome, Failure) or outcome.cause in REFUSALS, str(outcome)

    holds()


@pytest.mark.parametrize("other", FILES, ids=lambda file: file.name)
def test_the_head_of_one_file_on_the_tail_of_another_is_rendered_right_or_refused(
    outcomes: Outcomes, other: SeedFile
) -> None:
    for file in FILES:
        middle = len(file.data) // 2
        for spliced in (file.data + other.data, file.data[:middle] + other.data[middle:]):
            outcome = outcomes.of(spliced)

            assert not isinstance(outcome, Failure) or outcome.cause in REFUSALS, str(outcome)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_truncated_file_is_never_rendered(outcomes: Outcomes, file: SeedFile) -> None:
    for length in file.cuts:
        outcome = outcomes.of(file.data[:length])

        assert isinstance(outcome, Failure), f"{length} of {len(file.data)} bytes were rendered"
        assert outcome.cause in {Cause.TRUNCATED, Cause.CORRUPT, Cause.NOT_AN_IMAGE}
