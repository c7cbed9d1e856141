"""A broken file is rendered right or refused with a cause.

A push tries the same cases each time, a nightly run other ones. Hypothesis prints the smallest
that fails.
"""

from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st

from shared.imaging.child_protocol import DoneFrame
from shared.imaging.intake.sniff import sniff
from shared.model.errors import Cause, Failure
from tests.imaging.fuzz_seeds import SeedFile, seeds
from tests.imaging.fuzzing import Outcomes
from tests.imaging.mutations import Change, Mutation, Splice
from tests.imaging.part_edits import WHERE
from tests.support.size import SIZE

pytestmark = [pytest.mark.imaging, pytest.mark.timeout(3600)]

FILES = seeds()
FORMATS = {file.name: sniff(file.data) for file in FILES}
PLACES, VALUES = st.integers(0, WHERE - 1), st.integers(0, (1 << 20) - 1)
MUTATIONS = st.builds(Mutation, st.sampled_from(Change), PLACES, VALUES)
SPLICED_SHARE = 4  # one case of so many is made of two files


def fuzzed(cases: int) -> settings:
    """Return settings for at least so many cases of all files together."""
    return settings(
        max_examples=-(-cases // len(FILES)),
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


def broken(data: bytes, mutations: list[Mutation]) -> bytes:
    for mutation in mutations:
        data = mutation.apply(data)
    return data


def require_an_answer(outcome: DoneFrame | Failure) -> None:
    """Fail for a crash, an exception of our own, and time that ran out."""
    assert not isinstance(outcome, Failure) or outcome.cause in REFUSALS, str(outcome)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_every_seed_is_rendered(outcomes: Outcomes, file: SeedFile) -> None:
    assert isinstance(outcomes.of(file.data), DoneFrame)


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_broken_file_is_rendered_right_or_refused_with_a_cause(
    outcomes: Outcomes, file: SeedFile
) -> None:
    @seed(f"{SIZE.seed} {file.name}")
    @fuzzed(SIZE.fuzz_cases - SIZE.fuzz_cases // SPLICED_SHARE)
    @given(st.lists(MUTATIONS, min_size=1, max_size=3))
    def holds(mutations: list[Mutation]) -> None:
        require_an_answer(outcomes.of(broken(file.data, mutations)))

    holds()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_file_with_parts_of_another_is_rendered_right_or_refused_with_a_cause(
    outcomes: Outcomes, file: SeedFile
) -> None:
    alike = [each for each in FILES if FORMATS[each.name] == FORMATS[file.name]]
    others = st.sampled_from(alike) | st.sampled_from(FILES)

    @seed(f"{SIZE.seed} {file.name} spliced")
    @fuzzed(SIZE.fuzz_cases // SPLICED_SHARE)
    @given(st.sampled_from(Splice), others, PLACES, VALUES, st.lists(MUTATIONS, max_size=1))
    def holds(
        splice: Splice, other: SeedFile, where: int, value: int, mutations: list[Mutation]
    ) -> None:
        spliced = splice(file.data, other.data, where, value)
        require_an_answer(outcomes.of(broken(spliced, mutations)))

    holds()


@pytest.mark.parametrize("change", Change, ids=lambda change: change.name.lower())
def test_a_change_breaks_files_of_every_format(change: Change) -> None:
    def changes(data: bytes) -> bool:
        values = ((where, where * 31 % (1 << 20)) for where in range(0, WHERE, WHERE // 64))
        return any(change(data, *each) != data for each in values)

    unchanged = {FORMATS[file.name] for file in FILES if not changes(file.data)}

    assert unchanged == set()


@pytest.mark.parametrize("file", FILES, ids=lambda file: file.name)
def test_a_truncated_file_is_never_rendered(outcomes: Outcomes, file: SeedFile) -> None:
    for length in file.cuts:
        outcome = outcomes.of(file.data[:length])

        assert isinstance(outcome, Failure), f"{length} of {len(file.data)} bytes were rendered"
        assert outcome.cause in {Cause.TRUNCATED, Cause.CORRUPT, Cause.NOT_AN_IMAGE}
