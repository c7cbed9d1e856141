"""People upload pictures with the page of docs/upload, through the stack of `make up`."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from uuid import uuid4

import numpy as np
import pytest
import pyvips

from scripts.local.instance import Instance
from scripts.local.next_steps import FOLDER
from tests.browser.upload_page import UploadPage, opened
from tests.e2e.applied_stack import applied_stack
from tests.e2e.processes import free_port
from tests.e2e.waiting import wait_for
from tests.e2e.whole_stack import WholeStack
from tests.support.images import jpeg, truncated_jpeg

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]

SCREENSHOTS = os.environ.get("PIXFLEET_SCREENSHOTS", "")
PART_BYTES = 8 * 2**20
WIDTHS = (400, 1280)
PURGED_SECONDS = 180.0
Own = Callable[[str], Path]


@pytest.fixture(name="stack", scope="module")
def _stack() -> Iterator[WholeStack]:
    with applied_stack(Instance(free_port())) as stack:
        yield stack


@pytest.fixture(name="page", scope="module", params=[6, 5], ids=["uppy 6", "uppy 5"])
def _page(
    stack: WholeStack, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[UploadPage]:
    with opened(stack, tmp_path_factory.mktemp("page"), request.param) as page:
        yield page


@pytest.fixture(name="pictures", scope="module")
def _pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make pictures without compression, so that their sizes are known."""
    folder = tmp_path_factory.mktemp("pictures")
    rng = np.random.default_rng(7)
    for name, width, height in (("30.tif", 4000, 2500), ("150.tif", 8000, 6250)):
        small = rng.integers(0, 255, (height // 50, width // 50, 3), dtype=np.uint8)
        picture = pyvips.Image.new_from_array(small).resize(50, kernel="cubic").cast("uchar")
        picture.copy(interpretation="srgb").tiffsave(str(folder / name))
    (folder / "half.jpg").write_bytes(truncated_jpeg((400, 300)))
    (folder / "small.jpg").write_bytes(jpeg((400, 300)))
    return folder


@pytest.fixture(name="own")
def _own(pictures: Path, tmp_path: Path) -> Own:
    """Return a picture under a name that no other test uses: the page stays open."""

    def link(name: str) -> Path:
        path = tmp_path / f"{uuid4().hex[:8]}-{name}"
        os.link(pictures / name, path)
        return path

    return link


def test_a_picture_of_30_megabytes_is_posted(page: UploadPage, own: Own) -> None:
    file = own("30.tif")
    page.choose(file)

    assert page.until_ended(file.name) == "ready", page.text(file.name)
    assert "4000 × 2500" in page.text(file.name)  # noqa: RUF001 - as the page shows it
    assert page.picture(file.name)
    assert file.stat().st_size > 30e6
    assert len(page.sent("POST", "-sources-")) == 1
    assert page.sent("PUT", "") == []


def test_a_picture_of_150_megabytes_is_paused_and_resumed(page: UploadPage, own: Own) -> None:
    file = own("150.tif")
    page.choose(file)
    page.until(lambda: page.percent(file.name) > 20)
    page.press(file.name, ".pause")
    page.until_state(file.name, "paused")
    page.press(file.name, ".pause")

    assert page.until_ended(file.name) == "ready", page.text(file.name)
    assert file.stat().st_size > 150e6
    assert len(page.sent("GET", "/parts")) == 1, "the parts that S3 has are listed"
    uploaded = parts_put(page)
    count = -(-file.stat().st_size // PART_BYTES)
    assert set(uploaded) == {*range(1, count + 1)}
    # Only parts that were on their way are sent again; Uppy 5 sends six at a time.
    assert len(uploaded) <= count + 6


def test_a_cut_connection_is_shown_and_the_upload_goes_on(page: UploadPage, own: Own) -> None:
    """Uppy 6 goes on with the parts that S3 has; Uppy 5 aborts the upload and begins again."""
    file = own("150.tif")
    page.block("*partNumber=3*")
    page.choose(file)
    page.until_state(file.name, "failed")
    shown = page.text(file.name)
    page.block()
    page.press(file.name, ".retry")

    assert page.until_ended(file.name) == "ready", page.text(file.name)
    assert "interrupted" in shown
    if page.uppy == 6:
        assert len(page.sent("GET", "/parts")) == 1
        assert parts_put(page).count(1) == 1


def test_an_upload_goes_on_after_the_page_was_loaded_anew(page: UploadPage, own: Own) -> None:
    file = own("150.tif")
    page.choose(file)
    # Uppy 5 sends six parts at a time, so the first has arrived by then.
    page.until(lambda: page.percent(file.name) > 60)
    page.load()

    page.until_state(file.name, "unfinished")
    if SCREENSHOTS:
        shown = page.screenshot(WIDTHS[0])
        Path(SCREENSHOTS, f"unfinished-{page.uppy}.png").write_bytes(shown)
    page.choose(file)

    assert page.until_ended(file.name) == "ready", page.text(file.name)
    uploaded = parts_put(page)
    count = -(-file.stat().st_size // PART_BYTES)
    assert 1 not in uploaded
    assert 0 < len(uploaded) < count
    assert len([url for url in page.sent("POST", "/v1/uploads") if url.endswith("uploads")]) == 0
    page.load()
    assert page.state(file.name) == "None", "A completed upload is forgotten."


def test_an_upload_whose_parts_s3_has_deleted_begins_again(
    page: UploadPage, own: Own, stack: WholeStack
) -> None:
    file = own("150.tif")
    page.choose(file)
    page.until(lambda: page.percent(file.name) > 0)
    page.load()
    page.until_state(file.name, "unfinished")
    s3, bucket = stack.client("s3"), stack.names.sources_bucket
    (begun,) = s3.list_multipart_uploads(Bucket=bucket)["Uploads"]
    s3.abort_multipart_upload(Bucket=bucket, Key=begun["Key"], UploadId=begun["UploadId"])
    page.choose(file)
    page.until_state(file.name, "uploading")
    page.until(lambda: 1 in parts_put(page))

    page.press(file.name, ".remove")
    page.until(lambda: page.state(file.name) == "None")
    wait_for("the abortion", lambda: not s3.list_multipart_uploads(Bucket=bucket).get("Uploads"))


def test_a_corrupt_file_is_refused_with_its_cause(page: UploadPage, own: Own) -> None:
    file = own("half.jpg")
    page.choose(file)

    assert page.until_ended(file.name) == "refused"
    assert page.text(file.name).startswith("truncated: ")
    assert [status for url, status in page.statuses if file.name in url][-1] == 422


def test_a_deleted_picture_has_no_address_any_more(
    page: UploadPage, own: Own, stack: WholeStack
) -> None:
    file = own("small.jpg")
    page.choose(file)
    page.until_state(file.name, "ready")
    address = urlsplit(page.picture(file.name))
    path = f"{address.path}?{address.query}"
    assert [served.status for served in stack.get([path])] == [200]

    page.press(file.name, ".remove")

    page.until(lambda: page.state(file.name) == "None")
    gone = wait_for(
        "the purge",
        lambda: next((each for each in stack.get([path]) if each.status != 200), None),
        seconds=PURGED_SECONDS,
    )
    assert gone.status == 404


def test_the_example_in_typescript_uploads_a_picture(page: UploadPage, pictures: Path) -> None:
    key = f"{FOLDER}/{uuid4().hex}.jpg"

    record = page.upload_by_the_example(key, (pictures / "small.jpg").read_bytes())

    assert (record["key"], record["status"], record["width"]) == (key, "ready", 400)


def test_the_page_fits_narrow_and_wide_windows(page: UploadPage, own: Own) -> None:
    good, bad = own("small.jpg"), own("half.jpg")
    page.choose(good, bad)
    page.until_state(good.name, "ready")
    page.until_state(bad.name, "refused")

    for width in WIDTHS:
        shown = page.screenshot(width)
        if SCREENSHOTS:
            Path(SCREENSHOTS, f"upload-{page.uppy}-{width}.png").write_bytes(shown)
        overflow = page.chromium.value("document.documentElement.scrollWidth - innerWidth")
        assert overflow <= 0, width


def parts_put(page: UploadPage) -> list[int]:
    """Return the numbers of the parts that were sent to S3, in order."""
    urls = page.sent("PUT", "partNumber=")
    return [int(parse_qs(urlsplit(url).query)["partNumber"][0]) for url in urls]
