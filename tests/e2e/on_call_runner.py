"""A runner that tries again after seconds, even a key whose PUT was refused.

A key whose write may still arrive stays claimed for as long as one call may take: thirty seconds,
as long as the back-off on AWS. With a back-off of seconds only, the second try would fail with
another cause, `claimed`.
"""

import sys

from worker import reconcile, runner, triage

if __name__ == "__main__":
    triage.BASE_SECONDS = 2
    vars(reconcile)["CALL_SECONDS"] = 1.0
    sys.exit(runner.main())
