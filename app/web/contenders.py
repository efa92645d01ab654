"""Who is to be compared, as a form asks: boxes of strategy and client, and how many in flight."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from app.domain.comparison import Contender, default_label
from app.web.entries import number
from app.web.forms import Form
from checkers import CATALOGUE, ClientName, StrategyName

BOXES: Final = "contender"
AMOUNTS: Final = "concurrency"
# Of one field so many are read; more contenders than that cannot be compared.
_MOST_AMOUNTS: Final = 20


class Row(NamedTuple):
    """A line of the boxes: a strategy, and which clients fit it.

    Attributes:
        own: how many it has in flight unless asked otherwise.
        most: how many it can have.
    """

    strategy: StrategyName
    clients: Sequence[ClientName]
    own: int
    most: int


ROWS: Final = [
    Row(entry.name, entry.clients, entry.concurrency, entry.max_concurrency)
    for entry in CATALOGUE.values()
]
CLIENTS: Final = list(ClientName)


def value_of(strategy: StrategyName, client: ClientName) -> str:
    """What a box is called."""
    return f"{strategy}+{client}"


_PAIRS: Final = {
    value_of(row.strategy, client): (row.strategy, client) for row in ROWS for client in row.clients
}


def numbers(text: str) -> list[int | float | str]:
    """Numbers between commas or blanks; what is none is left to whoever reads it to refuse."""
    return [number(part) for part in text.replace(",", " ").split()]


def asked_of(form: Form, *, with_clients: bool = True) -> list[dict[str, object]]:
    """Contenders as a request names them; an amount that fits none of the boxes is a fault.

    Args:
        with_clients: whether the work sends requests; else one box of a strategy is all of them.
    """
    pairs = [_PAIRS[value] for value in dict.fromkeys(form.all(BOXES)) if value in _PAIRS]
    amounts = _amounts(form)
    found: dict[str, dict[str, object]] = {}
    for strategy, client in pairs:
        most = CATALOGUE[strategy].max_concurrency
        library = client if with_clients else None
        # A strategy that has one way only has it whatever is asked of the others.
        fitting = [amount for amount in amounts if 1 <= amount <= most] if most > 1 else []
        if amounts and most > 1 and not fitting:
            form.fault(AMOUNTS, f"{strategy} can have 1 to {most:,} in flight, none of these")
        many: Sequence[int | None] = fitting or [None]
        for amount in many:
            label = default_label(strategy, library)
            label = label if amount is None else f"{label}:{amount}"
            found[label] = _contender(strategy, library, amount, label)
    _check_used(form, amounts, pairs)
    return list(found.values())


def _contender(
    strategy: StrategyName, client: ClientName | None, amount: int | None, label: str
) -> dict[str, object]:
    asked: dict[str, object] = {"strategy": strategy.value, "label": label}
    if client is not None:
        asked["client"] = client.value
    if amount is not None:
        asked["concurrency"] = amount
    return asked


def _amounts(form: Form) -> list[int]:
    found = numbers(form.text(AMOUNTS))
    if len(found) > _MOST_AMOUNTS:
        form.fault(AMOUNTS, f"these are {len(found):,}; {_MOST_AMOUNTS} are the most")
    for amount in found[:_MOST_AMOUNTS]:
        if not isinstance(amount, int):
            form.fault(AMOUNTS, f"{str(amount)[:40]!r} is not a whole number")
    return list(dict.fromkeys(n for n in found[:_MOST_AMOUNTS] if isinstance(n, int)))


def _check_used(
    form: Form, amounts: Sequence[int], pairs: Sequence[tuple[StrategyName, ClientName]]
) -> None:
    most = max((CATALOGUE[strategy].max_concurrency for strategy, _ in pairs), default=0)
    for amount in amounts:
        if pairs and not 1 <= amount <= max(most, 1):
            form.fault(AMOUNTS, f"{amount:,} fits none of those marked")


def fill_in(form: Form, contenders: Sequence[Contender]) -> None:
    """Mark the boxes of contenders there were, as far as boxes can tell of them."""
    own = {row.strategy: row.own for row in ROWS}
    marked = [
        value_of(each.strategy, each.client or CATALOGUE[each.strategy].clients[0])
        for each in contenders
    ]
    form.put(BOXES, *dict.fromkeys(marked))
    amounts = {each.concurrency for each in contenders if each.strategy != StrategyName.SEQUENTIAL}
    if any(each.concurrency != own[each.strategy] for each in contenders):
        form.put(AMOUNTS, ", ".join(map(str, sorted(amounts))))
