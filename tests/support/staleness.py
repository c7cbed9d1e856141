"""How old an answer of the distribution may be, from the headers and TTLs that we set.

The bounds of the edge's and the simulator's tests, and of the table in the README of
terraform/modules/delivery.
"""

from dataclasses import dataclass

from scripts.local.edge.cache_key import KeyPolicy, Selection
from scripts.local.edge.invalidation import SECONDS_IN_PROGRESS
from scripts.local.edge.lifetimes import Assumptions, CachingRules, TimeToLive
from shared.events.purge import AGAIN_SECONDS
from shared.model.cache_control import EDGE_SECONDS, MANIFEST_SECONDS, REVALIDATING_SECONDS

# As terraform/modules/delivery has them.
ERROR_SECONDS = 5
CACHED_ERRORS = (403, 404, 500, 502, 503, 504)
# On these, CloudFront asks the renderer.
FAILOVER_CODES = frozenset((403, 404))
RULES = CachingRules(
    TimeToLive(minimum=0, default=300, maximum=300), dict.fromkeys(CACHED_ERRORS, ERROR_SECONDS)
)
BY_VERSION = KeyPolicy(query=Selection("whitelist", frozenset({"v"})))
BY_PATH = KeyPolicy()

# An answer may be older than its arrival in a cache. A test's edge takes at most so long.
TRAVEL_SECONDS = 2
# What a renderer answers may have been read when its invocation began.
RENDERER_SECONDS = 25
# After a removal or a rejection, CloudFront is asked twice to evict a picture. The second message
# has a delay; the purge function collects messages for as long as its window is open; and then
# each cache evicts at its own time.
PURGE_WINDOW_SECONDS = 10
PURGED_SECONDS = AGAIN_SECONDS + PURGE_WINDOW_SECONDS + int(SECONDS_IN_PROGRESS) + TRAVEL_SECONDS

# Age has whole seconds, so a cache may take a response for up to a second younger than it is.
AGE_ROUNDING_SECONDS = 1


@dataclass(frozen=True, slots=True)
class Caches:
    """The caches between a viewer and S3, and the bounds that they keep, in seconds.

    A bound counts from the end of a publication or a removal. It holds while S3 answers: a stale
    object stands in for a 5xx.
    """

    has_shield: bool = False
    age_counts: bool = False

    @property
    def assumptions(self) -> Assumptions:
        """Return what the caches do, as the local edge takes it."""
        return Assumptions(age_counts=self.age_counts)

    @property
    def picture_seconds(self) -> int:
        """Return for how long a URL may show a picture that was replaced or deleted.

        A URL with the version of a manifest that the page has read shows no older version at all.
        """
        return self._bound(EDGE_SECONDS + REVALIDATING_SECONDS)

    @property
    def manifest_seconds(self) -> int:
        """Return for how long a manifest may be read that was replaced or deleted."""
        return self._bound(MANIFEST_SECONDS)

    def _bound(self, one_cache: int) -> int:
        if not self.has_shield:
            return one_cache
        return one_cache + (AGE_ROUNDING_SECONDS if self.age_counts else one_cache)


ONE_CACHE = Caches()
SHIELD = Caches(has_shield=True)
SHIELD_WITH_AGE = Caches(has_shield=True, age_counts=True)
ALL_CACHES = (ONE_CACHE, SHIELD, SHIELD_WITH_AGE)
