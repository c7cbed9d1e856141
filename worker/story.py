"""What one log line tells of one image: who, what became of it, and where the time went."""

from dataclasses import dataclass, field

from shared.clock import Clock
from shared.model.source import Source


@dataclass(slots=True)
class Story:
    """Collects facts along the way; each lap is the time since the one before, in seconds."""

    key: str
    clock: Clock
    source: Source | None = None
    laps: dict[str, float] = field(default_factory=dict)
    began_at: float = field(init=False)
    _last: float = field(init=False)

    def __post_init__(self) -> None:
        self.began_at = self._last = self.clock.now()

    def lap(self, name: str) -> None:
        """Note how long the part of the work that ends now has taken."""
        now = self.clock.now()
        self.laps[f"{name}_seconds"] = round(now - self._last, 3)
        self._last = now

    def elapsed_seconds(self) -> float:
        """Return the time since the story began."""
        return self.clock.now() - self.began_at

    def fields(self) -> dict[str, object]:
        """Return everything known, for the log."""
        source = self.source
        facts = {"etag": source.etag, "size_bytes": source.size_bytes} if source else {}
        total = {"total_seconds": round(self.elapsed_seconds(), 3)}
        return {"key": self.key, **facts, **self.laps, **total}
