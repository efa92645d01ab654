"""A kill while targets go down and come up loses no incident, no message and no turn.

Three times here; `python -m tests.monitor_kills 20` does it twenty times.
"""

import random
from pathlib import Path

from tests.monitor_kills import kill_while_watching


def test_after_kills_every_incident_was_told_once_and_no_turn_was_lost(tmp_path: Path) -> None:
    # How late a turn is on a machine that runs other tests too is not what is asked here.
    assert kill_while_watching(tmp_path, 3, random.Random(7), slack=20.0) == []
