"""What the documents tell one to type does what they say."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.services import Service, running

ROOT = Path(__file__).parents[1]
API = (ROOT / "docs" / "api.md").read_text(encoding="utf-8")
_HERE = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with running(tmp_path_factory.mktemp("service")) as made:
        yield made


@pytest.mark.skipif(shutil.which("curl") is None, reason="there is no curl on this machine")
def test_every_example_of_the_api_works_as_it_is_written(service: Service) -> None:
    blocks = re.findall(r"```sh\n(.*?)```", API, flags=re.DOTALL)
    script = "set -euo pipefail\n" + "\n".join(blocks).replace(_HERE, service.url)

    ended = subprocess.run(
        ["bash", "-c", script], capture_output=True, text=True, check=False, timeout=120,
        env={**os.environ, "no_proxy": "*"},
    )  # fmt: skip

    assert ended.returncode == 0, ended.stderr[-2000:]
    assert ended.stderr == ""
    assert '"invalid_url":1' in ended.stdout
    assert "event: completed" in ended.stdout


def test_every_call_has_an_example() -> None:
    sections = re.split(r"\n## ", API)[1:]

    assert [s.splitlines()[0] for s in sections if "```sh" not in s] == []
