"""The cost model against a bill by hand, and the page against the model."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from scripts.pixfleet.pricing import prices
from scripts.pixfleet.pricing.prices import Architecture, Price
from tests.bench.cost_model import (
    Work,
    bill,
    monthly,
    standing,
    total,
    write_units,
)
from tests.bench.cost_table import BEGIN, END, Costs, page, replace_tables

pytestmark = pytest.mark.unit

PAGE = Path(__file__).parents[2] / "docs" / "cost.md"
WORK = Work(
    child_cpu_seconds=1.5,
    parent_cpu_seconds=0.06,
    idle_seconds=0.04,
    puts=16,
    gets=2,
    write_units=2,
    read_units=1,
    log_bytes=400,
    variant_bytes=1_000_000,
    source_bytes=7_000_000,
)


def test_a_bill_adds_up_as_by_hand() -> None:
    dollars = {item.what: item.dollars for item in bill(WORK)}

    # One vCPU is 1769 / 1024 = 1.72754 GB, and a second of it $23.034 a million.
    assert dollars == {
        "Lambda: rendering": pytest.approx(34.55, abs=0.01),
        "Lambda: the parent, and waiting": pytest.approx(2.30, abs=0.01),
        "Lambda: requests": pytest.approx(0.02),
        "S3: variants and manifest": pytest.approx(80.0),
        "S3: the source's own upload": pytest.approx(5.0),
        "S3: HEAD and GET of the source": pytest.approx(0.80),
        "EventBridge: the event of the source": pytest.approx(1.0),
        "SQS: sent, received, deleted": pytest.approx(0.48),
        "DynamoDB: claim and commit": pytest.approx(1.25),
        "DynamoDB: the index on status": pytest.approx(0.625),
        "DynamoDB: the first look": pytest.approx(0.125),
        "CloudWatch: one line a source, three an invocation": pytest.approx(0.2175),
        "KMS, with bucket keys": pytest.approx(0.57),
    }
    assert total(bill(WORK)) == pytest.approx(126.94, abs=0.01)


def test_x86_costs_a_quarter_more_by_the_second_and_nothing_else_changes() -> None:
    arm, x86 = (total(bill(WORK, each)) for each in (Architecture.ARM, Architecture.X86))

    assert x86 - arm == pytest.approx(1.6 * (1769 / 1024) * (16.6667 - 13.3334), abs=0.01)


def test_a_slower_vcpu_takes_longer_to_work_and_not_to_wait() -> None:
    slower = total(bill(WORK, factor=2.0)) - total(bill(WORK))

    assert slower == pytest.approx(1.56 * 23.034, abs=0.01)


def test_a_source_alone_in_its_batch_pays_for_three_requests() -> None:
    alone = {item.what: item.amount for item in bill(replace(WORK, share=1))}

    assert alone["SQS: sent, received, deleted"] == 3
    assert alone["Lambda: requests"] == 1


def test_a_million_megabytes_are_a_thousand_gigabytes_each_month() -> None:
    assert monthly(1_000_000) == pytest.approx(23.0)


def test_an_idle_stack_costs_its_alarms_its_dashboard_and_its_polls() -> None:
    dollars = {item.what: item.dollars / 1e6 for item in standing()}

    # 51 metrics at $0.10; two lanes, each of five pollers that ask 129,600 times a month.
    assert dollars == {
        "CloudWatch: metrics that alarms read": pytest.approx(5.50),
        "CloudWatch: the alarm over all alarms": pytest.approx(0.50),
        "CloudWatch: the dashboard": pytest.approx(3.00),
        "SQS: long polls of idle lanes": pytest.approx(0.5184),
    }


@pytest.mark.parametrize(("size", "units"), [(0, 1), (1024, 1), (1025, 2)])
def test_a_write_is_billed_by_the_kibibyte_begun(size: int, units: int) -> None:
    assert write_units(size) == units


def test_every_price_says_where_it_stands() -> None:
    table = [each for each in vars(prices).values() if isinstance(each, Price)]

    assert {item.price for item in (*bill(WORK), *standing())} <= {
        *table,
        *prices.GIGABYTE_SECOND.values(),
    }
    assert all(each.source.startswith("https://aws.amazon.com/") for each in table)


def test_tables_replace_those_of_last_time() -> None:
    text = f"# Cost\n\n{BEGIN}\nold\n{END}\n\nThe end.\n"

    again = replace_tables(replace_tables(text, "new"), "newer")

    assert again == f"# Cost\n\n{BEGIN}\nnewer\n{END}\n\nThe end.\n"


def test_a_page_without_a_place_for_tables_is_left_alone() -> None:
    with pytest.raises(ValueError, match="Expected the lines"):
        replace_tables("# Cost\n", "new")


def rows(text: str) -> list[list[str]]:
    lines = (line for line in text.splitlines() if line.startswith("|"))
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def test_the_page_has_the_models_prices_and_adds_up() -> None:
    expected = {item.what: item.price.each for item in bill(WORK)}
    found = {row[0]: row[1:] for row in rows(PAGE.read_text()) if row[0] in expected}
    (whole,) = (row for row in rows(PAGE.read_text()) if row[0].startswith("**all of it**"))

    assert found.keys() == expected.keys()
    for what, (amount, price, dollars) in found.items():
        assert float(price) == pytest.approx(expected[what], rel=1e-5)
        used = float(amount.split()[0])
        assert float(dollars) == pytest.approx(used * expected[what] * 1e6, rel=1e-3, abs=0.006)
    summed = sum(float(dollars) for _, _, dollars in found.values())
    assert float(whole[-1].strip("*")) == pytest.approx(summed, abs=0.06)


def test_the_page_has_every_table_of_the_model() -> None:
    tables = page(Costs({"the default recipe": WORK}, {"a.jpg": WORK}, factor=1.0))
    headers = re.compile(r"^(\|.*\|)\n\|-", re.MULTILINE)

    assert headers.findall(tables)
    assert set(headers.findall(tables)) <= set(headers.findall(PAGE.read_text()))
