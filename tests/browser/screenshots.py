"""`make screenshots`: the main pages of the demo in both schemes, for the README and the guides."""

import re
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import requests
from playwright.sync_api import Browser, sync_playwright

from tests.browser.conftest import FLAGS, browser_at_hand
from tests.browser.world import Switched, switched

_FOLDER: Final = Path(__file__).parents[2] / "docs/images"
_WIDTH, _HEIGHT = 1280, 800
# Ninety checks a second apart fill a strip.
_WATCHED_SECONDS: Final = 100
_STUMBLES_SECONDS: Final = 12
_PATIENCE_SECONDS: Final = 120
_SCHEMES: Final = ("light", "dark")
_SITE: Final = {
    "Shop": "/delay/0.02", "Checkout": "/delay/0.08", "Search": "/json/2000",
    "Sign-in": "/status/200", "Pictures": "/bytes/200000", "Moved": "/redirect/2",
    "Reports": "/delay/0.3",
}  # fmt: skip


def main() -> int:
    """Take them all; the exit code."""
    path = browser_at_hand()
    if path is None:
        sys.stderr.write("no browser: install Debian's chromium\n")
        return 1
    _FOLDER.mkdir(parents=True, exist_ok=True)
    command = [sys.executable, "-P", "-m", "app", "demo", "--keep"]
    with (
        subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as demo,
        switched() as target,
    ):
        try:
            site, service = _started(demo)
            pages = _filled(service, site, target)
            with sync_playwright() as playwright:
                browser = playwright.chromium.launch(executable_path=path, args=list(FLAGS))
                for name, at in pages.items():
                    _take(browser, service + at, name)
                browser.close()
        finally:
            demo.terminate()
    return 0


def _started(demo: "subprocess.Popen[str]") -> tuple[str, str]:
    """Where the bundled targets and the service are, once the demo has shown what it shows."""
    assert demo.stdout is not None
    found: tuple[str, str] | None = None
    for line in demo.stdout:
        if (match := re.search(r"Targets on (\S+), service on (\S+)\.", line)) is not None:
            found = match[1], match[2]
        if found is not None and "Serving until" in line:
            return found
    raise SystemExit("The demo did not come to its end.")


def _post(service: str, path: str, body: Mapping[str, Any]) -> dict[str, Any]:
    answer = requests.post(f"{service}/api/v1{path}", json=body, timeout=_PATIENCE_SECONDS)
    answer.raise_for_status()
    made: dict[str, Any] = answer.json()
    return made


def _filled(service: str, site: str, target: Switched) -> dict[str, str]:
    """Watch some targets long enough to have something to show; pages by name."""
    urls = {name: site + path for name, path in _SITE.items()} | {"Mail": target.url + "/switch"}
    for name, url in urls.items():
        well = {"of": "status", "op": "in", "value": ["2xx"]}
        slow = {"of": "total", "op": "<", "value": 0.25, "otherwise": "degraded"}
        monitor = {
            "key": name.lower(), "name": name, "interval_seconds": 1,
            "labels": {"team": "shop" if "delay" in url else "platform"},
            "target": {"url": url, "expect": [well, slow]},
            "slo": {"target": 0.999, "window": "30d"},
        }  # fmt: skip
        made = _post(service, "/monitors", monitor)
    for _ in range(2):
        time.sleep(_WATCHED_SECONDS / 3)
        target.well.clear()
        time.sleep(_STUMBLES_SECONDS)
        target.well.set()
    time.sleep(_WATCHED_SECONDS / 3 - _STUMBLES_SECONDS)
    target.well.clear()
    time.sleep(_STUMBLES_SECONDS)
    keys = [name.lower() for name in urls]
    _post(service, "/status-pages", {
        "slug": "shop", "title": "The shop", "selection": {"keys": keys},
        "description": "How the services of the shop are, as their monitors see them.",
    })  # fmt: skip
    _post(service, "/status-pages/shop/updates", {
        "title": "Mail is not delivered", "status": "investigating", "keys": ["mail"],
        "text": "Mail is queued and will be delivered late. We are looking into it.",
    })  # fmt: skip
    batch = requests.get(f"{service}/api/v1/batches", timeout=30).json()["items"][0]["id"]
    comparison = requests.get(f"{service}/api/v1/comparisons", timeout=30).json()["items"][0]["id"]
    return {
        "overview": "/", "monitor": f"/monitors/{made['id']}", "new-monitor": "/monitors/new",
        "batch": f"/batches/{batch}", "comparison": f"/comparisons/{comparison}",
        "strategies": "/strategies", "incidents": "/incidents", "health": "/health",
        "status-page": "/status/shop",
    }  # fmt: skip


def _take(browser: Browser, url: str, name: str) -> None:
    for scheme in _SCHEMES:
        context = browser.new_context(
            viewport={"width": _WIDTH, "height": _HEIGHT},
            color_scheme="dark" if scheme == "dark" else "light",
            locale="en-GB",
            timezone_id="UTC",
        )
        page = context.new_page()
        page.goto(url)
        page.wait_for_function("document.querySelectorAll('[aria-busy=true]').length === 0")
        page.screenshot(path=_FOLDER / f"{name}-{scheme}.png")
        context.close()


if __name__ == "__main__":
    sys.exit(main())
