"""The sources of the golden pictures: flat shapes, so that people see what is wrong."""

import io

import pyvips
from PIL import Image, ImageDraw

from tests.support import images, images_by_hand, images_heic, profiles

SIZE: images.Size = (128, 96)
WIDE: images.Size = (256, 96)
RED, GREEN, BLUE = (230, 20, 20), (20, 180, 40), (30, 60, 220)
BLACK, WHITE, GREY, YELLOW = (0, 0, 0), (255, 255, 255), (128, 128, 128), (240, 220, 40)
CLEAR_GREEN = (0, 255, 0, 0)

# The quarters of `patches` as they are stored: skin, sky, grey, grass.
STORED = ((200, 120, 90), (90, 120, 200), (128, 128, 128), (110, 160, 60))
INKS = ((20, 160, 180, 10), (160, 20, 40, 0), (0, 0, 0, 128), (60, 0, 160, 0))

# P, I, X: seven rows of five dots, so that the result does not depend on a font.
GLYPHS = (
    ("####.", "#...#", "#...#", "####.", "#....", "#....", "#...."),
    (".###.", "..#..", "..#..", "..#..", "..#..", "..#..", ".###."),
    ("#...#", "#...#", ".#.#.", "..#..", ".#.#.", "#...#", "#...#"),
)


def quarters(colours: tuple[tuple[int, ...], ...], mode: str = "RGB") -> Image.Image:
    """Return four plain quarters: the top from left to right, then the bottom."""
    picture = Image.new(mode, SIZE)
    across, down = SIZE[0] // 2, SIZE[1] // 2
    for at, colour in enumerate(colours):
        left, top = at % 2 * across, at // 2 * down
        picture.paste(colour, (left, top, left + across, top + down))
    return picture


def stored(format_name: str, orientation: int) -> bytes:
    """Return the corners as a format stores them with an orientation."""
    if format_name == "HEIC":
        return images_heic.oriented_heic(orientation, SIZE)
    if format_name == "JPEG":
        return images.oriented_jpeg(orientation, SIZE)
    return images.oriented(format_name, orientation, SIZE)


def glass() -> bytes:
    """Return semi-transparent corners, stored rotated, with their EXIF orientation."""
    picture = images.corners(SIZE).transpose(images.STORED_AS[6])
    picture.putalpha(200)
    return images.saved(picture, "PNG", exif=images.exif(6))


def profiled(format_name: str, profile: bytes) -> bytes:
    """Return the quarters with a colour profile."""
    return images.saved(quarters(STORED), format_name, icc_profile=profile)


def deep_prophoto() -> bytes:
    """Return the quarters in ProPhoto and 16 bits, as a raw developer exports them."""
    eight = pyvips.Image.new_from_memory(quarters(STORED).tobytes(), *SIZE, 3, "uchar")
    deep = (eight.cast("ushort") * 257).cast("ushort").copy(interpretation="rgb16")
    deep.set_type(pyvips.GValue.blob_type, "icc-profile-data", profiles.prophoto())
    return bytes(deep.pngsave_buffer())


def ink(*, with_profile: bool) -> bytes:
    """Return the quarters in CMYK, with or without a profile."""
    said = {"icc_profile": bytes(pyvips.Image.profile_load("cmyk"))} if with_profile else {}
    return images.saved(quarters(INKS, "CMYK"), "JPEG", **said)


def greys(**options: object) -> bytes:
    """Return quarters of black, two greys and white, in one band."""
    return images.saved(quarters(((0,), (100,), (180,), (255,)), "L"), "JPEG", **options)


def see_through_p3() -> bytes:
    """Return the quarters in Display P3, half transparent above and clear at the bottom right."""
    picture = quarters(STORED).convert("RGBA")
    alpha = quarters(((128,), (128,), (255,), (0,)), "L")
    picture.putalpha(alpha)
    return images.saved(picture, "PNG", icc_profile=profiles.display_p3())


