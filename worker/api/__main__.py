"""`python -m worker.api > docs/openapi.json` writes the description of the API."""

import sys

from worker.api.openapi import text
from worker.api.routes import ROUTES

if __name__ == "__main__":
    sys.stdout.write(text(ROUTES))
