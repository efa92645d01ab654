"""`tercet lab` and what `tercet compare` measures at several sizes."""

import subprocess
import sys
from pathlib import Path

import pytest

from app.cli.lab import lab
from app.cli.shown import Files


def _tercet(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "app", *words],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )


def test_a_workload_is_carried_and_its_lesson_told(tmp_path: Path) -> None:
    page = tmp_path / "lab.html"

    found = _tercet("lab", "spawn", "--items", "3", "--rounds", "1", "--html", str(page))

    assert found.returncode == 0, found.stderr
    assert found.stdout.startswith("Starting a thread is")
    assert "memory_bytes" in found.stdout
    assert "<svg" in page.read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("workload", "contenders", "url", "html", "why"),
    [
        ("magic", [], None, None, "there is none of that name"),
        ("cpu", [], "http://127.0.0.1/", None, "cpu sends no requests"),
        ("cpu", ["async+curl"], None, None, "has no client"),
        ("cpu", ["nope"], None, None, "no strategy is called 'nope'"),
        ("spawn", [], None, Path("/nowhere/at/all.html"), "there is no folder"),
    ],
)
def test_a_mistake_is_told_before_anything_is_measured(
    capsys: pytest.CaptureFixture[str],
    workload: str,
    contenders: list[str],
    url: str | None,
    html: Path | None,
    why: str,
) -> None:
    code = lab(
        workload, contenders, items=None, size=None, url=url, rounds=5, ca_bundle=None,
        files=Files(html, None),
    )  # fmt: skip

    assert code == 2
    assert why in capsys.readouterr().err


def test_a_size_beyond_the_list_is_refused() -> None:
    found = _tercet("compare", "http://127.0.0.1:9/", "--scale", "2")

    assert found.returncode == 2
    assert "there are 1 targets" in found.stderr
