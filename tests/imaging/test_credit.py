"""Copyright and creator are kept if a recipe says so, and no other metadata ever is."""

import io
from dataclasses import replace

import pytest
import pyvips
from PIL import Image

from shared.imaging.credit import Credit, read_credit
from shared.imaging.encoding.encode import Encoder, encode
from shared.imaging.formats.xmp import read_items
from shared.imaging.render import Encoded, render
from shared.model.codec import Codec
from shared.model.limits import Limits
from shared.model.recipe import Recipe, Slot, Variant
from tests.imaging.rendering import opened
from tests.support import images, images_heic
from tests.support.credits import SECRETS, exif, packet, saved, talkative

pytestmark = pytest.mark.imaging

BOTH = ("copyright", "creator")
KEEPING = Recipe("kept", (Variant("w80", tuple(Slot), width=80),), metadata=BOTH)
CREDITED = exif(rights="(c) 2026 Ada", creator="Ada")
CREDITED_XMP = packet(rights=["(c) 2026 Ada"], creator=["Ada"])
TELLTALES = (b"Exif", b"EXIF", b"eXIf", b"ICC", b"iCCP", b"8BIM", b"GPS", b"GMap", b"tEXt")
PLACES = ("xmp", "XML:com.adobe.xmp")  # Pillow's names for the packet


def made(data: bytes, recipe: Recipe = KEEPING) -> list[Encoded]:
    return [each for each in render(data, recipe, Limits()) if isinstance(each, Encoded)]


def packet_of(picture: Image.Image) -> bytes:
    """Return the XMP packet of an image; empty if it has none."""
    found = [picture.info[place] for place in PLACES if place in picture.info]
    assert len(found) <= 1
    return "".join(each if isinstance(each, str) else each.decode() for each in found).encode()


SOURCES = {
    "jpeg": saved("JPEG", exif=CREDITED, comment=b"secret title"),
    "webp": saved("WEBP", exif=CREDITED),
    "png": saved("PNG", exif=CREDITED),
    "avif": saved("AVIF", exif=CREDITED),
    "tiff": saved("TIFF", tiffinfo=CREDITED),
    "heic": images_heic.heic(images.corners(images.SMALL), exif=CREDITED.tobytes()),
    "jpeg with XMP": saved("JPEG", xmp=CREDITED_XMP),
    "webp with XMP": saved("WEBP", xmp=CREDITED_XMP),
    "heic with XMP": images_heic.heic(images.corners(images.SMALL), xmp=CREDITED_XMP),
    "talkative jpeg": talkative("JPEG"),
    "talkative webp": talkative("WEBP"),
    "talkative avif": talkative("AVIF"),
}


@pytest.mark.parametrize("data", SOURCES.values(), ids=SOURCES.keys())
def test_a_variant_holds_its_credit_and_no_other_metadata(data: bytes) -> None:
    files = made(data)

    assert len(files) == 3
    for file in files:
        picture = opened(file)
        assert packet_of(picture) == Credit("(c) 2026 Ada", "Ada").packet
        assert not picture.getexif()
        assert not {"exif", "comment", "photoshop", "icc_profile"} & set(picture.info)
        assert [each for each in TELLTALES if each in file.data] == []
        assert [each for each in SECRETS if each.encode() in file.data] == []


@pytest.mark.parametrize(
    ("kept", "said"),
    [
        (("copyright",), {"rights": ["(c) 2026 Ada"]}),
        (("creator",), {"creator": ["Ada"]}),
        (BOTH, {"rights": ["(c) 2026 Ada"], "creator": ["Ada"]}),
        ((), {}),
    ],
)
def test_only_what_the_recipe_keeps_is_kept(
    kept: tuple[str, ...], said: dict[str, list[str]]
) -> None:
    files = made(SOURCES["talkative jpeg"], replace(KEEPING, metadata=kept))

    assert [read_items(packet_of(opened(file))) for file in files] == [said] * 3


@pytest.mark.parametrize(
    "data",
    [images.jpeg(), images.animated_gif(), saved("BMP"), saved("JPEG", exif=exif())],
    ids=["jpeg", "gif", "bmp", "a position alone"],
)
def test_without_a_credit_no_metadata_is_written(data: bytes) -> None:
    plain = [file.data for file in made(data, replace(KEEPING, metadata=()))]

    assert [file.data for file in made(data)] == plain


QUALITY: dict[str, int] = {Codec.JPEG: 80, Codec.WEBP: 80, Codec.AVIF: 60}
EFFORT: dict[str, int] = {Codec.JPEG: 3, Codec.WEBP: 0, Codec.AVIF: 0, Codec.PNG: 6, Codec.GIF: 1}
SAID = Credit("© 2026 Ada & Söhne <Berlin>", "Ada; Grace")


