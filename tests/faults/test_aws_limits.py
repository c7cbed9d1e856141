"""The limits of the simulated AWS: partitions that split, units of a table, messages in flight."""

import pytest

from shared.cloud.status_shard import STATUS_SHARD
from tests.simulator.bucket_partitions import BucketPartitions
from tests.simulator.fleet import AwsLimits, Fleet
from tests.simulator.queues import QueueService
from tests.simulator.scheduler import Scheduler
from tests.simulator.services import TABLE, build_services
from tests.simulator.table_capacity import TableCapacity, Units, read_units, write_units
from tests.simulator.world import simulated

pytestmark = pytest.mark.faults


def writes(bucket: BucketPartitions, scheduler: Scheduler, seconds: int) -> None:
    """Write each second 40 objects, whose keys are of all prefixes."""
    for second in range(seconds):
        for number in range(40):
            bucket.accept(f"{(second * 40 + number) * 7 % 256:02x}/key")
        scheduler.time += 1


def test_a_partition_that_is_overloaded_for_long_is_split_and_both_parts_have_the_rate() -> None:
    scheduler = Scheduler()
    bucket = BucketPartitions(scheduler, 10.0, split_seconds=600)

    writes(bucket, scheduler, 599)
    before = bucket.per_second
    writes(bucket, scheduler, 5)

    assert (before, bucket.per_second) == (10.0, 20.0)
    assert len(bucket.splits) == 1


def test_a_partition_that_cools_down_is_not_split() -> None:
    scheduler = Scheduler()
    bucket = BucketPartitions(scheduler, 10.0, split_seconds=600)

    for _ in range(3):
        writes(bucket, scheduler, 400)
        scheduler.time += 120

    assert bucket.splits == []


def test_partitions_refuse_each_for_itself() -> None:
    bucket = BucketPartitions(Scheduler(), 10.0, partitions=2)

    accepted = [bucket.accept("00/key") for _ in range(15)], [bucket.accept("ff/key")]

    assert [each.count(True) for each in accepted] == [10, 1]
    assert (bucket.accepted, bucket.refused) == (11, 5)


def test_a_table_takes_twice_its_former_peak_half_an_hour_later() -> None:
    scheduler = Scheduler()
    units = Units(scheduler, 100.0)
    began_at = scheduler.time

    for _ in range(120):
        assert units.has(90)
        units.take(90)
        scheduler.time += 1

    assert units.limit(began_at + 29 * 60) == 100.0
    assert units.limit(began_at + 33 * 60) == pytest.approx(180, rel=0.02)


def test_units_are_kilobytes_of_the_larger_item_and_four_of_a_read() -> None:
    assert [write_units(0, 1), write_units(1024, 10), write_units(10, 1025)] == [1, 1, 2]
    assert [read_units(0), read_units(4096), read_units(4097)] == [1, 1, 2]


def test_a_full_partition_of_the_index_throttles_the_table_and_uses_no_units() -> None:
    capacity = TableCapacity(Scheduler(), share=0.01)

    answers = [capacity.write(1, {"published#00": 2}) for _ in range(8)]

    assert answers == [True] * 5 + [False] * 3
    assert capacity.throttled == {"partition": 3}
    assert capacity.writes.used == 5
    assert capacity.write(1, {"published#01": 2})


@pytest.mark.parametrize(
    ("status", "updated_at", "units"),
    [("published#01", 1, 0), ("published#01", 2, 2), ("rejected#01", 1, 2)],
    ids=["same keys and values", "another time", "another status"],
)
def test_a_changed_key_of_the_index_is_a_delete_and_a_put(
    status: str, updated_at: int, units: int
) -> None:
    services = build_services(Scheduler(), lambda change: None)
    (index,) = services.tables.indexes(TABLE)

    def item(shard: str, at: int) -> dict[str, dict[str, str]]:
        return {"key": {"S": "a"}, STATUS_SHARD: {"S": shard}, "updated_at": {"N": str(at)}}

    used = index.units(item("published#01", 1), item(status, updated_at))

    assert sum(used.values()) == units


def test_a_queue_gives_no_more_than_it_may_have_in_flight() -> None:
    queues = QueueService(Scheduler())
    queues.create_queue(QueueName="queue")
    queues.most_in_flight = 3
    for _ in range(5):
        queues.send_message(QueueUrl="queue", MessageBody="a")

    queues.receive_message(QueueUrl="queue", MaxNumberOfMessages=3)

    with pytest.raises(Exception, match="OverLimit"):
        queues.receive_message(QueueUrl="queue")
    assert queues.in_flight("queue") == 3


def test_workers_wait_for_the_messages_in_flight_and_lose_none() -> None:
    with simulated():
        fleet = Fleet(workers=3, images=40, limits=AwsLimits(1e6))
        fleet.services.queues.most_in_flight = 10
        with fleet.at_work():
            figures = fleet.run()

    assert (figures.made, figures.wasted) == (40, 0)
    assert fleet.mapping.counts["over limit"] > 0
