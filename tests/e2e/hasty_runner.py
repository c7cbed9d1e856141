"""The runner with a back-off of two seconds in place of thirty, for tests of a redelivery."""

import sys

from worker import runner, triage

if __name__ == "__main__":
    triage.BASE_SECONDS = 2
    sys.exit(runner.main())
