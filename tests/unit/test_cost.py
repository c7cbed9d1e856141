"""The cost model against a bill by hand, and the page against the model."""

import re
from dataclasses import replace
from pathlib import Path

import pytest

from scripts.pixfleet.plan.lazy import LazyFile
from scripts.pixfleet.pricing import prices
from scripts.pixfleet.pricing.first_requests import READERS
from scripts.pixfleet.pricing.prices import Architecture, Price
from shared.model.recipe import Slot
from tests.bench.cost_bill import TARGET_DOLLARS, Costs
from tests.bench.cost_model import (
    Item,
    Work,
    bill,
    monthly,
    standing,
    total,
    write_units,
)
from tests.bench.cost_requests import (
    files_asked_for,
    first_request_bill,
    first_requests_dollars,
    lazy_monthly,
    most_requests,
    purge_bill,
)
from tests.bench.cost_table import BEGIN, END, page, replace_tables

pytestmark = pytest.mark.unit

PAGE = Path(__file__).parents[2] / "docs" / "cost.md"
WORK = Work(
    child_cpu_seconds=1.5,
    parent_cpu_seconds=0.06,
    idle_seconds=0.04,
    puts=10,
    gets=2,
    write_units=2,
    read_units=1,
    log_bytes=400,
    variant_bytes=1_000_000,
    source_bytes=7_000_000,
)
EAGER = replace(WORK, child_cpu_seconds=2.0, puts=16, variant_bytes=1_500_000)
# Six of a source of which each gets a hundredth of the requests.
LAZY = (LazyFile("w640", Slot.WEBP, 50_000, cpu_seconds=0.3, share=0.01),) * 6
COSTS = Costs({"the default recipe": WORK, "all files at upload": EAGER}, {"a.jpg": WORK}, LAZY)


def test_a_bill_adds_up_as_by_hand() -> None:
    dollars = {item.what: item.dollars for item in bill(WORK)}

    # One vCPU is 1769 / 1024 = 1.72754 GB, and a second of it $23.034 a million.
    assert dollars == {
        "Lambda: rendering": pytest.approx(34.55, abs=0.01),
        "Lambda: the parent, and waiting": pytest.approx(2.30, abs=0.01),
        "Lambda: requests": pytest.approx(0.02),
        "S3: variants and manifest": pytest.approx(50.0),
        "S3: the source's own upload": pytest.approx(5.0),
        "S3: HEAD and GET of the source": pytest.approx(0.80),
        "EventBridge: the event of the source": pytest.approx(1.0),
        "SQS: sent, received, deleted": pytest.approx(0.48),
        "DynamoDB: claim and commit": pytest.approx(1.25),
        "DynamoDB: the index on status": pytest.approx(0.625),
        "DynamoDB: the first look": pytest.approx(0.125),
        "CloudWatch: one line a source, three an invocation": pytest.approx(0.2175),
        "KMS, with bucket keys": pytest.approx(0.39),
    }
    assert total(bill(WORK)) == pytest.approx(96.76, abs=0.01)


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

    # 57 metrics at $0.10; the queues of two lanes and of purges, each of five pollers that ask
    # 129,600 times a month.
    assert dollars == {
        "CloudWatch: metrics that alarms read": pytest.approx(5.70),
        "CloudWatch: the alarm over all alarms": pytest.approx(0.50),
        "CloudWatch: the dashboard": pytest.approx(3.00),
        "SQS: long polls of idle queues": pytest.approx(0.7776),
    }


def test_a_first_request_adds_up_as_by_hand() -> None:
    dollars = {item.what: item.dollars for item in first_request_bill(0.3)}

    assert dollars == {
        "Lambda: rendering one file": pytest.approx(6.91, abs=0.01),
        "Lambda: waiting for S3 and DynamoDB": pytest.approx(6.91, abs=0.01),
        "Lambda: the request": pytest.approx(0.2),
        "S3: storing the file, with its tag": pytest.approx(5.0),
        "S3: CloudFront's GET, the renderer's, and the source": pytest.approx(1.2),
        "DynamoDB: a lock and a claim, begun and ended": pytest.approx(2.5),
        "DynamoDB: the entry, and a failure before": pytest.approx(0.25),
        "CloudWatch: one line, and Lambda's three": pytest.approx(0.62),
        "KMS for them, with bucket keys": pytest.approx(0.12),
    }
    assert total(first_request_bill(0.3)) == pytest.approx(23.71, abs=0.01)


def test_first_requests_cost_as_much_as_the_files_that_are_asked_for() -> None:
    each = total(first_request_bill(0.3))

    # 1 - exp(-1) of the files are asked for at 100 requests, and nearly all at 10,000.
    assert files_asked_for(LAZY, 100) == pytest.approx(6 * 0.632, rel=0.001)
    assert first_requests_dollars(LAZY, 100) == pytest.approx(6 * 0.632 * each, rel=0.001)
    assert first_requests_dollars(LAZY, 10_000) == pytest.approx(6 * each)
    assert first_requests_dollars(LAZY, 0) == 0


def test_files_that_take_longer_cost_more_by_how_often_they_are_asked_for() -> None:
    slow = replace(LAZY[0], cpu_seconds=1.3, share=0.02)

    found = first_requests_dollars((LAZY[0], slow), 1)

    by_hand = [0.00995 * total(first_request_bill(0.3)), 0.0198 * total(first_request_bill(1.3))]
    assert found == pytest.approx(sum(by_hand), rel=0.001)


def test_a_lazy_file_that_was_made_is_kept_with_its_tag() -> None:
    assert lazy_monthly(LAZY, 0) == 0
    # 6 files of 50 KB at $0.023 a GB, and 6 tags at $0.01 for ten thousand.
    assert lazy_monthly(LAZY, 1e6) == pytest.approx(6.90 + 6.0)


