"""Checks of URLs three ways, with timings that can be believed; a library without the service."""

from checkers.checks import CheckWork, ClientName, Item
from checkers.errors import CheckerError, InvalidUrl, UnknownStrategy
from checkers.outcome import Attempt, Outcome, Reason, Status
from checkers.strategies.catalogue import CATALOGUE, StrategyName
from checkers.strategies.strategy import Limits, Strategy, Work
from checkers.target import Expectation, Severity, Subject, Target
from checkers.timing import Marks, Phases
from checkers.url import Url, parse

__all__ = [
    "CATALOGUE",
    "Attempt",
    "CheckWork",
    "CheckerError",
    "ClientName",
    "Expectation",
    "InvalidUrl",
    "Item",
    "Limits",
    "Marks",
    "Outcome",
    "Phases",
    "Reason",
    "Severity",
    "Status",
    "Strategy",
    "StrategyName",
    "Subject",
    "Target",
    "UnknownStrategy",
    "Url",
    "Work",
    "parse",
]
