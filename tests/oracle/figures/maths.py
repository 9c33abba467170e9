"""The few functions that the definitions share."""

import math

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000


def rounded(value, decimals):
    """Half away from zero; what cannot be scaled stays as it is."""
    scale = 10.0**decimals
    scaled = math.copysign(math.floor(abs(value * scale) + 0.5), value) / scale
    return scaled if math.isfinite(scaled) else value


def clamp(value, low, high):
    return max(low, min(high, value))


def mean(values):
    return math.fsum(values) / len(values)


def deviation(values):
    """With n - 1 degrees of freedom; None for fewer than two values."""
    if len(values) < 2:
        return None
    middle = mean(values)
    return math.sqrt(math.fsum((value - middle) ** 2 for value in values) / (len(values) - 1))


def ratio(part, whole):
    """A quotient as floating-point arithmetic has it: never an exception."""
    if whole == 0:
        return math.nan if part == 0 or math.isnan(part) else math.copysign(math.inf, part)
    return part / whole


def log(value):
    if value > 0:
        return math.log(value)
    return -math.inf if value == 0 else math.nan


def within(price, low, high, slack):
    return low * (1 - slack) <= price <= high * (1 + slack)


def near(one, other, times):
    """Neither is more than `times` the other; nothing is near to zero."""
    return one > 0 and other > 0 and one <= other * times and other <= one * times
