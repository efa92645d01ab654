"""A crew of threads around one queue: for blocking libraries that wait more than they compute."""

from checkers.strategies.threads import InThreads


class Threaded(InThreads):
    """As many threads as may be in flight, alive as long as the run."""
