"""`python -m tests.schema [EXAMPLES [PHASES]]`: the running service against its own description.

In a network of its own: what is made up to be checked may name any host there is.
"""

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.farm.alone import leave
from tests.services import running

ROOM = Path(__file__).parent
ALONE_IMPOSSIBLE = 77
_DEFAULTS = ("100", "examples,coverage,fuzzing,stateful")


def main(examples: str, phases: str) -> int:
    """Ask, print what schemathesis says, and end as it does."""
    if not leave():
        sys.stderr.write("No network of its own can be had here.\n")
        return ALONE_IMPOSSIBLE
    folder = Path(tempfile.mkdtemp())
    # Without the phase that goes from one answer to the next, few are asked for what they measured.
    few = {} if "stateful" in phases else {"SCHEMA_MEASURED": "2"}
    with running(folder, {"TERCET_ALLOWED_NETWORKS": "127.0.0.1/32"}) as service:
        asked = subprocess.run(
            [
                Path(sys.executable).with_name("schemathesis"),
                "--config-file", ROOM / "schemathesis.toml",
                "run", f"{service.url}/openapi.json", "--checks", "all", "--seed", "1",
                "--max-examples", examples, "--request-timeout", "60", "--no-color",
                "--phases", phases,
            ],
            env={**os.environ, "SCHEMATHESIS_HOOKS": "tests.schema.hooks", **few},
            cwd=ROOM.parents[1], check=False,
        )  # fmt: skip
    if asked.returncode:
        sys.stdout.write(service.log()[-5000:])
    return asked.returncode


if __name__ == "__main__":
    raise SystemExit(main(*(*sys.argv[1:], *_DEFAULTS[len(sys.argv) - 1 :])))
