"""What linters cannot hold: sizes, names, and that what is offered is described."""

import re
import subprocess
from pathlib import Path

import pytest

from app.main import build
from app.settings import Settings
from checkers import CATALOGUE, Reason

ROOT = Path(__file__).parents[1]
CODE = [
    path
    for room in ("app", "checkers", "migrations", "bench")
    for path in (ROOT / room).rglob("*.py")
]
TESTS = list((ROOT / "tests").rglob("*.py"))
FORBIDDEN_MODULES = {"utils", "helpers", "common", "manager", "base", "misc", "core"}


@pytest.mark.parametrize(("paths", "most"), [(CODE, 300), (TESTS, 500)])
def test_a_file_is_read_in_one_sitting(paths: list[Path], most: int) -> None:
    lengths = {
        path.relative_to(ROOT).as_posix(): len(path.read_text().splitlines()) for path in paths
    }

    assert {name: lines for name, lines in lengths.items() if lines > most} == {}


def test_no_module_is_a_drawer_for_odds_and_ends() -> None:
    names = {part for path in CODE for part in (*path.relative_to(ROOT).parts[:-1], path.stem)}

    assert names & FORBIDDEN_MODULES == set()


def test_nothing_is_left_undone() -> None:
    left = re.compile(r"\b(TODO|FIXME|XXX|HACK)\b|NotImplementedError")

    assert [path.name for path in CODE if left.search(path.read_text(encoding="utf-8"))] == []


def test_every_setting_is_documented() -> None:
    told = (ROOT / "docs" / "settings.md").read_text(encoding="utf-8")

    assert [name for name in Settings.model_fields if f"`TERCET_{name.upper()}`" not in told] == []


def test_every_reason_is_documented() -> None:
    told = (ROOT / "docs" / "reasons.md").read_text(encoding="utf-8")

    assert [reason.value for reason in Reason if f"`{reason.value}`" not in told] == []


def test_every_strategy_is_documented() -> None:
    told = (ROOT / "docs" / "strategies.md").read_text(encoding="utf-8")

    assert [name.value for name in CATALOGUE if f"`{name.value}`" not in told] == []


def test_every_route_is_documented() -> None:
    told = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
    paths = build(Settings(database_url="sqlite:///unused.db")).openapi()["paths"]

    assert [path for path in paths if f"{path}`" not in told] == []


def test_every_decision_is_short_and_numbered() -> None:
    decisions = sorted((ROOT / "docs" / "decisions").glob("*.md"))

    assert [int(path.name[:4]) for path in decisions] == list(range(1, len(decisions) + 1))
    assert [path.name for path in decisions if len(path.read_text().splitlines()) > 60] == []
    assert len((ROOT / "ARCHITECTURE.md").read_text().splitlines()) <= 150


def test_every_make_target_says_what_it_does() -> None:
    lines = (ROOT / "Makefile").read_text(encoding="utf-8").splitlines()
    targets = [line for line in lines if re.match(r"[a-z]+:", line)]

    assert [line for line in targets if "## " not in line] == []


def test_links_between_documents_lead_somewhere() -> None:
    link = re.compile(r"\]\((?!https?://|#)([^)#]+)")
    documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]

    broken = [
        (document.name, target)
        for document in documents
        for target in link.findall(document.read_text(encoding="utf-8"))
        if not (document.parent / target).exists()
    ]
    assert broken == []


def test_the_lock_names_no_host() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")

    assert "http" not in re.sub(r"^[\w-]*http[\w-]*==", "", lock, flags=re.MULTILINE)
    assert lock.count("--hash=sha256:") > 100


def test_the_head_of_a_module_says_what_it_is_for() -> None:
    empty = [path.name for path in CODE if not path.read_text(encoding="utf-8").startswith('"""')]

    assert empty == []


def test_nothing_third_party_is_in_the_repository() -> None:
    listed = subprocess.run(
        ["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False
    ).stdout.split()

    assert [name for name in listed if name.endswith((".min.js", ".whl", ".so", ".woff2"))] == []
