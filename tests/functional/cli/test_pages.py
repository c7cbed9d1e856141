"""`pixfleet urls`, `show` and `sign`."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from msgspec import structs

from scripts.local.clients import Clients
from scripts.local.stack import LocalStack
from scripts.manifest.__main__ import DOCS
from scripts.pixfleet.stack.ssm_parameter import Distribution
from shared.clock import SystemClock
from shared.cloud.ledger import Ledger
from shared.model.keys import manifest_key
from tests.functional.cli.conftest import RunCommand
from tests.support.fakes import unbounded_calls
from tests.support.html_page import HtmlPage
from tests.support.images import alpha_png, animated_gif, jpeg
from tests.support.json_schema import inlined, is_valid
from tests.support.lazy_variants import store_lazily

pytestmark = pytest.mark.functional

KEY = 'a "b" & <c>,d.jpg'
BASE = "https://d1.cloudfront.net"


@pytest.fixture(name="distribute")
def _distribute(stack: LocalStack, clients: Clients) -> Callable[..., None]:
    """Return a function that gives the stack a distribution."""

    def distribute(*, needs_signing: bool = False) -> None:
        document = structs.replace(
            stack.document(), distribution=Distribution("E1", BASE, needs_signing)
        )
        clients.ssm.put_parameter(
            Name=document.parameter, Value=document.document(), Type="String", Overwrite=True
        )

    return distribute


@pytest.fixture(name="made")
def _made(stack: LocalStack, clients: Clients, run_worker: Callable[..., None]) -> None:
    clients.s3.put_object(Bucket=stack.sources_bucket, Key=KEY, Body=jpeg((80, 60)))
    run_worker()


@pytest.mark.usefixtures("made")
def test_a_snippet_has_every_width_in_every_slot(
    pixfleet: RunCommand, distribute: Callable[..., None]
) -> None:
    distribute()

    answer = pixfleet("urls", KEY, "--sizes", "50vw", "--json")

    page = HtmlPage(answer.document["picture"])
    (source,), (image,) = page.all("source"), page.all("img")
    widths = [each.split(" ")[1] for each in source["srcset"].split(", ")]
    assert (source["type"], source["sizes"], widths) == ("image/webp", "50vw", ["32w", "64w"])
    assert (image["width"], image["height"]) == ("64", "48")
    assert (image["alt"], image["loading"]) == ("", "lazy")
    assert image["style"].startswith("max-width:100%;height:auto;background-color:#")
    assert "background-image:url(data:image/webp" in image["style"]
    assert "background='none'" in image["onload"]
    assert image["src"].startswith(f"{BASE}/a%20%22b%22%20%26%20%3Cc%3E%2Cd.jpg?variant=w64&")
    assert f"v={answer.document['version']}" in image["src"]
    assert answer.document["manifest"].endswith("%2Cd.jpg?format=manifest")


def test_a_transparent_picture_has_no_placeholder_that_would_shine_through(
    pixfleet: RunCommand, stack: LocalStack, clients: Clients, run_worker: Callable[..., None]
) -> None:
    clients.s3.put_object(Bucket=stack.sources_bucket, Key="logo.png", Body=alpha_png((80, 60)))
    run_worker()

    (image,) = HtmlPage(pixfleet("urls", "logo.png", "--json").document["picture"]).all("img")

    assert image["style"] == "max-width:100%;height:auto"
    assert "onload" not in image


@pytest.mark.usefixtures("made")
def test_a_lazy_variant_has_a_url_like_any_other_and_is_no_missing_object(
    pixfleet: RunCommand, stack: LocalStack, clients: Clients
) -> None:
    key, bucket = manifest_key(KEY), stack.variants_bucket
    document = json.loads(clients.s3.get_object(Bucket=bucket, Key=key)["Body"].read())
    last = document["variants"][-1]
    lazy = {**last, "slot": "avif", "bytes": None, "url": last["url"].replace("fallback", "avif")}
    document["variants"].append(lazy)
    clients.s3.put_object(Bucket=bucket, Key=key, Body=json.dumps(document).encode())

    urls, why = pixfleet("urls", KEY, "--json").document, pixfleet("why", KEY)

    assert [each["slot"] for each in urls["variants"] if each["lazy"]] == ["avif"]
    assert "variant=w64&format=avif" in urls["srcset"]["avif"]
    assert "not made yet" in why.out
    assert "MISSING" not in why.out


def test_stored_manifests_are_valid_by_the_published_schema(
    stack: LocalStack, clients: Clients, run_worker: Callable[..., None]
) -> None:
    schema = inlined(json.loads((DOCS / "manifest.schema.json").read_text(encoding="utf-8")))
    sources = {
        "plain.jpg": jpeg((80, 60)),
        "logo.png": alpha_png((80, 60)),
        "moving.gif": animated_gif((80, 60)),
    }
    for key, data in sources.items():
        clients.s3.put_object(Bucket=stack.sources_bucket, Key=key, Body=data)
    run_worker()

    for key in sources:
        stored = clients.s3.get_object(Bucket=stack.variants_bucket, Key=manifest_key(key))
        document = json.loads(stored["Body"].read())
        assert is_valid(schema, document), document


@pytest.mark.usefixtures("made")
def test_the_terminal_view_has_the_same_snippet(pixfleet: RunCommand) -> None:
    answer = pixfleet("urls", KEY)

    assert answer.code == 0
    assert "<picture>" in answer.out
    assert "no distribution" in answer.err


@pytest.mark.usefixtures("made")
def test_hints_add_a_picture_of_automatic_width_and_the_headers_of_its_page(
    pixfleet: RunCommand, distribute: Callable[..., None]
) -> None:
    distribute()

    plain = pixfleet("urls", KEY, "--json").document
    document = pixfleet("urls", KEY, "--hints", "--sizes", "50vw", "--json").document
    seen = pixfleet("urls", KEY, "--hints").out

    (image,) = HtmlPage(document["auto"]["img"]).all("img")
    path = "/a%20%22b%22%20%26%20%3Cc%3E%2Cd.jpg"
    assert image["src"] == document["auto"]["url"]
    assert image["src"] == f"{BASE}{path}?w=auto&v={document['version']}"
    assert (image["sizes"], image["width"], image["height"]) == ("50vw", "64", "48")
    assert document["auto"]["headers"] == {
        "Accept-CH": "Sec-CH-Width, Sec-CH-Viewport-Width, Sec-CH-DPR",
        "Permissions-Policy": ", ".join(
            f'{name}=(self "{BASE}")' for name in ("ch-width", "ch-viewport-width", "ch-dpr")
        ),
    }
    assert all(f"{name}: {value}" in seen for name, value in document["auto"]["headers"].items())
    assert "auto" not in plain


@pytest.mark.usefixtures("made")
def test_pictures_on_the_pages_own_host_need_no_permission(pixfleet: RunCommand) -> None:
    document = pixfleet("urls", KEY, "--hints", "--json").document

    assert set(document["auto"]["headers"]) == {"Accept-CH"}
    assert document["auto"]["url"].startswith("/a%20")


def test_urls_of_an_unpublished_key_are_refused_with_the_next_command(
    pixfleet: RunCommand,
) -> None:
    answer = pixfleet("urls", "a b.jpg")

    assert (answer.code, answer.err) == (
        1,
        "Nothing of \"a b.jpg\" is published: `pixfleet why 'a b.jpg'` says why.\n",
    )


@pytest.mark.usefixtures("made")
def test_a_page_refers_to_files_of_its_own_folder_only(
    pixfleet: RunCommand, tmp_path: Path
) -> None:
    answer = pixfleet("show", KEY, "--no-open", "--to", tmp_path)

    html = (tmp_path / "index.html").read_text()
    images = [image["src"] for image in HtmlPage(html).all("img")]
    assert answer.out.strip() == str(tmp_path / "index.html")
    assert any("source" in src for src in images)
    assert all((tmp_path / src).stat().st_size for src in images)
    assert "<c>" not in html


@pytest.mark.usefixtures("made")
def test_show_counts_what_requests_have_added(
    pixfleet: RunCommand, stack: LocalStack, clients: Clients, tmp_path: Path
) -> None:
    clock = SystemClock()
    ledger = Ledger(clients.dynamodb, unbounded_calls(clock), stack.ledger_table, clock)
    before = pixfleet("show", KEY, "--no-open", "--to", tmp_path / "before")
    store_lazily(ledger, clients.s3, stack.variants_bucket, KEY, "w32.avif", "w64.avif")

    after = pixfleet("show", KEY, "--no-open", "--to", tmp_path / "after")

    assert (before.code, after.code) == (0, 0)
    pages = [(tmp_path / name / "index.html").read_text() for name in ("before", "after")]
    assert ["Added by requests" in page for page in pages] == [False, True]


@pytest.mark.usefixtures("made")
def test_show_prints_where_the_distribution_serves_the_picture(
    pixfleet: RunCommand, distribute: Callable[..., None], tmp_path: Path
) -> None:
    distribute()

    answer = pixfleet("show", KEY, "--no-open", "--to", tmp_path)
    document = pixfleet("show", KEY, "--to", tmp_path / "json", "--json").document

    url = f"{BASE}/a%20%22b%22%20%26%20%3Cc%3E%2Cd.jpg"
    assert answer.err == f"The distribution serves it at {url}\n"
    assert document == {"page": str(tmp_path / "json" / "index.html"), "url": url}


def test_the_page_of_a_rejected_source_names_the_cause(
    pixfleet: RunCommand,
    stack: LocalStack,
    clients: Clients,
    run_worker: Callable[..., None],
    tmp_path: Path,
) -> None:
    clients.s3.put_object(Bucket=stack.sources_bucket, Key="bad.jpg", Body=b"no image")
    run_worker()

    answer = pixfleet("show", "bad.jpg", "--no-open", "--to", tmp_path)

    assert answer.code == 0
    assert "not_an_image" in (tmp_path / "index.html").read_text()


def test_no_page_is_written_for_an_unpublished_key(pixfleet: RunCommand, tmp_path: Path) -> None:
    answer = pixfleet("show", "none.jpg", "--no-open", "--to", tmp_path / "new")

    assert answer.code == 1
    assert "There is nothing to show of none.jpg" in answer.err
    assert not (tmp_path / "new").exists()


@pytest.fixture(name="key_file")
def _key_file(tmp_path: Path) -> Path:
    file = tmp_path / "key.pem"
    key = rsa.generate_private_key(65537, 2048)
    file.write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return file


@pytest.mark.usefixtures("made")
def test_all_urls_of_a_source_are_signed(
    pixfleet: RunCommand, distribute: Callable[..., None], key_file: Path
) -> None:
    distribute(needs_signing=True)

    answer = pixfleet("sign", KEY, "--key-id", "K1", "--private-key", key_file)

    lines = answer.out.splitlines()
    assert (answer.code, answer.err, len(lines)) == (0, "", 4)
    assert all(line.startswith(BASE) and "&Signature=" in line for line in lines)


def test_an_unnecessary_signature_is_made_with_a_note(
    pixfleet: RunCommand, distribute: Callable[..., None], key_file: Path
) -> None:
    distribute()

    answer = pixfleet("sign", f"{BASE}/a.jpg", "--key-id", "K1", "--private-key", key_file)

    assert answer.code == 0
    assert answer.out.startswith(f"{BASE}/a.jpg?Expires=")
    assert "also serves URLs without a signature" in answer.err


def test_a_missing_key_file_is_reported_in_one_sentence(
    pixfleet: RunCommand, tmp_path: Path
) -> None:
    answer = pixfleet("sign", "a.jpg", "--key-id", "K1", "--private-key", tmp_path / "none")

    assert answer.code == 2
    assert "none cannot be used" in answer.err
