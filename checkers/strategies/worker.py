"""What a worker of the multiprocess strategy runs: one item at a time, until its pipe ends."""

import os
import pickle
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from checkers.child import Line, settle_in
from checkers.errors import WorkNotPicklable
from checkers.meter import forget_peak, own_usage
from checkers.strategies.strategy import Work, carried_out
from checkers.strategies.workers import Ask, unpacked


def main() -> None:
    """Answer every message with one; end with the pipe."""
    settle_in()
    line = Line()
    line.write(b"ready")
    stack = ExitStack()
    work: Work[Any, Any] | None = None
    perform: Callable[[Any], Any] | None = None
    while (message := line.read()) is not None:
        ask, payload = Ask(message[:1]), message[1:]
        if ask is Ask.WORK:
            stack.close()
            forget_peak()
            answer: Any = None
            try:
                work = unpacked(payload)
                perform = stack.enter_context(work.opened(alone=True))
            except WorkNotPicklable as error:
                answer = str(error)
        elif ask is Ask.USAGE:
            answer = own_usage()
        else:
            assert work is not None
            assert perform is not None
            answer = carried_out(work, perform, pickle.loads(payload))  # noqa: S301 -- as above
        line.write(pickle.dumps(answer, protocol=pickle.HIGHEST_PROTOCOL))
    # Threads waiting for a name server must not hold up the end.
    os._exit(0)


if __name__ == "__main__":
    main()
