"""How long a claim's lease lasts, and how long a batch may work under such leases.

A lease must outlast every write of its worker: the worker stops at its deadline, and another
worker, whose clock may differ, takes the key over when the lease ends.
"""

from shared.deadline import Deadline
from shared.settings import Settings
from worker.policy import WorkerPolicy


def lease_seconds(deadline: Deadline, policy: WorkerPolicy) -> float:
    """Return the length of a lease that begins now: the time left, and the clocks' difference."""
    return deadline.remaining_seconds() + policy.clock_skew_seconds


def longest_batch_seconds(settings: Settings, policy: WorkerPolicy) -> float:
    """Return how long a batch may work, so that no lease exceeds `settings.lease_seconds`."""
    return settings.lease_seconds - policy.clock_skew_seconds
