import os
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.imaging.child_protocol import MAX_SOURCE_BYTES
from shared.model.errors import Misconfigured
from shared.model.limits import MAX_FRAMES_READ, MEBIBYTE, Limits
from shared.settings import Settings, read_settings

pytestmark = pytest.mark.unit

REQUIRED = {
    "PIXFLEET_FLEET": "photos",
    "PIXFLEET_SOURCES_BUCKET": "photos",
    "PIXFLEET_VARIANTS_BUCKET": "photos-web",
    "PIXFLEET_LEDGER_TABLE": "ledger",
    "PIXFLEET_DEAD_LETTER_QUEUE": "dead",
    "PIXFLEET_RECIPES": "s3://photos-web/recipes.json",
    "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "1769",
}
TOPIC = "arn:aws:sns:eu-central-1:123456789012:pixfleet-completions"
PURGES = "https://sqs.eu-central-1.amazonaws.com/123456789012/pixfleet-purge"
DEFAULTS = Settings(
    fleet="photos",
    sources_bucket="photos",
    variants_bucket="photos-web",
    ledger_table="ledger",
    dead_letter_queue="dead",
    recipes="s3://photos-web/recipes.json",
    queue="",
    limits=Limits(),
    max_receives=8,
    render_children=1,
    child_images=500,
    render_seconds=60,
    lease_seconds=960,
    poll_seconds=10,
    batch_seconds=300,
    completion_topic="",
    on_demand=False,
    serving_table="",
    purge_queue="",
    unpublished_renders=5,
    on_demand_host="127.0.0.1",
    on_demand_port=0,
    signed_urls=False,
    log_format="json",
)


def problems(environment: dict[str, str]) -> tuple[str, ...]:
    with pytest.raises(Misconfigured) as caught:
        read_settings(environment)
    return caught.value.problems


def test_only_names_must_be_given() -> None:
    settings = read_settings(REQUIRED)

    assert settings == DEFAULTS


