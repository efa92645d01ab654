"""Student's t distribution for whole degrees of freedom.

The finite series of Abramowitz and Stegun, Handbook of Mathematical Functions, 26.7.3 and 26.7.4.
"""

import math
from functools import cache

# Halvings of an interval of at most 2**21 that leave less than a float can tell apart here.
_HALVINGS = 80


def within(t: float, freedom: int) -> float:
    """The probability that a value of the distribution lies between -t and t.

    Raises:
        ValueError: there is not one degree of freedom, or t is negative.
    """
    if freedom < 1 or t < 0:
        raise ValueError("Student's t needs a degree of freedom and a t of 0 or more")
    angle = math.atan(t / math.sqrt(freedom))
    sine, squared = math.sin(angle), math.cos(angle) ** 2
    odd = freedom % 2
    term = total = math.cos(angle) if odd else 1.0
    for k in range(2 + odd, freedom - 1, 2):
        term *= squared * (k - 1) / k
        total += term
    if odd:
        return 2 / math.pi * (angle + (sine * total if freedom > 1 else 0.0))
    return sine * total


@cache
def quantile(share: float, freedom: int) -> float:
    """The t that a share of all values lies within, on both sides of nought.

    Raises:
        ValueError: the share is not between 0 and 1, or there is no degree of freedom.
    """
    if not 0 < share < 1:
        raise ValueError("a share lies between 0 and 1")
    low, high = 0.0, 1.0
    while within(high, freedom) < share:
        low, high = high, high * 2
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        if within(middle, freedom) < share:
            low = middle
        else:
            high = middle
    return high
