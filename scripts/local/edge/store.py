"""The responses that one tier has cached."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from scripts.local.edge.cache_key import CacheKey
from scripts.local.edge.lifetimes import Lifetime, is_object
from scripts.local.edge.messages import Headers, Response

# CloudFront evicts what is not asked for, too; how much it keeps is not documented.
MAX_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Entry:
    """A cached response.

    Times are seconds since the epoch. `initial_age` is the age that the response had when it was
    stored. After a failed request to the origin, a stale entry is used until `retry_at`.
    """

    response: Response
    stored_at: float
    lifetime: Lifetime
    initial_age: float = 0.0
    retry_at: float = 0.0

    def age(self, now: float) -> float:
        """Return the age in seconds."""
        return self.initial_age + now - self.stored_at

    def is_usable(self, now: float) -> bool:
        """Return whether the entry answers requests without asking the origin."""
        return self.age(now) < self.lifetime.fresh or now < self.retry_at

    def is_usable_while_revalidating(self, now: float) -> bool:
        """Return whether the entry answers requests while the origin is being asked."""
        return self.age(now) < self.lifetime.fresh + self.lifetime.while_revalidating

    def is_usable_on_error(self, now: float) -> bool:
        """Return whether the entry is used if the origin answers with a 5xx."""
        return self.age(now) < self.lifetime.fresh + self.lifetime.if_error

    def conditions(self) -> Headers:
        """Return the headers of a request that asks whether the object has changed.

        CloudFront adds both, where the origin sent both
        (https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/RequestAndResponseBehaviorCustomOrigin.html#RequestCustomConditionalGETs).
        """
        if not is_object(self.response.status):
            return {}
        validators = {
            "if-none-match": self.response.header("etag"),
            "if-modified-since": self.response.header("last-modified"),
        }
        return {name: value for name, value in validators.items() if value}


class Store:
    """Entries by key; above the limit, those that were not used for longest are dropped."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._entries: OrderedDict[CacheKey, Entry] = OrderedDict()
        self._max_bytes = max_bytes
        self._bytes = 0

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: CacheKey) -> Entry | None:
        """Return an entry, fresh or stale, and note that it was used."""
        entry = self._entries.get(key)
        if entry is not None:
            self._entries.move_to_end(key)
        return entry

    def put(self, key: CacheKey, entry: Entry) -> None:
        """Store an entry in the place of an earlier one."""
        self.remove(key)
        self._entries[key] = entry
        self._bytes += len(entry.response.body)
        while self._bytes > self._max_bytes:
            self.remove(next(iter(self._entries)))

    def remove(self, key: CacheKey) -> None:
        """Remove an entry, if there is one."""
        entry = self._entries.pop(key, None)
        if entry is not None:
            self._bytes -= len(entry.response.body)

    def evict(self, is_evicted: Callable[[CacheKey], bool]) -> int:
        """Remove all entries with such keys, and return how many there were."""
        found = [key for key in self._entries if is_evicted(key)]
        for key in found:
            self.remove(key)
        return len(found)
