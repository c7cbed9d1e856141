"""Reads the settings of the purge function from the environment."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from shared.model.errors import Misconfigured
from shared.settings import QUEUE_URL, TABLE, SettingsReader

# https://docs.aws.amazon.com/cloudfront/latest/APIReference/API_DistributionSummary.html has
# examples only: 13 or 14 capital letters and digits.
DISTRIBUTION = re.compile(r"[A-Z0-9]{5,32}")
# CloudFront's free paths of a month: https://aws.amazon.com/cloudfront/pricing/
FREE_PATHS = 1000


@dataclass(frozen=True, slots=True)
class PurgeSettings:
    """Names of the purge function, and how many paths a month may have invalidated."""

    fleet: str
    distribution_id: str
    queue: str
    serving_table: str
    monthly_paths: int
    log_format: str


def read_purge_settings(environment: Mapping[str, str] = os.environ) -> PurgeSettings:
    """Return the settings; `Misconfigured` with every problem if there are any."""
    reader = SettingsReader(environment)
    settings = PurgeSettings(
        fleet=reader.fleet("FLEET"),
        distribution_id=reader.form("DISTRIBUTION_ID", DISTRIBUTION, "the id of a distribution"),
        queue=reader.form("PURGE_QUEUE", QUEUE_URL, "the URL of an SQS queue"),
        serving_table=reader.form("SERVING_TABLE", TABLE, "the name of a DynamoDB table"),
        monthly_paths=reader.whole("PURGE_BUDGET", FREE_PATHS, low=1, high=1_000_000),
        log_format=reader.word("LOG", "json", among=("json", "console")),
    )
    for name in ("DISTRIBUTION_ID", "PURGE_QUEUE", "SERVING_TABLE"):
        reader.text(name)
    if reader.problems:
        raise Misconfigured("The environment cannot be used", reader.problems)
    return settings
