"""One demo town and one browser for every test of the day."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import pytest
from playwright.async_api import Browser, async_playwright, expect

from tests.day.people import ACTION_MS_MAX, Pocket, Visitors
from tests.day.pictures import Camera
from tests.day.town import Town, settle

CHROMIUM_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def town(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Town]:
    """The town of the day: started by its command, stopped by Ctrl-C, and gone afterwards."""
    settled = settle(tmp_path_factory.mktemp("town") / "data", residents=20)
    try:
        yield settled
    finally:
        code = settled.stop()
    assert code == 0
    assert settled.postgres_is_gone()
    assert not (settled.data / "postgres" / "postmaster.pid").exists()
    assert "Traceback" not in settled.complaints


@pytest.fixture(scope="session")
def camera(tmp_path_factory: pytest.TempPathFactory) -> Camera:
    """What stands before the camera of every counter."""
    return Camera(tmp_path_factory.mktemp("camera") / "frames.mjpeg")


@pytest.fixture(scope="session")
async def browser(chromium: str, camera: Camera) -> AsyncIterator[Browser]:
    """A real browser with a camera; whether a page may use it, each context decides."""
    expect.set_options(timeout=ACTION_MS_MAX)
    async with async_playwright() as playwright:
        launched = await playwright.chromium.launch(
            executable_path=chromium,
            args=[
                *CHROMIUM_ARGUMENTS,
                "--use-fake-device-for-media-stream",
                f"--use-file-for-fake-video-capture={camera.path}",
            ],
        )
        yield launched
        await launched.close()


@pytest.fixture(scope="module")
async def visitors(browser: Browser, town: Town) -> AsyncIterator[Visitors]:
    """People with browsers of their own; none of their pages may complain or ask another machine."""
    came = Visitors(browser, town)
    yield came
    await came.leave()
    assert came.strangers() == []
    assert came.complaints == []


@pytest.fixture(scope="module")  # for longer, counters would lock while other files run
def pocket(town: Town) -> Iterator[Pocket]:
    """@resident with a phone that is no browser, and the counters of County Hospital 2 signed in beside her."""
    carried = Pocket(town, "@resident", "@desk", "@doctor", "@cashier")
    carried.add_phone()
    yield carried
    carried.close()
