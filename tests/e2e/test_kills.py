"""A kill in the middle of a batch costs nothing, whatever is killed under whichever strategy.

Once each here; `python -m tests.kills 30` does it thirty times, over batches of 5,000.
"""

import random

import pytest

from checkers import StrategyName
from tests.farm.servers import Servers, delayed, ok
from tests.kills import Victim, kill_once, victims
from tests.services import Service


@pytest.mark.parametrize("strategy", list(StrategyName))
def test_after_a_kill_every_target_has_one_outcome(
    strategy: StrategyName, farm: Servers, service: Service
) -> None:
    url = f"http://127.0.0.1:{farm.serve(delayed(0.002, ok()))}/"
    moment = random.Random(strategy)

    wrong: dict[Victim, str] = {
        victim: kill_once(service, url, strategy, victim, moment, size=300)
        for victim in victims(strategy)
    }

    assert wrong == dict.fromkeys(victims(strategy), "")
