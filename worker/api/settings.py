"""The settings of the API: those it shares with the worker, and `PIXFLEET_API_*`."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass

from shared.model.errors import Misconfigured
from shared.model.limits import MEBIBYTE, Limits
from shared.settings import MAX_SOURCE_BYTES, SettingsReader

# The name of a claim as identity providers use them: `sub`, `custom:prefix`, or a URL.
CLAIM = re.compile(r"[A-Za-z0-9_:./-]{1,200}")
URL_WITH_PATH = re.compile(r"https?://[!-~]+")
URL = re.compile(r"https?://[A-Za-z0-9.:\[\]-]+/?")


@dataclass(frozen=True, slots=True)
class ApiSettings:
    """Names and limits of the API.

    `prefix` is the part of the sources bucket that the API may touch. With a `prefix_claim`, a
    token reaches only the folder below it that this claim names. `owner_claim` is the claim that
    is stored as the owner of an upload. `delivery_url` is put before the paths of variants.
    """

    fleet: str
    sources_bucket: str
    variants_bucket: str
    ledger_table: str
    serving_table: str
    recipes: str
    purge_queue: str = ""
    max_bytes: int = 100 * MEBIBYTE
    prefix: str = ""
    prefix_claim: str = ""
    owner_claim: str = "sub"
    delivery_url: str = ""
    deletes_versions: bool = False
    log_format: str = "json"


def read_api_settings(environment: Mapping[str, str] = os.environ) -> ApiSettings:
    """Return the settings; `Misconfigured` with every problem if there are any."""
    reader = SettingsReader(environment)
    settings = ApiSettings(
        fleet=reader.fleet("FLEET"),
        sources_bucket=reader.text("SOURCES_BUCKET"),
        variants_bucket=reader.text("VARIANTS_BUCKET"),
        ledger_table=reader.text("LEDGER_TABLE"),
        serving_table=reader.text("SERVING_TABLE"),
        recipes=reader.text("RECIPES"),
        purge_queue=reader.text("PURGE_QUEUE", default=""),
        max_bytes=reader.whole("MAX_BYTES", Limits().max_bytes, low=1, high=MAX_SOURCE_BYTES),
        prefix=reader.text("API_PREFIX", default=""),
        prefix_claim=reader.form("API_PREFIX_CLAIM", CLAIM, "the name of a claim"),
        owner_claim=reader.form("API_OWNER_CLAIM", CLAIM, "the name of a claim") or "sub",
        delivery_url=reader.form(
            "API_DELIVERY_URL", URL, "the distribution's URL, https://<host>"
        ).rstrip("/"),
        deletes_versions=reader.flag("API_DELETES_VERSIONS"),
        log_format=reader.word("LOG", "json", among=("json", "console")),
    )
    if settings.prefix and not settings.prefix.endswith("/"):
        reader.problems.append(
            "PIXFLEET_API_PREFIX: expected a folder, which ends with '/': without it, "
            "`photos` would also mean `photos-private/`"
        )
    if reader.problems:
        raise Misconfigured("The environment cannot be used", reader.problems)
    return settings