def test_uploads_and_first_requests_are_the_whole_cost() -> None:
    assert COSTS.together(0) == pytest.approx(total(bill(WORK)))
    assert COSTS.together(100) - COSTS.together(0) == pytest.approx(COSTS.first(100))
    assert COSTS.kept(0) == pytest.approx(23.0)
    assert replace(COSTS, factor=2.0).first(100) - COSTS.first(100) == pytest.approx(
        6 * 0.632 * 6.91, rel=0.001
    )


def test_lazy_pays_up_to_the_requests_at_which_it_costs_as_much_as_all_files_at_upload() -> None:
    once, in_a_year = COSTS.most_requests_of_lazy(0), COSTS.most_requests_of_lazy(12)

    assert COSTS.together(once) == pytest.approx(COSTS.upload(EAGER), rel=0.01)
    assert COSTS.together(in_a_year) + 12 * COSTS.kept(in_a_year) == pytest.approx(
        COSTS.upload(EAGER) + 12 * 34.5, rel=0.01
    )


def test_the_target_holds_for_no_request_if_uploads_exceed_it() -> None:
    assert COSTS.upload(WORK) > TARGET_DOLLARS
    assert COSTS.most_requests_of_target() == 0


def test_a_cost_that_never_reaches_a_sum_has_no_number_of_requests() -> None:
    assert most_requests(lambda _: 1.0, 2.0) == float("inf")
    assert most_requests(lambda requests: requests, 50.0) == pytest.approx(50, rel=0.02)


def test_a_purge_costs_its_paths_and_little_else() -> None:
    dollars = {item.what: item.dollars for item in purge_bill()}

    # Two paths now and again in a minute, at half a cent: twenty thousand dollars a million.
    assert dollars.pop("CloudFront: two paths, twice") == pytest.approx(20_000)
    assert 3 < sum(dollars.values()) < 6


@pytest.mark.parametrize(("size", "units"), [(0, 1), (1024, 1), (1025, 2)])
def test_a_write_is_billed_by_the_kibibyte_begun(size: int, units: int) -> None:
    assert write_units(size) == units


def test_every_price_says_where_it_stands() -> None:
    table = [each for each in vars(prices).values() if isinstance(each, Price)]

    assert {
        item.price for item in (*bill(WORK), *first_request_bill(0.3), *purge_bill(), *standing())
    } <= {
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


ROWS = rows(PAGE.read_text())


def number(cell: str) -> float:
    """Return the number at the beginning of a cell, which may be bold."""
    return float(cell.strip("*").split()[0].replace(",", ""))


def dollars_of(what: str) -> float:
    """Return the last number of the row that begins with these words."""
    (row,) = (row for row in ROWS if row[0].lstrip("*").startswith(what))
    return number(row[-1])


@pytest.mark.parametrize(
    ("items", "whole"),
    [
        (bill(WORK), "uploads**"),
        (first_request_bill(0.3), "a first request**"),
        (purge_bill(), "a purge, after the free paths**"),
    ],
    ids=["uploads", "first requests", "purges"],
)
def test_the_page_has_the_models_prices_and_adds_up(items: tuple[Item, ...], whole: str) -> None:
    expected = {item.what: item.price.each for item in items}
    found = {row[0]: row[1:] for row in ROWS if row[0] in expected}

    assert found.keys() == expected.keys()
    for what, (amount, price, dollars) in found.items():
        assert float(price) == pytest.approx(expected[what], rel=1e-5)
        used = number(amount)
        assert float(dollars) == pytest.approx(used * expected[what] * 1e6, rel=1e-3, abs=0.006)
    summed = sum(float(dollars) for _, _, dollars in found.values())
    assert dollars_of(whole) == pytest.approx(summed, abs=0.06)


def test_the_page_counts_uploads_and_first_requests() -> None:
    uploads, requests = dollars_of("uploads**"), dollars_of("first requests of lazy files")

    assert dollars_of("all of it** (") == pytest.approx(uploads + requests, abs=0.011)


def test_the_page_misses_its_target_where_it_says_so() -> None:
    (whole,) = (row[0] for row in ROWS if row[0].startswith("**all of it** ("))
    difference = dollars_of("all of it** (") - TARGET_DOLLARS

    assert f"the target of ${TARGET_DOLLARS}" in whole
    assert f"${abs(difference):.2f} {'over' if difference > 0 else 'under'}" in whole


def test_the_page_says_how_first_requests_grow_with_requests() -> None:
    start = ROWS.index(next(row for row in ROWS if row[0] == "requests a source"))
    table = [[number(cell) for cell in row] for row in ROWS[start + 2 : start + 10]]

    uploads, each = dollars_of("uploads**"), dollars_of("a first request**")
    eager = {row[5] for row in table}
    assert len(eager) == 1
    for _, asked, uploaded, first, together, _, _, _ in table:
        assert uploaded == uploads
        assert first == pytest.approx(asked * each, rel=0.02, abs=0.02)
        assert together == pytest.approx(uploaded + first, abs=0.011)
    assert table[0][1:5] == [0, uploads, 0, uploads]
    assert table[-1][4] > table[-1][5]


def test_the_page_states_the_shares_of_readers() -> None:
    avif, webp, neither = (f"{100 * share:.3g} %" for share in READERS.values())

    stated = f"{avif} of the readers take AVIF, {webp} WebP but not AVIF, {neither} neither"
    assert stated in PAGE.read_text()


def test_the_page_has_every_table_of_the_model() -> None:
    headers = re.compile(r"^(\|.*\|)\n\|-", re.MULTILINE)

    tables = headers.findall(page(COSTS))

    assert len(tables) == 9
    assert set(tables) <= set(headers.findall(PAGE.read_text()))
