"""`tercet lab` and what `tercet compare` measures at several sizes."""

import subprocess
import sys
from pathlib import Path

import pytest


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
    ("words", "why"),
    [
        (("magic",), "there is none of that name"),
        (("cpu", "--url", "http://127.0.0.1/"), "cpu sends no requests"),
        (("cpu", "-c", "async+curl"), "has no client"),
        (("cpu", "-c", "nope"), "no strategy is called 'nope'"),
        (("spawn", "--html", "/nowhere/at/all.html"), "there is no folder"),
    ],
)
def test_a_mistake_is_told_before_anything_is_measured(words: tuple[str, ...], why: str) -> None:
    found = _tercet("lab", *words)

    assert found.returncode == 2
    assert why in found.stderr
    assert "Traceback" not in found.stderr


def test_a_size_beyond_the_list_is_refused() -> None:
    found = _tercet("compare", "http://127.0.0.1:9/", "--scale", "2")

    assert found.returncode == 2
    assert "there are 1 targets" in found.stderr
