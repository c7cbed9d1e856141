"""GET /v1/images: the list."""

import pytest
from starlette.testclient import TestClient

from shared.model.errors import Truncated
from tests.functional.api.conftest import ANN, Api

pytestmark = pytest.mark.functional

FOLDER = "folder"


def arranged(api: Api) -> None:
    for name in ("ready", "rejected", "pending"):
        api.drop(f"a/{name}.jpg")
    api.publish("a/ready.jpg")
    api.reject("a/rejected.jpg", Truncated("Expected more.", stage="probe"))


def test_a_list_has_the_status_of_each_image(api: Api) -> None:
    arranged(api)

    images = api.client().get("/v1/images").json()["images"]

    assert [(each["key"], each["status"]) for each in images] == [
        ("a/pending.jpg", "pending"),
        ("a/ready.jpg", "ready"),
        ("a/rejected.jpg", "rejected"),
    ]
    assert images[1]["variant_bytes"] == 10
    assert images[2]["cause"] == "truncated"


def test_a_replaced_image_is_listed_as_pending(api: Api) -> None:
    arranged(api)
    api.drop("a/ready.jpg", b"another")

    images = api.client().get("/v1/images").json()["images"]

    assert images[1]["status"] == "pending"


def test_a_status_leaves_out_others_and_keeps_the_cursor(api: Api) -> None:
    arranged(api)
    client = api.client()

    first = client.get("/v1/images", params={"status": "rejected", "limit": 2}).json()
    rest = client.get(
        "/v1/images", params={"status": "rejected", "cursor": first["cursor"]}
    ).json()

    assert first["images"] == []
    assert [each["key"] for each in rest["images"]] == ["a/rejected.jpg"]
    assert "cursor" not in rest


def test_pages_have_every_image_once(api: Api) -> None:
    keys = sorted(f"p/{number:02d}.jpg" for number in range(7))
    for key in keys:
        api.drop(key)
    client, found, cursor = api.client(), [], None

    while True:
        parameters = {"limit": 3, **({"cursor": cursor} if cursor else {})}
        page = client.get("/v1/images", params=parameters).json()
        found += [each["key"] for each in page["images"]]
        cursor = page.get("cursor")
        if cursor is None:
            break

    assert found == keys


def test_folders_of_the_operator_are_not_listed(api: Api) -> None:
    api.drop("_private/a.jpg")
    api.drop("a/../b.jpg")
    api.drop("a.jpg")

    images = api.client().get("/v1/images").json()["images"]

    assert [each["key"] for each in images] == ["a.jpg"]


def test_a_list_is_bounded_by_the_token(api: Api) -> None:
    for key in ("users/ann/a.jpg", "users/anna/b.jpg", "c.jpg"):
        api.drop(key)
    client = api.client(prefix_claim=FOLDER)

    own = client.get("/v1/images").json()["images"]

    assert [each["key"] for each in own] == ["users/ann/a.jpg"]
    for prefix in ("users/anna/", "users/", "/", "users/ann"):
        assert client.get("/v1/images", params={"prefix": prefix}).status_code == 403


@pytest.mark.parametrize("change", ["first", "last", "cut", "longer", "empty", "other"])
def test_a_forged_cursor_is_refused(api: Api, change: str) -> None:
    for number in range(3):
        api.drop(f"{number}.jpg")
    client = api.client()
    cursor = client.get("/v1/images", params={"limit": 1}).json()["cursor"]
    forged = {
        "first": ("B" if cursor[0] == "A" else "A") + cursor[1:],
        "last": cursor[:-2] + ("BB" if cursor[-2:] == "AA" else "AA"),
        "cut": cursor[:-4],
        "longer": cursor + "AAAA",
        "empty": "",
        "other": "é" * 20,
    }[change]

    answer = client.get("/v1/images", params={"limit": 1, "cursor": forged})

    assert answer.status_code == 400
    assert answer.json()["type"].endswith("bad-cursor")


def test_a_cursor_belongs_to_its_prefix_and_so_to_its_caller(api: Api) -> None:
    for number in range(3):
        api.drop(f"users/bob/{number}.jpg")
        api.drop(f"users/ann/{number}.jpg")
    bob = api.client({**ANN, "folder": "users/bob"}, prefix_claim=FOLDER)
    cursor = bob.get("/v1/images", params={"limit": 1}).json()["cursor"]

    answer = api.client(prefix_claim=FOLDER).get("/v1/images", params={"cursor": cursor})

    assert answer.status_code == 400


def test_an_upload_id_is_no_cursor(api: Api) -> None:
    client = api.client()
    wanted = {"key": "a.jpg", "bytes": 9, "type": "image/jpeg", "method": "MULTIPART"}
    upload_id = client.post("/v1/uploads", json=wanted).json()["upload_id"]

    assert client.get("/v1/images", params={"cursor": upload_id}).status_code == 400


@pytest.mark.parametrize("limit", ["0", "101", "-1", "x"])
def test_a_page_has_one_to_a_hundred_images(client: TestClient, limit: str) -> None:
    assert client.get("/v1/images", params={"limit": limit}).status_code == 400
