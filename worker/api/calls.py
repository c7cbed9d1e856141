"""One call of the API: what an endpoint gets, and what it returns."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec
from starlette.requests import Request

from worker.api.callers import Caller
from worker.api.context import ApiContext


@dataclass(frozen=True, slots=True)
class Call:
    """One request of a known caller."""

    context: ApiContext
    caller: Caller
    request: Request

    def note(self, **fields: object) -> None:
        """Add fields to the call's line in the audit log; never a token or a presigned URL."""
        noted: dict[str, object] = self.request.state.audit
        noted |= fields


@dataclass(frozen=True, slots=True)
class Reply:
    """What a call is answered with; a body is JSON."""

    body: msgspec.Struct | Mapping[str, object] | None = None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)

    def encoded(self) -> bytes:
        """Return the body; empty without one."""
        return b"" if self.body is None else msgspec.json.encode(self.body)
