"""A real render child that also runs probes; it needs no pytest, for use in a virtual machine."""

import sys

import msgspec

from shared.imaging.child_handle import RenderChild
from shared.imaging.child_process import ChildProcess
from shared.imaging.sandbox.lock import Lock
from shared.model.errors import Corrupt
from shared.model.limits import Limits
from tests.imaging.children import PATIENCE_SECONDS, SMALL_JOB
from tests.imaging.probes import Request, Targets


class HostedChild(RenderChild):
    """A child that answers probes; the kernel refuses it the `hidden` locks."""

    def __init__(self, *hidden: Lock) -> None:
        self._hidden = [str(lock) for lock in hidden]
        super().__init__(Limits().memory_bytes)

    def outcome(self, probe: str, targets: Targets) -> str:
        """Return what the probe reported: `DONE`, or the name of an error."""
        try:
            self.send(probe, targets)
        except Corrupt as reported:
            return reported.detail
        raise AssertionError(f"the probe {probe!r} reported nothing")

    def send(self, probe: str, targets: Targets) -> None:
        """Let the child run the probe; raises the failure that it reports."""
        request = msgspec.json.encode(Request(probe, targets))
        list(self.render(request, SMALL_JOB, time_limit_seconds=PATIENCE_SECONDS))

    def _start(self) -> ChildProcess:
        module, memory = "tests.imaging.sandbox_host", str(self._memory_bytes)
        return ChildProcess([sys.executable, "-P", "-s", "-m", module, memory, *self._hidden])
