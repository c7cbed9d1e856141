"""A runner whose second try comes after seconds, even of a key whose PUT was refused.

A write in doubt holds its key for as long as a call may take, thirty seconds: on AWS the back-off
is as long as that, and a test that is not would see the wrong cause.
"""

import sys

from worker import reconcile, runner, triage

if __name__ == "__main__":
    triage.BASE_SECONDS = 2
    vars(reconcile)["CALL_SECONDS"] = 1.0
    sys.exit(runner.main())
