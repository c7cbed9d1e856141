"""A runner that tries again after seconds, even a key whose PUT was refused.

A key whose write may still arrive stays claimed for as long as one call may take: thirty seconds,
as long as the back-off on AWS. With a back-off of seconds only, the second try would fail with
another cause, `claimed`.
"""

import sys
from dataclasses import replace

from worker.back_off import BackOff
from worker.policy import CALL_LIMITS, POLICY
from worker.runner import main

if __name__ == "__main__":
    calls = replace(CALL_LIMITS, call_seconds=3.0)
    sys.exit(main(replace(POLICY, calls=calls, back_off=BackOff(base_seconds=3))))
