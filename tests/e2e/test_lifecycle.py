import pytest

from shared.model.keys import manifest_key
from tests.e2e.fleet import Fleet, keys_stored_for
from tests.e2e.processes import Runner
from tests.e2e.waiting import wait_for
from tests.support.images import alpha_png, jpeg

pytestmark = pytest.mark.e2e


def test_a_replaced_source_replaces_every_variant(fleet: Fleet, runner: Runner) -> None:
    key = "replaced.jpg"
    fleet.wait_until_published({key: fleet.put(key, jpeg(seed=1))})

    etag = fleet.put(key, jpeg(seed=2))
    fleet.wait_until_published({key: etag})

    assert {fleet.source_etag_of(stored) for stored in keys_stored_for([key])} == {etag}


def test_a_deleted_source_takes_its_variants_with_it(fleet: Fleet, runner: Runner) -> None:
    key, neighbour = "deleted.jpg", "deleted.jpg.old"
    fleet.wait_until_published({each: fleet.put(each, jpeg(seed=3)) for each in (key, neighbour)})

    fleet.delete(key)
    wait_for("the removal", lambda: fleet.ledger(key).get("status") == "removed")

    assert not fleet.stored_keys() & keys_stored_for([key])
    assert fleet.stored_keys() >= keys_stored_for([neighbour])


def test_an_undeleted_source_comes_back(fleet: Fleet, runner: Runner) -> None:
    key = "undeleted.png"
    etag = fleet.put(key, alpha_png())
    fleet.wait_until_published({key: etag})
    fleet.delete(key)
    wait_for("the removal", lambda: manifest_key(key) not in fleet.stored_keys())

    fleet.undelete(key)
    fleet.wait_until_published({key: etag})

    assert fleet.stored_keys() >= keys_stored_for([key])