CHANGES: dict[str, tuple[str, Settings]] = {
    "FLEET": ("f", replace(DEFAULTS, fleet="f")),
    "SOURCES_BUCKET": ("a", replace(DEFAULTS, sources_bucket="a")),
    "VARIANTS_BUCKET": ("b", replace(DEFAULTS, variants_bucket="b")),
    "LEDGER_TABLE": ("c", replace(DEFAULTS, ledger_table="c")),
    "DEAD_LETTER_QUEUE": ("d", replace(DEFAULTS, dead_letter_queue="d")),
    "RECIPES": ("recipes.json", replace(DEFAULTS, recipes="recipes.json")),
    "QUEUE": ("live", replace(DEFAULTS, queue="live")),
    "MAX_RECEIVES": ("3", replace(DEFAULTS, max_receives=3)),
    "RENDER_CHILDREN": ("5", replace(DEFAULTS, render_children=5)),
    "CHILD_IMAGES": ("20", replace(DEFAULTS, child_images=20)),
    "RENDER_SECONDS": ("7", replace(DEFAULTS, render_seconds=7)),
    "LEASE_SECONDS": ("400", replace(DEFAULTS, lease_seconds=400)),
    "BATCH_SECONDS": ("90", replace(DEFAULTS, batch_seconds=90)),
    "POLL_SECONDS": ("0", replace(DEFAULTS, poll_seconds=0)),
    "COMPLETION_TOPIC": (TOPIC, replace(DEFAULTS, completion_topic=TOPIC)),
    "SERVING_TABLE": ("serving", replace(DEFAULTS, serving_table="serving")),
    "PURGE_QUEUE": (PURGES, replace(DEFAULTS, purge_queue=PURGES)),
    "UNPUBLISHED_RENDERS": ("2", replace(DEFAULTS, unpublished_renders=2)),
    "ON_DEMAND_HOST": ("::1", replace(DEFAULTS, on_demand_host="::1")),
    "SIGNED_URLS": ("true", replace(DEFAULTS, signed_urls=True)),
    "LOG": ("console", replace(DEFAULTS, log_format="console")),
    "LARGER_LANES": (
        "bulk=photos-large, live=photos-large",
        replace(DEFAULTS, larger_lanes={"bulk": "photos-large", "live": "photos-large"}),
    ),
    "MAX_BYTES": ("9", replace(DEFAULTS, limits=replace(Limits(), max_bytes=9))),
    "MAX_PIXELS": ("10", replace(DEFAULTS, limits=replace(Limits(), max_pixels=10))),
    "MAX_FRAMES": ("11", replace(DEFAULTS, limits=replace(Limits(), max_frames=11))),
    "CHILD_MEMORY_MB": (
        "256",
        # The renderer's child has as much, unless it is given its own number.
        replace(
            DEFAULTS,
            limits=replace(
                Limits(), memory_bytes=256 * MEBIBYTE, on_demand_memory_bytes=256 * MEBIBYTE
            ),
        ),
    ),
    "ON_DEMAND_CHILD_MEMORY_MB": (
        "256",
        replace(DEFAULTS, limits=replace(Limits(), on_demand_memory_bytes=256 * MEBIBYTE)),
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_each_variable_changes_its_own_setting_and_no_other(name: str) -> None:
    value, expected = CHANGES[name]

    settings = read_settings({**REQUIRED, f"PIXFLEET_{name}": value})

    assert settings == expected


def test_a_renderer_is_announced_with_the_table_that_it_needs() -> None:
    environment = {**REQUIRED, "PIXFLEET_ON_DEMAND": "true", "PIXFLEET_SERVING_TABLE": "serving"}

    settings = read_settings(environment)

    assert settings == replace(DEFAULTS, on_demand=True, serving_table="serving")


def test_a_port_of_a_renderer_that_is_switched_off_is_refused() -> None:
    (problem,) = problems({**REQUIRED, "PIXFLEET_ON_DEMAND_PORT": "8080"})

    assert problem.startswith("PIXFLEET_ON_DEMAND: expected true")


def test_a_renderer_without_its_table_is_refused() -> None:
    (problem,) = problems({**REQUIRED, "PIXFLEET_ON_DEMAND": "true"})

    assert problem.startswith("PIXFLEET_SERVING_TABLE: expected a table")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ON_DEMAND", "yes"),
        ("ON_DEMAND", "1"),
        ("SERVING_TABLE", "a b"),
        ("SERVING_TABLE", "ab"),
        ("PURGE_QUEUE", "pixfleet-purge"),
        ("PURGE_QUEUE", "https://sqs.eu-central-1.amazonaws.com/pixfleet-purge"),
        ("UNPUBLISHED_RENDERS", "0"),
        ("ON_DEMAND_HOST", "a b"),
        ("ON_DEMAND_PORT", "65536"),
    ],
)
def test_a_setting_of_on_demand_that_cannot_be_used_is_refused(name: str, value: str) -> None:
    (problem,) = problems({**REQUIRED, f"PIXFLEET_{name}": value})

    assert problem.startswith(f"PIXFLEET_{name}: expected ")