def fading() -> bytes:
    """Return one red that fades from opaque on the left to clear on the right."""
    picture = Image.new("RGBA", SIZE, (*RED, 255))
    ramp = bytes(255 - 255 * x // (SIZE[0] - 1) for x in range(SIZE[0])) * SIZE[1]
    picture.putalpha(Image.frombytes("L", SIZE, ramp))
    return images.saved(picture, "PNG")


def cut_out() -> bytes:
    """Return a red disc on transparent green, which must not show."""
    picture = Image.new("RGBA", SIZE, CLEAR_GREEN)
    ImageDraw.Draw(picture).ellipse((24, 8, 103, 87), fill=(*RED, 255))
    # Odd stripes, too: each pixel of a rung then has some of both.
    for left in range(0, 20, 3):
        picture.paste((*RED, 255), (left, 0, left + 1, SIZE[1]))
    return images.saved(picture, "PNG")


def three_bands() -> bytes:
    """Return red, green and blue side by side, each with a white dot in its middle."""
    picture = Image.new("RGB", WIDE, GREEN)
    picture.paste(RED, (0, 0, 86, WIDE[1]))
    picture.paste(BLUE, (170, 0, *WIDE))
    for middle in (42, 128, 214):
        picture.paste(WHITE, (middle - 8, 40, middle + 8, 56))
    return images.saved(picture, "PNG")


def something_red() -> bytes:
    """Return grey with a red disc at the far right, which gravity attention finds."""
    picture = Image.new("RGB", WIDE, GREY)
    ImageDraw.Draw(picture).ellipse((196, 28, 236, 68), fill=RED)
    return images.saved(picture, "PNG")


def something_rich() -> bytes:
    """Return soft shades at the far left, which have most entropy, and a red disc at the right."""
    picture = Image.open(io.BytesIO(something_red()))
    for left in range(96):
        picture.paste((80 + left,) * 3, (left, 0, left + 1, WIDE[1]))
    return images.saved(picture, "PNG")


def page(format_name: str) -> bytes:
    """Return black text on white, as on a page or a screen."""
    picture = Image.new("RGB", (512, 384), WHITE)
    dot_width, dot_height = 12, 16
    for number in range(14):
        left, top = 8 + number % 7 * 72, 8 + number // 7 * 152
        for row, dots in enumerate(GLYPHS[number % 3]):
            for column, dot in enumerate(dots):
                if dot == "#":
                    across, down = left + column * dot_width, top + row * dot_height
                    picture.paste(BLACK, (across, down, across + dot_width, down + dot_height))
    return images.saved(picture, format_name)


def moving(format_name: str, count: int = 4) -> bytes:
    """Return a red square that moves over blue, by a quarter of the width per frame."""
    frames = []
    for at in range(count):
        frame = Image.new("RGB", SIZE, BLUE)
        frame.paste(RED, (32 * at, 32, 32 * at + 32, 64))
        frames.append(frame)
    options: dict[str, object] = {"duration": 100, "loop": 0, "save_all": True}
    return images.saved(frames[0], format_name, append_images=frames[1:], **options)


def disposing() -> bytes:
    """Return a GIF of 16 by 16 whose disposals are keep, clear, restore and keep."""
    return images_by_hand.gif(
        ((0, 0, 16, 16), 1, RED),
        ((0, 0, 8, 8), 2, GREEN),
        ((8, 0, 8, 8), 3, BLUE),
        ((0, 8, 8, 8), 1, YELLOW),
    )


def watermark() -> bytes:
    """Return a watermark: a yellow half and a blue half, so that it has a left and a right."""
    picture = Image.new("RGBA", (64, 32), (*YELLOW, 255))
    picture.paste((*BLUE, 255), (32, 0, 64, 32))
    return images.saved(picture, "PNG")


def plain(colour: tuple[int, ...]) -> bytes:
    """Return an image of one colour, with alpha if the colour has."""
    mode = "RGBA" if len(colour) == 4 else "RGB"
    return images.saved(images.plain(colour, mode, SIZE), "PNG")


def tiny() -> bytes:
    """Return the corners, smaller than any rung."""
    return images.saved(images.corners((40, 30)), "PNG")
