"""Which invalidations CloudFront accepts, and what they evict.

Sources: https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/cloudfront-limits.html
(`limits-invalidations`) and
https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/invalidation-specifying-objects.html
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from scripts.local.edge.cache_key import CacheKey

# In progress at once, for each distribution.
MAX_WILDCARDS, MAX_FILES = 15, 3000
MAX_PATH = 4000
# AWS does not document how long an invalidation takes: mostly seconds, sometimes minutes.
SECONDS_IN_PROGRESS = 10.0
# AWS named the rate in https://github.com/aws/aws-sdk-js/issues/3983. The burst is a guess.
CALLS_PER_SECOND, BURST = 0.5, 5


@dataclass(frozen=True, slots=True)
class Refusal:
    """The error of a refused CreateInvalidation; its HTTP status is 400."""

    code: str
    message: str


TOO_MANY = Refusal(
    "TooManyInvalidationsInProgress",
    "Processing your request will cause you to exceed the maximum number of in-progress "
    "invalidations.",
)
BAD_PATH = Refusal(
    "InvalidArgument", "Your request contains one or more invalid invalidation paths."
)
THROTTLED = Refusal("Throttling", "Rate exceeded")


@dataclass(frozen=True, slots=True)
class Invalidation:
    """An accepted invalidation, with the number of its paths by kind."""

    distribution: str
    wildcards: int
    files: int
    complete_at: float


class Invalidations:
    """The invalidations of one account."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._by_id: dict[str, Invalidation] = {}
        self._calls = float(BURST)
        self._counted_at = clock()

    def throttle(self) -> Refusal | None:
        """Count one call; return the refusal if there were too many."""
        now = self._clock()
        earned = (now - self._counted_at) * CALLS_PER_SECOND
        self._calls, self._counted_at = min(BURST, self._calls + earned), now
        if self._calls < 1:
            return THROTTLED
        self._calls -= 1
        return None

    def refuse(self, distribution: str, paths: Sequence[str]) -> Refusal | None:
        """Return why these paths are refused; None if they are accepted."""
        if not paths or not all(map(_is_path, paths)):
            return BAD_PATH
        now = self._clock()
        running = [
            each
            for each in self._by_id.values()
            if each.distribution == distribution and now < each.complete_at
        ]
        wildcards = _wildcards(paths) + sum(each.wildcards for each in running)
        files = len(paths) - _wildcards(paths) + sum(each.files for each in running)
        return TOO_MANY if wildcards > MAX_WILDCARDS or files > MAX_FILES else None

    def begin(self, name: str, distribution: str, paths: Sequence[str]) -> None:
        """Note an accepted invalidation."""
        wildcards = _wildcards(paths)
        complete_at = self._clock() + SECONDS_IN_PROGRESS
        self._by_id[name] = Invalidation(
            distribution, wildcards, len(paths) - wildcards, complete_at
        )

    def status(self, name: str) -> str:
        """Return the status of an invalidation, which is in progress until it is noted, too."""
        known = self._by_id.get(name)
        return "Completed" if known and known.complete_at <= self._clock() else "InProgress"


def evicts(distribution: str, paths: Sequence[str]) -> Callable[[CacheKey], bool]:
    """Return whether an invalidation evicts a key, whatever its headers and cookies are.

    Paths have case and are compared percent-encoded, with the query's part of the key. They are
    compared with the path that the viewer request function returned. AWS recommends to invalidate
    the viewer's path as well, without saying which one counts.
    """
    files = {path for path in paths if not path.endswith("*")}
    prefixes = tuple(path[:-1] for path in paths if path.endswith("*"))

    def is_evicted(key: CacheKey) -> bool:
        if key.distribution != distribution:
            return False
        return key.path in files or key.path.startswith(prefixes)

    return is_evicted


def _wildcards(paths: Sequence[str]) -> int:
    return sum(path.endswith("*") for path in paths)


def _is_path(path: str) -> bool:
    """Return whether a path begins with a slash, and has a wildcard at its end only."""
    return path.startswith("/") and "*" not in path[:-1] and len(path) <= MAX_PATH
