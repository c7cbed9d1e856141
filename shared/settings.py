"""Reads the settings of a worker from the environment, and reports every problem at once."""

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from shared.model.errors import Misconfigured
from shared.model.lanes import MAX_LANES, lane_of_queue
from shared.model.limits import IMAGES_PER_CHILD, MAX_FRAMES_READ, MEBIBYTE, Limits
from shared.text import excerpt

# https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html: one vCPU at 1,769 MB
MEGABYTES_PER_CPU = 1769
# Enough to claim, fetch and render one image and to answer: a shorter claim could expire early.
MIN_LEASE_SECONDS = 70
# Longer than any batch of Lambda's, or of a runner, may take.
MAX_LEASE_SECONDS = 7200
# With less, no image of a batch would be claimed: a claim needs time left to render.
MIN_BATCH_SECONDS = 60
# The longest frame that a render child accepts.
MAX_SOURCE_BYTES = 512 * MEBIBYTE
MIN_CHILD_MB, MAX_CHILD_MB = 256, 32_768
# A render child holds a source twice before it has read its header.
SOURCE_SHARE = 0.4
# A subset of what CloudWatch accepts as the value of a dimension.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_Dimension.html
FLEET = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,99}")
MAX_DIGITS = 20  # int() refuses numbers of thousands of digits
# A standard topic. A FIFO topic, `….fifo`, requires a message group and accepts few messages a
# second.
# https://docs.aws.amazon.com/sns/latest/api/API_CreateTopic.html
TOPIC_ARN = re.compile(r"arn:aws[a-z-]*:sns:[a-z0-9-]+:[0-9]{12}:[A-Za-z0-9_-]{1,256}")
TOPIC_EXPECTED = "the ARN of a standard SNS topic, arn:aws:sns:<region>:<account>:<name>"
# https://docs.aws.amazon.com/amazondynamodb/latest/APIReference/API_CreateTable.html
TABLE = re.compile(r"[A-Za-z0-9_.-]{3,255}")
# A queue's URL, as CreateQueue returns it. A local AWS answers on plain HTTP.
# https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_CreateQueue.html
QUEUE_URL = re.compile(r"https?://[^\s/]+/[^\s/]+/[A-Za-z0-9_-]{1,80}")

# A lane, and the name of its larger lane's queue.
LARGER_LANE = re.compile(r"([a-z]{1,20})=([A-Za-z0-9_-]{1,80})")
HOST = re.compile(r"[A-Za-z0-9.:-]{1,255}")
LOOPBACK = "127.0.0.1"


@dataclass(frozen=True, slots=True)
class Settings:
    """Names, limits and times of one worker. Sizes are in bytes, times in seconds.

    `larger_lanes` has the queue of the larger lane by the name of a lane that has one.
    """

    fleet: str
    sources_bucket: str
    variants_bucket: str
    ledger_table: str
    dead_letter_queue: str
    recipes: str
    queue: str
    limits: Limits
    max_receives: int
    render_children: int
    child_images: int
    render_seconds: float
    lease_seconds: float
    poll_seconds: int
    batch_seconds: int
    completion_topic: str
    on_demand: bool
    serving_table: str
    purge_queue: str
    unpublished_renders: int
    on_demand_host: str
    on_demand_port: int
    signed_urls: bool
    log_format: str
    larger_lanes: Mapping[str, str] = field(default_factory=dict, hash=False)


