"""Which version of each source was current when, and which recipes were deployed."""

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from shared.model.manifest import version_token
from shared.model.recipe import Recipe, RecipeSet
from shared.model.source import Overrides, Source
from tests.simulator.buckets import Version
from tests.simulator.notifications import Change
from tests.simulator.scheduler import Scheduler
from tests.simulator.services import SOURCES, Services


@dataclass(frozen=True, slots=True)
class Current:
    """What was current from a time on: a version of a source, or None for no source."""

    since: float
    version: Version | None


@dataclass(frozen=True, slots=True)
class Picture:
    """A source as a recipe renders it; `until` is the last time at which both were current."""

    source: Source
    body: bytes
    recipe: Recipe
    until: float

    @property
    def version(self) -> str:
        """Return the version token of its variants."""
        return version_token(self.source, self.recipe)


class SourceHistory:
    """Records the current version of each source after each change, and each deployment."""

    def __init__(self, scheduler: Scheduler, recipe_set: RecipeSet) -> None:
        self._scheduler = scheduler
        self._versions: dict[str, list[Current]] = defaultdict(list)
        self._recipe_sets: list[tuple[float, RecipeSet]] = [(scheduler.time, recipe_set)]
        self.services: Services | None = None

    def note(self, change: Change) -> None:
        """Record what is current after a change."""
        if change.bucket == SOURCES and self.services:
            found = self.services.buckets.current(SOURCES, change.key)
            self._versions[change.key].append(Current(self._scheduler.time, found))

    def deploy(self, recipe_set: RecipeSet) -> None:
        """Record a deployment."""
        self._recipe_sets.append((self._scheduler.time, recipe_set))

    def pictures(self, key: str, since: float) -> Iterator[Picture]:
        """Yield what a key could show at some time since then."""
        now = self._scheduler.time
        for at, version in _after(self._versions[key], since, now):
            if version is None:
                continue
            for recipe in self._recipes(since, key, version):
                yield Picture(source_of(key, version), version.body, recipe, at)

    def was_absent(self, key: str, since: float) -> bool:
        """Return whether there was no source at some time since then."""
        versions = self._versions[key]
        if not versions or versions[0].since > since:
            return True
        found = _after(versions, since, self._scheduler.time)
        return any(version is None for _, version in found)

    def _recipes(self, since: float, key: str, version: Version) -> Iterator[Recipe]:
        overrides = Overrides.from_metadata(version.headers["Metadata"])
        for index, (_, recipe_set) in enumerate(self._recipe_sets):
            later = self._recipe_sets[index + 1 :]
            if later and later[0][0] < since:
                continue
            matching = recipe_set.matching(key)
            if matching is None:
                continue
            recipe = recipe_set.named(overrides.recipe) if overrides.recipe else matching
            if recipe:
                yield recipe


def source_of(key: str, version: Version) -> Source:
    """Return a source as HEAD shows it."""
    overrides = Overrides.from_metadata(version.headers["Metadata"])
    return Source(key, version.etag.strip('"'), len(version.body), overrides)


def _after(
    versions: Sequence[Current], since: float, now: float
) -> Iterator[tuple[float, Version | None]]:
    """Yield each version that was current since then, with the last time at which it was."""
    for index, current in enumerate(versions):
        ended_at = versions[index + 1].since if index + 1 < len(versions) else now
        if ended_at >= since:
            yield ended_at, current.version
