"""A real browser, and a service with something of everything to look at."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, BrowserContext, Page, sync_playwright

from tests.browser.world import World, world_in
from tests.services import running

_NAMES = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
)  # fmt: skip
PATIENCE_MS = 30_000

Opened = Callable[..., Page]


def browser_at_hand() -> str | None:
    """The path of a browser of this machine; none is ever downloaded."""
    return next((path for name in _NAMES if (path := shutil.which(name))), None)


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """A browser; for a module, since its event loop would stand in the way of other tests."""
    path = browser_at_hand()
    if path is None:
        pytest.skip("no browser: install Debian's chromium to run this test")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def opened(chromium: Browser) -> Iterator[Opened]:
    """Opens pages; in the end none may have complained, or asked another host for anything."""
    contexts: list[BrowserContext] = []
    complaints: list[str] = []

    def open_at(
        url: str, *, scripts: bool = True, width: int = 1280, complains: bool = False, **more: Any
    ) -> Page:
        context = chromium.new_context(
            viewport={"width": width, "height": 900},
            # A POSIX locale breaks the axes of charts.
            locale="en-GB",
            timezone_id="Europe/Berlin",
            java_script_enabled=scripts,
            **more,
        )
        context.set_default_timeout(PATIENCE_MS)
        contexts.append(context)
        page = context.new_page()
        host = url.split("/")[2]
        if not complains:
            page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on(
            "request",
            lambda r: None if _is_of(r.url, host) else complaints.append(f"asked for {r.url}"),
        )
        page.goto(url)
        return page

    yield open_at
    for context in contexts:
        context.close()
    assert not complaints


def _is_of(url: str, host: str) -> bool:
    return url.startswith(("data:", "blob:")) or url.split("/")[2] == host


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    folder: Path = tmp_path_factory.mktemp("world")
    with running(folder) as service, world_in(service) as made:
        yield made
