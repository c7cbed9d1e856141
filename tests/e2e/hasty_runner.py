"""The runner with a back-off of two seconds in place of thirty, for tests of a redelivery."""

import sys
from dataclasses import replace

from worker.back_off import BackOff
from worker.policy import POLICY
from worker.runner import main

if __name__ == "__main__":
    sys.exit(main(replace(POLICY, back_off=BackOff(base_seconds=2))))
