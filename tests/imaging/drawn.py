"""Images that are hard to shrink: text, thin lines, and the detail of a photograph."""

from io import BytesIO

from PIL import Image, ImageDraw, ImageFont

from tests.support import images

INK, PAPER, BLUE, RED = (0, 0, 0), (255, 255, 255), (20, 20, 120), (160, 30, 20)
SENTENCE = "The quick brown fox jumps over the lazy dog 0123456789 " * 6


def text(size: images.Size) -> Image.Image:
    """Return lines of black text on white; the font size grows and starts again."""
    picture = Image.new("RGB", size, PAPER)
    draw, top, height = ImageDraw.Draw(picture), 10, 14
    while top < size[1]:
        draw.text((10, top), SENTENCE, fill=INK, font=ImageFont.load_default(height))
        top += height * 4 // 3
        height = 14 + (height - 7) % 60
    return picture


def line_art(size: images.Size) -> Image.Image:
    """Return a drawing of thin slanted lines and circles on white."""
    picture = Image.new("RGB", size, PAPER)
    draw, (width, height) = ImageDraw.Draw(picture), size
    for left in range(0, width, 40):
        draw.line((left, 0, width - left, height), fill=BLUE, width=3)
    for radius in range(50, height, 50):
        box = (
            width // 2 - radius,
            height // 2 - radius,
            width // 2 + radius,
            height // 2 + radius,
        )
        draw.ellipse(box, outline=RED, width=4)
    return picture


def saved(picture: Image.Image, format_name: str) -> bytes:
    """Return a file of a picture; a JPEG has a camera's quality."""
    buffer = BytesIO()
    picture.save(buffer, format_name, quality=92)
    return buffer.getvalue()
