"""What goes to a screen: colours there, and nowhere else."""

import os
from typing import TextIO

from rich.console import Console


def is_screen(stream: TextIO) -> bool:
    """Whether somebody looks at it, and wants colours (no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR")


def console(stream: TextIO) -> Console:
    """A console that colours a terminal only, and folds nothing in a pipe, which has no width."""
    made = Console(
        file=stream,
        highlight=False,
        markup=False,
        emoji=False,
        # Said outright: FORCE_COLOR and its like would colour a pipe.
        force_terminal=stream.isatty(),
        no_color=not is_screen(stream),
    )
    if not stream.isatty():
        made.width = 10_000
    return made