class SettingsReader:
    """Reads variables that begin with `PIXFLEET_`, and collects their problems.

    A method returns the value. If the value is wrong, it adds a problem and returns a default.
    """

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self.problems: list[str] = []

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text; without a default it must not be empty."""
        value = self._environment.get(f"PIXFLEET_{name}", default)
        if not value and default is None:
            self.problems.append(f"PIXFLEET_{name}: expected a value, got nothing")
        return value or ""

    def whole(self, name: str, default: int, *, low: int, high: int) -> int:
        """Return a whole number from `low` to `high`."""
        value = self._environment.get(f"PIXFLEET_{name}", str(default))
        number = _number(value)
        if number is not None and low <= number <= high:
            return number
        self.problems.append(
            f"PIXFLEET_{name}: expected a whole number from {low} to {high}, got {excerpt(value)}"
        )
        return default

    def fleet(self, name: str) -> str:
        """Return the prefix of a stack."""
        value = self.text(name)
        if value and not FLEET.fullmatch(value):
            self.problems.append(
                f"PIXFLEET_{name}: expected the prefix of a stack, up to 100 letters, digits, "
                f"dashes and underscores, got {excerpt(value)}"
            )
        return value

    def flag(self, name: str) -> bool:
        """Return whether a variable is `true`; it is false without a value."""
        return self.word(name, "false", among=("true", "false")) == "true"

    def form(self, name: str, pattern: re.Pattern[str], expected: str) -> str:
        """Return a text of this form, or an empty one."""
        value = self.text(name, default="")
        if value and not pattern.fullmatch(value):
            self.problems.append(
                f"PIXFLEET_{name}: expected {expected}, or nothing, got {excerpt(value)}"
            )
        return value

    def larger_lanes(self, name: str) -> Mapping[str, str]:
        """Return the queues of larger lanes by lane, of a list such as `live=pixfleet-large`."""
        value = self.text(name, default="")
        items = value.split(",") if value else []
        found = [LARGER_LANE.fullmatch(item.strip()) for item in items]
        lanes = {match[1]: match[2] for match in found if match}
        if len(lanes) != len(items) or len(items) > MAX_LANES:
            self.problems.append(
                f"PIXFLEET_{name}: expected up to {MAX_LANES} lanes, each once with the queue of "
                f"its larger lane, such as live=pixfleet-large, got {excerpt(value)}"
            )
        for lane in _circular(lanes):
            self.problems.append(
                f"PIXFLEET_{name}: expected larger lanes that do not lead back to {lane}, got "
                f"{excerpt(value)}: a source would be forwarded for ever"
            )
        return lanes

    def word(self, name: str, default: str, *, among: tuple[str, ...]) -> str:
        """Return one of the words."""
        value = self._environment.get(f"PIXFLEET_{name}", default)
        if value not in among:
            listed = ", ".join(among)
            self.problems.append(
                f"PIXFLEET_{name}: expected one of {listed}, got {excerpt(value)}"
            )
        return value


def read_settings(
    environment: Mapping[str, str] = os.environ, *, needs_queue: bool = False
) -> Settings:
    """Return the settings; `Misconfigured` with every problem if there are any.

    `needs_queue` is for a worker that polls; on Lambda the event names the queue.
    """
    reader = SettingsReader(environment)
    lease_seconds = reader.whole(
        "LEASE_SECONDS", 960, low=MIN_LEASE_SECONDS, high=MAX_LEASE_SECONDS
    )
    settings = Settings(
        fleet=reader.fleet("FLEET"),
        sources_bucket=reader.text("SOURCES_BUCKET"),
        variants_bucket=reader.text("VARIANTS_BUCKET"),
        ledger_table=reader.text("LEDGER_TABLE"),
        dead_letter_queue=reader.text("DEAD_LETTER_QUEUE"),
        recipes=reader.text("RECIPES"),
        queue=reader.text("QUEUE", default=None if needs_queue else ""),
        limits=_limits(reader),
        max_receives=reader.whole("MAX_RECEIVES", 8, low=1, high=1000),
        render_children=reader.whole("RENDER_CHILDREN", _cpus(environment), low=1, high=64),
        child_images=reader.whole("CHILD_IMAGES", IMAGES_PER_CHILD, low=1, high=1_000_000),
        render_seconds=reader.whole("RENDER_SECONDS", 60, low=1, high=900),
        lease_seconds=lease_seconds,
        poll_seconds=reader.whole("POLL_SECONDS", 10, low=0, high=20),
        batch_seconds=reader.whole(
            "BATCH_SECONDS", min(300, lease_seconds), low=MIN_BATCH_SECONDS, high=900
        ),
        completion_topic=reader.form("COMPLETION_TOPIC", TOPIC_ARN, TOPIC_EXPECTED),
        on_demand=reader.flag("ON_DEMAND"),
        serving_table=reader.form("SERVING_TABLE", TABLE, "the name of a DynamoDB table"),
        purge_queue=reader.form("PURGE_QUEUE", QUEUE_URL, "the URL of an SQS queue"),
        unpublished_renders=reader.whole("UNPUBLISHED_RENDERS", 5, low=1, high=1000),
        on_demand_host=reader.form("ON_DEMAND_HOST", HOST, "an address") or LOOPBACK,
        on_demand_port=reader.whole("ON_DEMAND_PORT", 0, low=0, high=65_535),
        signed_urls=reader.flag("SIGNED_URLS"),
        log_format=reader.word("LOG", "json", among=("json", "console")),
        larger_lanes=reader.larger_lanes("LARGER_LANES"),
    )
    if settings.sources_bucket and settings.sources_bucket == settings.variants_bucket:
        reader.problems.append(
            "PIXFLEET_VARIANTS_BUCKET: expected another bucket than the sources', "
            "or every variant would become a source"
        )
    if settings.on_demand and not settings.serving_table:
        reader.problems.append(
            "PIXFLEET_SERVING_TABLE: expected a table with PIXFLEET_ON_DEMAND, in which renderers "
            "agree on who renders, got nothing"
        )
    if settings.on_demand_port and not settings.on_demand:
        reader.problems.append(
            "PIXFLEET_ON_DEMAND: expected true with PIXFLEET_ON_DEMAND_PORT, which serves what is "
            "made on demand, got false"
        )
    if settings.limits.max_bytes > SOURCE_SHARE * settings.limits.memory_bytes:
        reader.problems.append(
            f"PIXFLEET_MAX_BYTES: expected at most {SOURCE_SHARE:.0%} of "
            "PIXFLEET_CHILD_MEMORY_MB, or a render child would run out of memory "
            "before it could refuse a source"
        )
    if settings.batch_seconds > settings.lease_seconds:
        reader.problems.append(
            f"PIXFLEET_BATCH_SECONDS: expected at most PIXFLEET_LEASE_SECONDS, {lease_seconds}, "
            f"got {settings.batch_seconds}: a claim must outlive its batch"
        )
    if reader.problems:
        raise Misconfigured("The environment cannot be used", reader.problems)
    return settings


def _limits(reader: SettingsReader) -> Limits:
    default = Limits()
    memory_mb = reader.whole(
        "CHILD_MEMORY_MB", default.memory_bytes // MEBIBYTE, low=MIN_CHILD_MB, high=MAX_CHILD_MB
    )
    on_demand_mb = reader.whole(
        "ON_DEMAND_CHILD_MEMORY_MB", memory_mb, low=MIN_CHILD_MB, high=MAX_CHILD_MB
    )
    return Limits(
        max_bytes=reader.whole("MAX_BYTES", default.max_bytes, low=1, high=MAX_SOURCE_BYTES),
        max_pixels=reader.whole("MAX_PIXELS", default.max_pixels, low=1, high=1 << 32),
        max_frames=reader.whole("MAX_FRAMES", default.max_frames, low=1, high=MAX_FRAMES_READ),
        memory_bytes=memory_mb * MEBIBYTE,
        on_demand_memory_bytes=on_demand_mb * MEBIBYTE,
    )


def _circular(lanes: Mapping[str, str]) -> list[str]:
    """Return the lanes from which larger lanes lead back to themselves."""
    circular = []
    for lane in lanes:
        at, hops = lane, 0
        while at in lanes and hops < MAX_LANES:
            at, hops = lane_of_queue(lanes[at]), hops + 1
            if at == lane:
                circular.append(lane)
                break
    return circular


def _cpus(environment: Mapping[str, str]) -> int:
    """Return the number of CPUs; on Lambda it follows from the memory."""
    megabytes = _number(environment.get("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", ""))
    if megabytes is not None:
        return max(1, megabytes // MEGABYTES_PER_CPU)
    return max(1, os.cpu_count() or 1)


def _number(text: str) -> int | None:
    is_number = text.isascii() and text.isdigit() and len(text) <= MAX_DIGITS
    return int(text) if is_number else None
