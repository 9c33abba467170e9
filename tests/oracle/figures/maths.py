"""The few functions that the definitions share."""

import functools
import math

import numpy

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


def robust_deviation(values):
    """1.4826 times the median distance from the median."""
    return 1.4826 * float(numpy.median(numpy.abs(numpy.array(values) - numpy.median(values))))


@functools.cache
def student_quantile(degrees):
    """Of 97.5 %: found by halving in Student's distribution, which Simpson's rule sums up."""
    density = lambda x: math.exp(math.lgamma((degrees + 1) / 2) - math.lgamma(degrees / 2)) / math.sqrt(degrees * math.pi) * (
        1 + x * x / degrees) ** (-(degrees + 1) / 2)

    def share_below(x, steps=400):
        grid = [x * step / steps for step in range(steps + 1)]
        weights = [1 if step in (0, steps) else 4 if step % 2 else 2 for step in range(steps + 1)]
        return 0.5 + math.fsum(w * density(one) for w, one in zip(weights, grid)) * x / steps / 3

    low, high = 1.0, 20.0
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if share_below(middle) < 0.975 else (low, middle)
    return low


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
