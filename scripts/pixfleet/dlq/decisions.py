"""What a person decided about single dead letters, in a file, so that a stop loses nothing."""

import json
import os
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from scripts.pixfleet.private_files import make_private, make_private_folder, write_private
from shared.model.errors import Misconfigured


class Decision(StrEnum):
    """What a person decided about one dead letter."""

    RETRY = "retry"
    DELETE = "delete"
    SKIP = "skip"


@dataclass
class Decisions:
    """Decisions by message id that were not carried out yet; only its owner can read the file."""

    path: Path
    stack: str
    made: dict[str, Decision] = field(default_factory=dict)

    @classmethod
    def open(cls, path: Path, stack: str, *, restart: bool) -> "Decisions":
        """Return the decisions of an earlier run; none if there is no file, or at a `restart`.

        `Misconfigured` if the file is another stack's, or cannot be used.
        """
        decisions = cls(path, stack)
        try:
            make_private_folder(path.parent)
            make_private(path)
            if restart:
                write_private(path, b"")
            for line in path.read_bytes().split(b"\n"):
                decisions._read(line)
        except OSError as refused:
            raise Misconfigured(f"{path} cannot be used", [str(refused)]) from refused
        return decisions

    def add(self, message_id: str, decision: Decision) -> None:
        """Record a decision; it is on the disk when this returns."""
        self.made[message_id] = decision
        with self.path.open("ab") as file:
            # The newline is before the line: the line before it may have been cut.
            file.write(b"\n" + self._line(message_id, decision))
            file.flush()
            os.fsync(file.fileno())

    def ids(self, decision: Decision) -> frozenset[str]:
        """Return the messages about which this was decided."""
        return frozenset(each for each, found in self.made.items() if found is decision)

    def forget(self, *, keep_skipped: bool) -> None:
        """Forget the decisions once they are carried out."""
        kept = self.ids(Decision.SKIP) if keep_skipped else ()
        self.made = dict.fromkeys(sorted(kept), Decision.SKIP)
        lines = (self._line(each, decision) for each, decision in self.made.items())
        write_private(self.path, b"\n".join(lines))

    def _line(self, message_id: str, decision: Decision) -> bytes:
        fields = {"stack": self.stack, "id": message_id, "decision": decision.value}
        return json.dumps(fields).encode("ascii")

    def _read(self, line: bytes) -> None:
        """Add the decision of a line; a line that was cut counts as no decision."""
        try:
            fields = json.loads(line)
            stack, message_id = fields["stack"], fields["id"]
            decision = Decision(fields["decision"])
        except (ValueError, TypeError, KeyError):
            return
        if stack != self.stack:
            raise Misconfigured(
                f"{self.path} is of another stack",
                [f"expected decisions about {self.stack}, got {stack}: type --restart or --file"],
            )
        self.made[message_id] = decision