def test_the_process_environment_is_read_where_none_is_given(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in REQUIRED.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("PIXFLEET_QUEUE", "from-the-process")

    settings = read_settings()

    assert settings.queue == "from-the-process"


@pytest.mark.parametrize(
    "value",
    [
        "live",
        "live=",
        "=photos-large",
        "live=a,live=b",
        "live=photos-large,",
        "Live=a",
        "live=a b",
    ],
)
def test_a_larger_lane_has_the_form_that_the_problem_shows(value: str) -> None:
    (problem,) = problems({**REQUIRED, "PIXFLEET_LARGER_LANES": value})

    assert "such as live=pixfleet-large" in problem


@pytest.mark.parametrize("value", ["live=photos-live", "live=p-large,large=p-huge,huge=p-live"])
def test_a_circle_of_larger_lanes_is_refused(value: str) -> None:
    found = problems({**REQUIRED, "PIXFLEET_LARGER_LANES": value})

    assert "do not lead back to live" in found[0]


def test_every_problem_is_reported_at_once() -> None:
    found = problems({"PIXFLEET_MAX_RECEIVES": "0", "PIXFLEET_LOG": "xml"})

    assert [problem.partition(":")[0] for problem in found] == [
        "PIXFLEET_FLEET",
        "PIXFLEET_SOURCES_BUCKET",
        "PIXFLEET_VARIANTS_BUCKET",
        "PIXFLEET_LEDGER_TABLE",
        "PIXFLEET_DEAD_LETTER_QUEUE",
        "PIXFLEET_RECIPES",
        "PIXFLEET_MAX_RECEIVES",
        "PIXFLEET_LOG",
    ]


@pytest.mark.parametrize("name", [name for name in REQUIRED if name.startswith("PIXFLEET_")])
def test_an_empty_name_is_as_good_as_none(name: str) -> None:
    found = problems({**REQUIRED, name: ""})

    assert found == (f"{name}: expected a value, got nothing",)


@pytest.mark.parametrize("fleet", ["-a", "a b", "a\nb", "é", ":a", "a" * 101])
def test_a_fleet_that_cannot_be_the_value_of_a_dimension_is_refused(fleet: str) -> None:
    (problem,) = problems({**REQUIRED, "PIXFLEET_FLEET": fleet})

    assert problem.startswith("PIXFLEET_FLEET: expected the prefix of a stack")


def test_one_bucket_for_both_is_refused() -> None:
    found = problems({**REQUIRED, "PIXFLEET_VARIANTS_BUCKET": "photos"})

    (problem,) = found
    assert problem.startswith("PIXFLEET_VARIANTS_BUCKET: expected another bucket")


BOUNDS = {
    "MAX_RECEIVES": (1, 1000),
    "RENDER_CHILDREN": (1, 64),
    "CHILD_IMAGES": (1, 1_000_000),
    "RENDER_SECONDS": (1, 900),
    "LEASE_SECONDS": (70, 7200),
    "POLL_SECONDS": (0, 20),
    "BATCH_SECONDS": (60, 900),
    "MAX_BYTES": (1, MAX_SOURCE_BYTES),
    "MAX_PIXELS": (1, 1 << 32),
    "MAX_FRAMES": (1, MAX_FRAMES_READ),
    "CHILD_MEMORY_MB": (256, 32_768),
    "ON_DEMAND_CHILD_MEMORY_MB": (256, 32_768),
}


@pytest.mark.parametrize("name", BOUNDS)
def test_a_number_may_be_at_its_bounds_and_not_beyond(name: str) -> None:
    low, high = BOUNDS[name]
    variable = f"PIXFLEET_{name}"
    enough = {**REQUIRED, "PIXFLEET_CHILD_MEMORY_MB": "32768"}
    for value in (low, high):
        read_settings({**enough, variable: str(value)})

    for value in (low - 1, high + 1):
        (problem,) = problems({**enough, variable: str(value)})
        assert problem == (
            f"{variable}: expected a whole number from {low} to {high}, got {str(value)!r}"
        )


def test_a_batch_may_take_as_long_as_a_lease_and_not_a_second_longer() -> None:
    short = {**REQUIRED, "PIXFLEET_LEASE_SECONDS": "100"}

    settings = read_settings({**short, "PIXFLEET_BATCH_SECONDS": "100"})
    (problem,) = problems({**short, "PIXFLEET_BATCH_SECONDS": "101"})

    assert settings.batch_seconds == 100
    assert problem == (
        "PIXFLEET_BATCH_SECONDS: expected at most PIXFLEET_LEASE_SECONDS, 100, got 101: "
        "a claim must outlive its batch"
    )


def test_a_short_lease_shortens_a_batch_that_nobody_set() -> None:
    settings = read_settings({**REQUIRED, "PIXFLEET_LEASE_SECONDS": "100"})

    assert settings.batch_seconds == 100


def test_a_source_may_fill_two_fifths_of_a_child_and_not_a_byte_more() -> None:
    most = 300 * MEBIBYTE * 2 // 5
    small = {**REQUIRED, "PIXFLEET_CHILD_MEMORY_MB": "300"}

    settings = read_settings({**small, "PIXFLEET_MAX_BYTES": str(most)})
    (problem,) = problems({**small, "PIXFLEET_MAX_BYTES": str(most + 1)})

    assert settings.limits.max_bytes == most
    assert problem.startswith("PIXFLEET_MAX_BYTES: expected at most 40% of PIXFLEET_CHILD_MEMORY")


@pytest.mark.parametrize("value", ["", " 8", "8.0", "1e1", "eight", "٨", "²", "0x8", "8_0"])
def test_only_plain_digits_are_a_number(value: str) -> None:
    (problem,) = problems({**REQUIRED, "PIXFLEET_MAX_RECEIVES": value})

    assert repr(value) in problem


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws-cn:sns:cn-north-1:123456789012:done",
        "arn:aws-us-gov:sns:us-gov-west-1:123456789012:Done_1",
        f"arn:aws:sns:us-east-1:123456789012:{'d' * 256}",
        "",
    ],
    ids=["China", "GovCloud", "the longest name", "none"],
)
def test_a_standard_topic_of_any_partition_or_none_is_taken(arn: str) -> None:
    settings = read_settings({**REQUIRED, "PIXFLEET_COMPLETION_TOPIC": arn})

    assert settings.completion_topic == arn


