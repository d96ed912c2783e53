"""What pages look like: codes read from screenshots, colours counted, and the picture before a fake camera."""

from __future__ import annotations

import asyncio
import colorsys
import contextlib
import io
from collections.abc import AsyncIterator
from pathlib import Path

import zxingcpp
from PIL import Image
from playwright.async_api import Page

FRAME = (640, 480)
FRAME_BYTES = 120_000  # every frame has the same length, so that the file can be overwritten in place
_COMMENT_BYTES_MAX = 65_533
_EVERY_SECONDS = 0.1
# A colour of a verdict: strong and visible, and not the cobalt of links (degrees of the colour wheel).
SATURATION_MAX, VALUE_MIN, HUES = 0.35, 0.25, (200, 260)


class Camera:
    """A file that Chromium takes for a camera."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.write_bytes(frame(Image.new("RGB", FRAME, "white")))

    def see(self, picture: Image.Image) -> None:
        """Put a picture before the camera."""
        with self.path.open("r+b") as file:  # in place: a renamed file is seen only by a new stream
            file.write(frame(picture))

    @contextlib.asynccontextmanager
    async def pointed_at(self, phone: Page) -> AsyncIterator[None]:
        """Hold a phone before the camera: its screen, again and again, as it is at that moment."""

        async def hold() -> None:
            while True:
                self.see(await top_of(phone))
                await asyncio.sleep(_EVERY_SECONDS)

        holding = asyncio.create_task(hold())
        try:
            yield
        finally:
            holding.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await holding
            self.see(Image.new("RGB", FRAME, "white"))


async def screen(page: Page) -> Image.Image:
    """Take what is on the screen."""
    return Image.open(io.BytesIO(await page.screenshot())).convert("RGB")


async def top_of(phone: Page) -> Image.Image:
    """Take the upper part of a phone's screen as a camera before it would see it."""
    width = (phone.viewport_size or {"width": FRAME[0]})["width"]
    taken = await phone.screenshot(clip={"x": 0, "y": 0, "width": width, "height": FRAME[1]}, type="jpeg")
    picture = Image.new("RGB", FRAME, "grey")
    picture.paste(Image.open(io.BytesIO(taken)), ((FRAME[0] - width) // 2, 0))
    return picture


def frame(picture: Image.Image) -> bytes:
    """Write one JPEG of exactly FRAME_BYTES, padded with comments (ITU-T T.81, B.2.4.5)."""
    written = io.BytesIO()
    picture.save(written, "JPEG", quality=85)
    jpeg = written.getvalue()
    missing = FRAME_BYTES - len(jpeg)
    assert missing > 4
    comments = b""
    while missing:
        length = min(missing - 4, _COMMENT_BYTES_MAX)
        if 0 < missing - 4 - length < 5:
            length -= 5  # leave room for the last comment's own head
        comments += b"\xff\xfe" + (length + 2).to_bytes(2) + bytes(length)
        missing -= length + 4
    return jpeg[:2] + comments + jpeg[2:]


def codes_in(picture: Image.Image) -> list[str]:
    """Read every QR code of a picture."""
    return [
        found.text
        for found in zxingcpp.read_barcodes(picture, formats=zxingcpp.BarcodeFormats(zxingcpp.BarcodeFormat.QRCode))
    ]


def verdicts_in(picture: Image.Image) -> list[tuple[int, ...]]:
    """List the colours that could be taken for a verdict."""
    found = picture.convert("RGB").getcolors(picture.width * picture.height)
    assert found
    return [colour for _, colour in found if isinstance(colour, tuple) and _is_verdict(colour)]


def _is_verdict(colour: tuple[int, ...]) -> bool:
    red, green, blue = (part / 255 for part in colour)
    hue, saturation, value = colorsys.rgb_to_hsv(red, green, blue)
    return saturation > SATURATION_MAX and value > VALUE_MIN and not HUES[0] <= hue * 360 <= HUES[1]