def laden(picture: Image.Image | bytes) -> pyvips.Image:
    """Return an image with every kind of metadata that libvips knows."""
    file = picture if isinstance(picture, bytes) else images.saved(picture, "PNG")
    options = {"n": -1} if isinstance(picture, bytes) else {}
    image = pyvips.Image.new_from_buffer(file, "", **options).copy_memory().copy()
    source = pyvips.Image.new_from_buffer(talkative("JPEG"), "")
    blobs = ("exif-data", "xmp-data", "iptc-data", "icc-profile-data", "gainmap-data")
    for name in blobs:
        value = source.get(name) if source.get_typeof(name) else b"SN-12345"
        image.set_type(pyvips.GValue.blob_type, name, value)
    image.set_type(pyvips.GValue.gstr_type, "png-comment-0-Title", "secret title")
    return image


PICTURES: dict[str, tuple[Codec, Image.Image | bytes]] = {
    "jpeg": (Codec.JPEG, images.detail((61, 47))),
    "png": (Codec.PNG, images.detail((61, 47))),
    "png with alpha": (Codec.PNG, images.with_alpha((61, 47))),
    "webp": (Codec.WEBP, images.detail((61, 47))),
    "webp with alpha": (Codec.WEBP, images.with_alpha((61, 47))),
    "webp that moves": (Codec.WEBP, images.animated_gif()),
    "avif": (Codec.AVIF, images.detail((61, 47))),
    "avif with alpha": (Codec.AVIF, images.with_alpha((61, 47))),
}


@pytest.mark.parametrize(("codec", "picture"), PICTURES.values(), ids=PICTURES.keys())
def test_a_packet_is_all_that_is_added_to_a_file(
    codec: Codec, picture: Image.Image | bytes
) -> None:
    image = laden(picture)

    plain, credited = (
        encode(image, Encoder(codec), quality=QUALITY, effort=EFFORT, packet=each)
        for each in (b"", SAID.packet)
    )

    before, after = (Image.open(io.BytesIO(file)) for file in (plain, credited))
    assert packet_of(before) == b""
    assert packet_of(after) == SAID.packet
    assert set(after.info) - set(before.info) <= set(PLACES)
    assert after.mode == before.mode
    assert after.tobytes() == before.tobytes()
    assert getattr(after, "n_frames", 1) == getattr(before, "n_frames", 1)
    assert 0 < len(credited) - len(plain) < 620
    assert [each for each in TELLTALES if each in credited] == []
    assert [each for each in SECRETS if each.encode() in credited] == []


def test_a_packet_does_not_stay_on_the_callers_image() -> None:
    image = pyvips.Image.new_from_buffer(images.jpeg(), "").copy_memory()

    for each in (SAID.packet, b""):
        file = encode(image, Encoder(Codec.JPEG), quality=QUALITY, effort=EFFORT, packet=each)

    assert not image.get_typeof("xmp-data")
    assert packet_of(Image.open(io.BytesIO(file))) == b""


def test_a_gif_holds_no_credit() -> None:
    image = laden(images.animated_gif())

    plain, credited = (
        encode(image, Encoder(Codec.GIF), quality=QUALITY, effort=EFFORT, packet=each)
        for each in (b"", SAID.packet)
    )

    assert credited == plain
    assert b"adobe" not in credited


AWKWARD: dict[str, tuple[str | bytes, str]] = {
    "UTF-8": ("© Ada".encode(), "© Ada"),
    "Latin-1": ("© Ada".encode("latin-1"), "© Ada"),
    "photographer and editor": (b"Ada\0Grace", "Ada; Grace"),
    "an editor alone": (b" \0Grace", "Grace"),
    "control characters": (b"Ada\x1b[31m\r\nGrace\x07", "Ada [31m Grace"),
    "text that turns around": ("Ada\u202egnp".encode(), "Ada gnp"),
    "blanks": (b"    ", ""),
    "a novel": (b"word " * 900, ("word " * 48).strip()),
}


@pytest.mark.parametrize(("raw", "shown"), AWKWARD.values(), ids=AWKWARD.keys())
def test_awkward_text_becomes_one_printable_line(raw: bytes, shown: str) -> None:
    data = saved("JPEG", exif=exif(rights=raw))

    assert read_credit(data, "jpeg", BOTH) == Credit(copyright=shown)


def test_several_creators_are_joined_and_one_notice_is_enough() -> None:
    data = saved(
        "JPEG", xmp=packet(rights=["(c) Ada", "(c) Ada, en français"], creator=["A", "B"])
    )

    assert read_credit(data, "jpeg", BOTH) == Credit("(c) Ada", "A; B")


@pytest.mark.parametrize("name", ["; Ada", "Ada; ; Grace", ";", "; ;"])
def test_an_empty_creator_is_left_out(name: str) -> None:
    items = read_items(Credit(creator=name).packet)

    assert items["creator"]
    assert all(items["creator"])


def test_a_hostile_packet_does_not_fail_the_image() -> None:
    bomb = b'<!DOCTYPE x [<!ENTITY a "aaaa">]>' + packet(rights=["&a;"], creator=["&a;"])

    files = made(saved("JPEG", xmp=bomb))

    assert [packet_of(opened(file)) for file in files] == [b"", b"", b""]
