"""The wheel holds what is needed, and nothing in the working folder gets in its way."""

import os
import signal
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import requests

ROOT = Path(__file__).parents[2]


def _wheel(folder: Path) -> Path:
    subprocess.run(
        [sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", str(folder)],
        cwd=ROOT, check=True, capture_output=True,
    )  # fmt: skip
    return next(folder.glob("*.whl"))


def test_the_wheel_serves_from_a_folder_with_decoys(tmp_path: Path) -> None:
    wheel = _wheel(tmp_path / "dist")
    names = zipfile.ZipFile(wheel).namelist()
    assert {"app", "checkers", "migrations"} == {
        name.split("/")[0] for name in names if ".dist-info" not in name
    }
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "uv", "venv", "-q", str(venv)], check=True)
    python = venv / "bin" / "python"
    subprocess.run(
        [sys.executable, "-m", "uv", "pip", "install", "-q", "--offline", "--no-deps",
         "--python", str(python), str(wheel)],
        check=True,
    )  # fmt: skip
    site = next((venv / "lib").glob("python*/site-packages"))
    # Its dependencies are those of the tests; a path in a .pth brings no other .pth along.
    (site / "dependencies.pth").write_text(sysconfig.get_path("purelib"), encoding="utf-8")
    folder = tmp_path / "decoys"
    for package in ("app", "checkers", "migrations"):
        (folder / package).mkdir(parents=True)
        (folder / package / "__init__.py").write_text("raise SystemExit('decoy')")

    process = subprocess.Popen(
        [str(venv / "bin" / "tercet"), "serve"],
        cwd=folder, stdout=subprocess.PIPE, text=True,
        env={**os.environ, "TERCET_PORT": "0", "TERCET_ALLOWED_NETWORKS": "127.0.0.0/8"},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        url = process.stdout.readline().removeprefix("Tercet serves on ").split()[0]
        body = {"urls": ["http://127.0.0.1:1/"], "strategy": "multiprocess", "concurrency": 1}
        batch = requests.post(
            f"{url}/api/v1/batches", json=body, headers={"Prefer": "wait=30"}, timeout=40
        ).json()
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=30)

    assert batch["reasons"] == {"connection_refused": 1}
    assert (folder / "tercet.db").exists()


def test_the_demo_shows_the_main_job_and_leaves_nothing_behind(tmp_path: Path) -> None:
    environment = {**os.environ, "TMPDIR": str(tmp_path), "PYTHONUNBUFFERED": "1"}
    shown = subprocess.run(
        [sys.executable, "-P", "-m", "app", "demo"],
        env=environment, capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip

    assert shown.returncode == 0, shown.stderr
    for word in ("sequential", "threaded", "multiprocess", "async", "connection_refused",
                 "/comparisons/cmp_"):  # fmt: skip
        assert word in shown.stdout
    assert list(tmp_path.iterdir()) == []
