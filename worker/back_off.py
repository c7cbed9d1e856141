"""How long a message that failed waits before it is received again."""

from dataclasses import dataclass

# 2 ** 10 times any base is beyond any useful cap; a receive count has no bound of its own.
MAX_DOUBLINGS = 10


@dataclass(frozen=True, slots=True)
class BackOff:
    """The delay before a message is received again: doubles from `base_seconds` to `cap_seconds`.

    Up to half as much again is added at random. Eight receives must outlast an hour's outage.
    """

    base_seconds: float = 30
    cap_seconds: float = 30 * 60

    def seconds(self, receive_count: int, chance: float) -> float:
        """Return the delay after so many receives; `chance` is a random number from 0 to 1."""
        doublings = max(0, min(receive_count - 1, MAX_DOUBLINGS))
        full: float = min(self.cap_seconds, self.base_seconds * 2**doublings)
        return full * (1 + chance / 2)


BACK_OFF = BackOff()
