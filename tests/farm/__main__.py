"""`python -m tests.farm`: ask every behaviour of every cell and print the whole matrix."""

import sys
import tempfile
from pathlib import Path

from tests.farm.certificates import Certificates
from tests.farm.grid import GRID, every_behaviour, judged, verdict
from tests.farm.matrix import markdown, title
from tests.farm.servers import servers


def main() -> int:
    """Print it as Markdown; the exit code tells whether every cell said what was deserved."""
    with servers() as farm, tempfile.TemporaryDirectory() as folder:
        certificates = Certificates()
        bundle = certificates.bundle(Path(folder))
        behaviours = every_behaviour(farm, certificates)
        said = {
            title((name, client)): [
                verdict(outcome) for outcome in judged(name, client, behaviours, bundle)
            ]
            for name, client in GRID
        }
    sys.stdout.write(markdown(behaviours, said))
    deserved = [behaviour.verdict for behaviour in behaviours]
    return 0 if all(words == deserved for words in said.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
