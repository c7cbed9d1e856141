"""GET /v1/health: whether the service answers."""

import msgspec

from shared.model.versions import WORKER_VERSION
from worker.api.calls import Call, Reply


class Health(msgspec.Struct, kw_only=True):
    """The service answers; `version` is that of the program."""

    status: str
    version: str


def get_health(_call: Call) -> Reply:
    """Return whether the service answers.

    It calls nothing else: a monitor that asks every second costs no reads.
    """
    return Reply(Health(status="ok", version=WORKER_VERSION))