@pytest.mark.parametrize(
    "value",
    [
        "completions",
        "arn:aws:sqs:us-east-1:123456789012:done",
        "arn:aws:sns:us-east-1:12345678901:done",
        "arn:aws:sns::123456789012:done",
        "arn:aws:sns:us-east-1:123456789012:",
        "arn:aws:sns:us-east-1:123456789012:done.fifo",
        "arn:aws:sns:us-east-1:123456789012:done:0b1c-a-subscription",
        f"arn:aws:sns:us-east-1:123456789012:{'d' * 257}",
        TOPIC + "\n",
    ],
    ids=[
        "a name",
        "a queue",
        "a short account",
        "no region",
        "no name",
        "a FIFO topic",
        "a subscription",
        "a name too long",
        "a line break behind it",
    ],
)
def test_what_is_no_standard_topic_is_refused(value: str) -> None:
    (problem,) = problems({**REQUIRED, "PIXFLEET_COMPLETION_TOPIC": value})

    assert problem.startswith(
        "PIXFLEET_COMPLETION_TOPIC: expected the ARN of a standard SNS topic, "
    )


@pytest.mark.parametrize("name", ["MAX_BYTES", "LOG", "COMPLETION_TOPIC"])
def test_a_value_of_thousands_of_digits_is_refused_in_one_line(name: str) -> None:
    (problem,) = problems({**REQUIRED, f"PIXFLEET_{name}": "5" * 5000})

    assert problem.startswith(f"PIXFLEET_{name}: expected ")
    assert len(problem) < 200


@pytest.mark.parametrize("value", ["5" * 5000, "²", "", "many"])
def test_a_memory_size_that_is_no_number_counts_the_cpus(
    monkeypatch: pytest.MonkeyPatch, value: str
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: 7)

    settings = read_settings({**REQUIRED, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": value})

    assert settings.render_children == 7


def test_a_worker_that_polls_hears_of_its_missing_queue_with_all_else() -> None:
    with pytest.raises(Misconfigured) as caught:
        read_settings({**REQUIRED, "PIXFLEET_LOG": "xml"}, needs_queue=True)

    assert [problem.partition(":")[0] for problem in caught.value.problems] == [
        "PIXFLEET_QUEUE",
        "PIXFLEET_LOG",
    ]


@given(st.dictionaries(st.sampled_from(sorted(f"PIXFLEET_{name}" for name in CHANGES)), st.text()))
def test_no_environment_gives_anything_but_settings_or_problems(
    environment: dict[str, str],
) -> None:
    try:
        settings = read_settings({**REQUIRED, **environment})
    except Misconfigured as refused:
        assert refused.problems  # noqa: PT017 - either end is right, and each is checked
    else:
        assert settings.sources_bucket != settings.variants_bucket


@pytest.mark.parametrize(
    ("megabytes", "children"),
    [("128", 1), ("1769", 1), ("3537", 1), ("3538", 2), ("10240", 5)],
)
def test_lambda_has_as_many_children_as_its_memory_buys_cpus(
    megabytes: str, children: int
) -> None:
    settings = read_settings({**REQUIRED, "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": megabytes})

    assert settings.render_children == children


@pytest.mark.parametrize(("cpus", "children"), [(7, 7), (None, 1)])
def test_elsewhere_there_is_one_child_a_cpu(
    monkeypatch: pytest.MonkeyPatch, cpus: int | None, children: int
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cpus)
    environment = {name: value for name, value in REQUIRED.items() if "LAMBDA" not in name}

    settings = read_settings(environment)

    assert settings.render_children == children
