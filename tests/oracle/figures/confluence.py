"""The score in six dimensions of one contract, part by part: docs/methodology.md, "Scores"."""

import math

import numpy as np
import talib

from .exchange import INTERVALS
from .maths import DAY, HOUR, MINUTE, clamp, deviation, log, mean, ratio
from .shelf import agreeing

DIMENSIONS = {"technical": 0.10, "volume": 0.18, "orderflow": 0.30, "orderbook": 0.20, "price_structure": 0.15, "sentiment": 0.07}
TITLES = {"technical": "Technical", "volume": "Volume", "orderflow": "Order flow", "orderbook": "Order book",
          "price_structure": "Price structure", "sentiment": "Sentiment"}
# In the order of the contract, by dimension: the weight within it.
PARTS = {
    "technical.rsi": 20, "technical.ao": 20, "technical.adx": 15, "technical.atr": 15, "technical.cci": 15,
    "technical.williams_r": 15,
    "volume.volume_delta": 20, "volume.adl": 15, "volume.cmf": 15, "volume.obv": 15, "volume.relative_volume": 15,
    "volume.volume_profile": 10, "volume.vwap": 10,
    "orderflow.cvd": 22, "orderflow.trade_flow": 17, "orderflow.open_interest": 15, "orderflow.smart_money_flow": 15,
    "orderflow.imbalance": 13, "orderflow.liquidity": 10, "orderflow.pressure": 8,
    "orderbook.depth": 19, "orderbook.imbalance": 19, "orderbook.oir": 16, "orderbook.liquidity": 13,
    "orderbook.di": 5, "orderbook.order_flow_imbalance": 12, "orderbook.fleeting_orders": 8, "orderbook.absorption": 8,
    "price_structure.institutional_zones": 20, "price_structure.support_resistance": 15, "price_structure.trend_position": 15,
    "price_structure.volume_profile": 15, "price_structure.structure_breaks": 15, "price_structure.range_analysis": 10,
    "price_structure.fair_value_gaps": 10,
    "sentiment.funding_rate": 20, "sentiment.liquidations": 20, "sentiment.volatility": 18, "sentiment.long_short_ratio": 15,
    "sentiment.market_activity": 15,
}
# Parts that rest on the same figure are one measurement; every other is one by itself.
MERGED = {
    "trade_imbalance": ("volume.volume_delta", "orderflow.cvd", "orderflow.trade_flow", "orderflow.imbalance",
                        "orderflow.liquidity", "orderflow.pressure"),
    "book_imbalance": ("orderbook.depth", "orderbook.imbalance", "orderbook.oir", "orderbook.liquidity", "orderbook.di"),
    "money_flow": ("volume.adl", "volume.cmf"),
    "value_area": ("volume.volume_profile", "volume.vwap", "price_structure.volume_profile"),
    "place_in_range": ("technical.cci", "technical.williams_r", "price_structure.range_analysis"),
    "moving_averages": ("technical.ao", "price_structure.trend_position"),
}
RENAMED = {"orderflow.smart_money_flow": "delta_divergence", "price_structure.institutional_zones": "order_blocks",
           "sentiment.volatility": "variance_skew"}
MEASUREMENTS = {part: RENAMED.get(part, part.split(".")[1]) for part in PARTS}
MEASUREMENTS.update((part, name) for name, parts in MERGED.items() for part in parts)
# In the order of the contract.
NAMES = ["trade_imbalance", "book_imbalance", "order_flow_imbalance", "fleeting_orders", "absorption", "money_flow", "value_area",
         "place_in_range", "moving_averages", "rsi", "adx", "atr", "obv", "relative_volume", "open_interest", "delta_divergence", "order_blocks",
         "support_resistance", "structure_breaks", "fair_value_gaps", "funding_rate", "liquidations", "variance_skew", "long_short_ratio",
         "market_activity"]
CONTRARIAN = {"technical.cci", "technical.williams_r", "price_structure.range_analysis", "orderbook.fleeting_orders",
              "sentiment.funding_rate", "sentiment.liquidations", "sentiment.long_short_ratio"}
MOST_SHARE, MOST_GROWTH = 0.10, 2.0
TIMEFRAMES = {"1": 0.05, "5": 0.2, "30": 0.4, "240": 0.35}
FEWEST_CANDLES = {"1": 100, "5": 50, "30": 50, "240": 50}
MIN_RELIABILITY = 0.6

dimension_of = lambda part: part.split(".")[0]


def nominal(part):
    """The weight by the tables alone."""
    return DIMENSIONS[dimension_of(part)] * PARTS[part] / sum(
        weight for other, weight in PARTS.items() if dimension_of(other) == dimension_of(part))


def capped(weights):
    """The weights made 1 in sum with none above MOST_SHARE, found by bisection; and by how much those below it grew."""
    total = sum(weights.values())
    filled = lambda growth: sum(min(MOST_SHARE, weight * growth) for weight in weights.values())
    most = 1e9 / total if total > 0 else 0.0
    if not weights or filled(most) < 1 - 1e-9:
        return {name: weight / total for name, weight in weights.items()}, math.inf
    low, high = 0.0, most
    for _ in range(200):
        between = (low + high) / 2
        low, high = (between, high) if filled(between) < 1 else (low, between)
    return {name: min(MOST_SHARE, weight * high) for name, weight in weights.items()}, high


def grouped(values, name_of):
    groups = {}
    for part, value in values.items():
        groups.setdefault(name_of(part), {})[part] = value
    return groups


def shares_of_parts():
    """What each part weighs of a whole score."""
    by_name = grouped({part: nominal(part) for part in PARTS}, MEASUREMENTS.get)
    shares, _ = capped({name: sum(parts.values()) for name, parts in by_name.items()})
    return {part: shares[name] * weight / sum(parts.values()) for name, parts in by_name.items() for part, weight in parts.items()}


SHARES = shares_of_parts()
share_of_measurement = lambda name: sum(share for part, share in SHARES.items() if MEASUREMENTS[part] == name)


# --- Freshness ---------------------------------------------------------------------------------------------

LIVE, POSITIONING, HISTORY = (15_000, 120_000), (15 * MINUTE, HOUR), (9 * HOUR, DAY)
of_candles = lambda interval: (INTERVALS[interval] + MINUTE, 3 * INTERVALS[interval] + MINUTE)


def freshness(as_of, now, limits):
    """1 up to the first limit, evenly falling to 0 at the second."""
    full, none = limits
    left = max(0, none - max(0, now - as_of))
    return min(1.0, left / (none - full))


# --- Readings: (lean -1..1, figure), or None -----------------------------------------------------------------


def reading(lean, figure):
    if lean is None or figure is None or math.isnan(lean) or not math.isfinite(figure):
        return None
    return clamp(lean, -1.0, 1.0), figure


def soft_sign(x, width):
    if x == 0:
        return 0.0
    return clamp(ratio(x, width), -1.0, 1.0)


def ramp(x, start, end):
    return np.clip((x - start) / (end - start), 0.0, 1.0)


def net_share(signs, weights):
    return ratio(float(np.dot(signs, weights)), float(np.sum(weights)))


def percentile(value, earlier):
    """The share of earlier values below this one, each counted by a logistic of the log ratio with a bandwidth of 0.1."""
    if len(earlier) < 20 or not math.isfinite(value):
        return None
    shares = [1 / (1 + ratio(other, value) ** 10) for other in earlier]
    return mean([0.5 if math.isnan(share) else share for share in shares])


class Bars:
    """One timeframe's columns, or None where there are too few candles or nothing moved or traded in the last 14."""

    @classmethod
    def of(cls, interval, candles):
        if len(candles) < FEWEST_CANDLES[interval]:
            return None
        last = candles[-14:]
        if max(c[2] for c in last) <= min(c[3] for c in last) or all(c[5] == 0 for c in last):
            return None
        bars = cls()
        columns = np.array(candles, dtype=float).T
        bars.open, bars.high, bars.low, bars.close, bars.volume = (np.ascontiguousarray(column) for column in columns[1:6])
        bars.ranges = talib.ATR(bars.high, bars.low, bars.close, 14)
        bars.ranges = bars.ranges[~np.isnan(bars.ranges)]
        bars.last, bars.atr = bars.close[-1], bars.ranges[-1]
        return bars if math.isfinite(bars.atr) and bars.atr > 0 else None


# --- Technical -----------------------------------------------------------------------------------------------


def rsi(bars):
    figure = talib.RSI(bars.close, 14)[-1]
    return reading((figure - 50) / 50, figure)


def ao(bars):
    middle = (bars.high + bars.low) / 2
    ranges = (talib.SMA(middle, 5)[-1] - talib.SMA(middle, 34)[-1]) / bars.atr
    return reading(math.tanh(ranges / 2), ranges)


def adx(bars):
    difference, average = directional_movement(bars.high, bars.low, bars.close)
    return reading(math.tanh(difference / 25) * min(1.0, average / 50), difference)


def directional_movement(high, low, close, period=14):
    """(+DI - -DI, ADX): Wilder 1978 as TA-Lib begins it; moves that differ by less than 1e-9 of the price are equal, so neither
    counts."""
    up, down = np.diff(high), -np.diff(low)
    tie = np.abs(up - down) <= 1e-9 * np.abs(high[1:])
    plus = np.where((up > 0) & (up > down) & ~tie, up, 0.0)
    minus = np.where((down > 0) & (down > up) & ~tie, down, 0.0)
    before = close[:-1]
    true_range = np.maximum.reduce([high[1:] - low[1:], np.abs(high[1:] - before), np.abs(low[1:] - before)])
    sums = [series[: period - 1].sum() for series in (true_range, plus, minus)]
    lines = []
    for step in zip(true_range[period - 1 :], plus[period - 1 :], minus[period - 1 :]):
        sums = [total - total / period + value for total, value in zip(sums, step)]
        whole = sums[0]
        lines.append((100 * sums[1] / whole, 100 * sums[2] / whole) if whole > 0 else (0.0, 0.0))
    index = lambda line: 100 * abs(line[0] - line[1]) / sum(line) if sum(line) > 0 else None
    average = sum(index(line) or 0.0 for line in lines[:period]) / period
    for line in lines[period:]:
        if index(line) is not None:
            average += (index(line) - average) / period
    return lines[-1][0] - lines[-1][1], average


def atr(bars):
    times = bars.atr / bars.ranges[-100:].mean()
    side = math.tanh((bars.last - talib.SMA(bars.close, 20)[-1]) / bars.atr)
    return reading(math.tanh(side * (times - 1) / 0.5), times)


def cci(bars):
    figure = talib.CCI(bars.high, bars.low, bars.close, 20)[-1]
    return reading(-math.tanh(figure / 200), figure)


def williams_r(bars):
    figure = talib.WILLR(bars.high, bars.low, bars.close, 14)[-1]
    return reading((-figure - 50) / 50, figure)


# --- Volume --------------------------------------------------------------------------------------------------


def money_flow(bars, count):
    high, low, close, volume = (column[-count:] for column in (bars.high, bars.low, bars.close, bars.volume))
    spread = high - low
    place = np.divide((close - low) - (high - close), spread, out=np.zeros_like(spread), where=spread > 0)
    share = ratio(float(np.dot(np.clip(place, -1, 1), volume)), float(volume.sum()))
    return reading(math.tanh(3 * share), share)


def obv(bars):
    change, volume = np.diff(bars.close[-51:]), bars.volume[-50:]
    share = ratio(float(np.dot(np.clip(change / (0.1 * bars.atr), -1, 1), volume)), float(volume.sum()))
    return reading(math.tanh(3 * share), share)


def relative_volume(bars):
    figure = ratio(bars.volume[-1], talib.EMA(bars.volume, 30)[-1])
    direction = soft_sign(bars.close[-1] - bars.close[-2], 0.5 * bars.atr)
    return reading(math.tanh(figure / 2) * direction, figure)


class Profile:
    """The volume of the last 200 bars by price, in 100 bins, each with a thousandth of the mean bin more."""

    BINS = 100

    @classmethod
    def of(cls, bars):
        high, low, volume = bars.high[-200:], bars.low[-200:], bars.volume[-200:]
        profile = cls()
        profile.lowest = low.min()
        profile.bin = (high.max() - profile.lowest) / cls.BINS
        if not profile.bin > 0 or not volume.sum() > 0:
            return None
        start, end = (low - profile.lowest) / profile.bin, (high - profile.lowest) / profile.bin
        widen = np.maximum(0.0, (1 - (end - start)) / 2)
        start, end = np.maximum(0.0, start - widen), np.minimum(cls.BINS, end + widen)
        edges = np.arange(cls.BINS)
        overlap = np.minimum(end[:, None], edges + 1) - np.maximum(start[:, None], edges)
        profile.volumes = (volume[:, None] * np.maximum(0.0, overlap) / (end - start)[:, None]).sum(axis=0)
        profile.volumes += profile.volumes.sum() / cls.BINS * 1e-3
        return profile

    def share_below(self, price):
        covered = np.clip((price - self.lowest) / self.bin - np.arange(self.BINS), 0, 1)
        return float(np.dot(self.volumes, covered) / self.volumes.sum())

    def price_at(self, share):
        filled = np.concatenate([[0.0], np.cumsum(self.volumes)])
        return self.lowest + self.bin * float(np.interp(share * filled[-1], filled, np.arange(self.BINS + 1)))


def volume_profile(bars):
    profile = Profile.of(bars)
    if profile is None:
        return None
    below = profile.share_below(bars.last)
    return reading(math.tanh((below - 0.5) / 0.35), below)


def vwap(bars):
    prices = np.log(bars.high[-200:] * bars.low[-200:] * bars.close[-200:]) / 3
    volume = bars.volume[-200:]
    if volume.sum() <= 0:
        return None
    middle = np.dot(prices, volume) / volume.sum()
    spread = math.sqrt(np.dot((prices - middle) ** 2, volume) / volume.sum())
    figure = ratio(math.log(bars.last) - middle, spread)
    return reading(math.tanh(figure), figure)


# --- Order flow ----------------------------------------------------------------------------------------------


class Flow:
    """The trades of the last 15 minutes, or the last 100, whose taker is known: at least 30."""

    @classmethod
    def of(cls, trades):
        newest = trades[-1][0]
        of_window = sum(newest - trade[0] <= 15 * MINUTE for trade in trades)
        known = [trade[:4] for trade in trades[-max(of_window, 100):] if trade[3]]
        if len(known) < 30:
            return None
        flow = cls()
        columns = np.array(known, dtype=float).T
        flow.ago = newest - columns[0]
        flow.price, flow.size, flow.sign = columns[1], columns[2], columns[3]
        flow.net = net_share(flow.sign, flow.size)
        flow.by_value = net_share(flow.sign, flow.size * flow.price)
        flow.basis = ("trades", len(known), known[-1][0] - known[0][0])
        return flow


def pace(trades):
    """Base coin per second over the newest thousand trades."""
    trades = trades[-1000:]
    if len(trades) < 2 or trades[-1][0] <= trades[0][0]:
        return None
    return math.fsum(trade[2] for trade in trades) / ((trades[-1][0] - trades[0][0]) / 1000)


def trade_imbalance(flow):
    windows = [(flow.ago <= minutes * MINUTE, weight) for minutes, weight in ((1, 0.5), (5, 0.3), (15, 0.2))]
    full = [(window, weight) for window, weight in windows if window.sum() >= 10]
    if not full:
        return None
    share = sum(weight * net_share(flow.sign[window], flow.size[window]) for window, weight in full)
    share /= sum(weight for _, weight in full)
    return reading(share, share)


def pressure(flow):
    net = (0.4 * flow.net + 0.3 * flow.by_value + 0.2 * net_share(flow.sign, np.ones_like(flow.sign))
           + 0.1 * net_share(flow.sign, flow.size**2))
    return reading(math.tanh(3 * net), net)


def smart_money_flow(flow):
    run = len(flow.sign) // 20
    if run < 5:
        return None
    shape = lambda column: column[-20 * run :].reshape(20, run)
    size = shape(flow.size)
    prices = (size * np.log(shape(flow.price))).sum(axis=1) / size.sum(axis=1)
    deltas = np.cumsum((size * shape(flow.sign)).sum(axis=1))
    if not (np.ptp(prices) > 0 and np.ptp(deltas) > 0):
        return None
    prices, deltas = prices / np.ptp(prices), deltas / np.ptp(deltas)
    at_highs, of_highs = unconfirmed(prices, deltas)
    at_lows, of_lows = unconfirmed(-prices, -deltas)
    figure = (at_lows - at_highs) / (of_highs + of_lows + 0.01)
    return reading(math.tanh(3 * figure), figure)


def unconfirmed(prices, deltas):
    """Over all pairs of swing highs: how far the later one rises in price while its delta falls."""
    swings = []
    for before, at, after in zip(range(18), range(1, 19), range(2, 20)):
        prominence = prices[at] - max(prices[before], prices[after])
        if prominence > 0:
            swings.append((prices[at], deltas[at], prominence))
    total = weights = 0.0
    for index, later in enumerate(swings):
        for earlier in swings[:index]:
            weight = later[2] * earlier[2]
            total += weight * max(0.0, min(later[0] - earlier[0], earlier[1] - later[1]))
            weights += weight
    return total, weights


def open_interest(history, price_at):
    last = history[-1]
    old = [row for row in history if last[0] - row[0] >= 4 * HOUR]
    if not old or last[0] - old[-1][0] > 5 * HOUR:
        return None
    first = old[-1]
    prices = price_at(first[0]), price_at(last[0])
    if None in prices:
        return None
    interest, price = 100 * (ratio(last[1], first[1]) - 1), 100 * log(ratio(prices[1], prices[0]))
    lean = math.tanh(price / 2) * math.tanh(abs(interest) / 4) * (1.0 if interest >= 0 else 0.4)
    return reading(lean, interest)


# --- Order book ----------------------------------------------------------------------------------------------


def side_sums(book, weight):
    """A sum over bids and over asks; None for a book of one side."""
    if not (book["bids"] and book["asks"]):
        return None
    return tuple(math.fsum(size * weight(place) for place, (_, size) in enumerate(book[side])) for side in ("bids", "asks"))


def share_of(sums):
    return None if sums is None else ratio(sums[0] - sums[1], sums[0] + sums[1])


def imbalances(book):
    """(ln of bids over asks, share of the nearest, of the best, by distance) of one book; None for a book of one side."""
    if not (book["bids"] and book["asks"]):
        return None
    near = share_of(side_sums(book, lambda place: math.exp(-0.1 * place) if place < 10 else 0))
    best = share_of(side_sums(book, lambda place: 1 if place < 5 else 0))
    distances = {side: [abs(price - middle(book)) for price, _ in book[side][:25]] for side in ("bids", "asks")}
    farthest = max(map(max, distances.values()))
    by_distance = share_of(tuple(
        math.fsum(size * (1 - distance / farthest) for (_, size), distance in zip(book[side], distances[side]))
        for side in ("bids", "asks")))
    return log(ratio(*side_sums(book, lambda place: 0.95**place if place < 25 else 0))), near, best, by_distance


def middle(book):
    return (book["asks"][0][0] + book["bids"][0][0]) / 2


def spread(book):
    if not (book["bids"] and book["asks"]):
        return None
    return (book["asks"][0][0] - book["bids"][0][0]) / middle(book)


def total_depth(book):
    sums = side_sums(book, lambda place: 1 if place < 25 else 0)
    return None if sums is None else sum(sums)


def book_liquidity(book, near, spreads, depths):
    if spread(book) is None:
        return None
    wide, deep = percentile(spread(book), spreads), percentile(total_depth(book), depths)
    if wide is None or deep is None:
        return None
    liquid = ((1 - wide) + deep) / 2
    return reading(liquid * math.tanh(2 * near), liquid)


# --- Price structure -------------------------------------------------------------------------------------------


def trend_position(bars):
    ranges = (talib.EMA(bars.close, 20)[-1] - talib.EMA(bars.close, 50)[-1]) / bars.atr
    return reading(math.tanh(ranges), ranges)


def structure_profile(bars):
    profile = Profile.of(bars)
    if profile is None:
        return None
    low, high = profile.price_at(0.15), profile.price_at(0.85)
    place = (2 * bars.last - (low + high)) / (high - low)
    return reading(math.tanh(place), place)


def range_analysis(bars):
    high, low = bars.high[-50:].max(), bars.low[-50:].min()
    place = ratio(2 * bars.last - (low + high), high - low)
    return reading(-place, place)


def sides(bars):
    """(open, high, low, close) of the last 200 bars, and of their mirror image."""
    columns = bars.open[-200:], bars.high[-200:], bars.low[-200:], bars.close[-200:]
    opened, high, low, close = columns
    return columns, (-opened, -low, -high, -close)


def least_from_here(values):
    return np.minimum.accumulate(values[::-1])[::-1]


def felt(distance, atr):
    return np.exp(-np.abs(distance) / (3 * atr))


def institutional_zones(bars):
    def blocks(opened, high, low, close):
        strength = ramp((close[1:] - opened[1:]) / bars.atr, 1.0, 2.0)
        opposite = ramp((opened[:-1] - close[:-1]) / bars.atr, 0.0, 0.25)
        held = ramp((least_from_here(close)[1:] - low[:-1]) / bars.atr, -1.0, 0.0)
        return (strength * opposite * held * felt(close[-1] - (high[:-1] + low[:-1]) / 2, bars.atr)).sum()

    bullish, bearish = (blocks(*side) for side in sides(bars))
    return reading(math.tanh(bullish - bearish), float(bullish - bearish))


def fair_value_gaps(bars):
    def gaps(opened, high, low, close):
        least = least_from_here(low)[2:]
        return (np.maximum(0.0, least - high[:-2]) / bars.atr * felt(close[-1] - least, bars.atr)).sum()

    bullish, bearish = (gaps(*side) for side in sides(bars))
    return reading(math.tanh(bullish - bearish), float(bullish - bearish))


def support_resistance(bars):
    def support(opened, high, low, close):
        windows = lambda column: np.lib.stride_tricks.sliding_window_view(column, 7)
        highs, lows = high[3:-3], low[3:-3]
        weights = [1 - ramp((windows(high).max(axis=1) - highs) / bars.atr, 0.0, 0.25),
                   1 - ramp((lows - windows(low).min(axis=1)) / bars.atr, 0.0, 0.25)]
        prices, weights = np.concatenate([highs, lows]), np.concatenate(weights)
        prices, weights = prices[weights > 0], weights[weights > 0]
        price, unit = close[-1], abs(close[-1])
        below = prices < price
        apart = np.abs(prices[None, :] - prices[below][:, None]) / unit
        touches = (weights[None, :] * np.maximum(0.0, 1 - apart / 0.005)).sum(axis=1)
        distance = (price - prices[below]) / unit
        return (weights[below] * touches * ramp(distance, 0.0, 0.005) * np.exp(-distance / 0.02)).sum()

    below, above = (support(*side) for side in sides(bars))
    balance = float((below - above) / (below + above + 1))
    return reading(balance, balance)


def structure_breaks(bars):
    high, low, close = bars.high[-200:], bars.low[-200:], bars.close[-200:]
    windows = lambda column: np.lib.stride_tricks.sliding_window_view(column, 20)[:-1]
    ups = np.maximum(0.0, close[20:] - windows(high).max(axis=1)) / bars.atr
    downs = np.maximum(0.0, windows(low).min(axis=1) - close[20:]) / bars.atr
    total = 0.0
    for up, down in zip(ups, downs):
        so_far = math.tanh(total)
        total = 0.95 * total + up * (1 + 0.5 * max(0.0, -so_far)) - down * (1 + 0.5 * max(0.0, so_far))
    return reading(math.tanh(total), float(total))


# --- Sentiment -------------------------------------------------------------------------------------------------


def funding_rates_8h(history):
    """Each funding by the time since the one before; None behind a gap of more than eight hours."""
    for before, after in zip(history, history[1:]):
        apart = after[0] - before[0]
        yield after[0], after[1] * 8 * HOUR / apart if 1 <= apart <= 8 * HOUR else None


def funding_rate(rate, history):
    earlier = [value for _, value in funding_rates_8h(history) if value is not None]
    if rate is None or len(earlier) < 10:
        return None
    z = (rate - mean(earlier)) / max(deviation(earlier), 1e-5)
    return reading(-math.tanh(z / 2), rate * 100)


def volatility(bars):
    returns = np.diff(np.log(bars.close[-50:]))
    net = ratio(float((returns * np.abs(returns)).sum()), float((returns**2).sum()))
    return reading(math.tanh(2 * net), (1 + net) / 2)


def long_short_ratio(history):
    _, long, short = history[-1]
    return reading(-math.tanh(log(ratio(long, short)) / 1.1), long)


def market_activity(volume, change, bars):
    if volume is None or change is None:
        return None
    activity = ratio(volume, 6 * bars.volume[-180:].mean())
    return reading(math.tanh(activity) * math.tanh(math.log1p(change / 100) / math.log1p(0.05)), activity)


# --- The parts together -----------------------------------------------------------------------------------------

BY_TIMEFRAME = {
    "technical.rsi": rsi, "technical.ao": ao, "technical.adx": adx, "technical.atr": atr, "technical.cci": cci,
    "technical.williams_r": williams_r,
    "volume.adl": lambda bars: money_flow(bars, 50), "volume.cmf": lambda bars: money_flow(bars, 20), "volume.obv": obv,
    "volume.relative_volume": relative_volume, "volume.volume_profile": volume_profile, "volume.vwap": vwap,
    "price_structure.institutional_zones": institutional_zones, "price_structure.support_resistance": support_resistance,
    "price_structure.trend_position": trend_position, "price_structure.volume_profile": structure_profile,
    "price_structure.structure_breaks": structure_breaks, "price_structure.range_analysis": range_analysis,
    "price_structure.fair_value_gaps": fair_value_gaps,
    "sentiment.volatility": volatility,
}
BY_FLOW = {
    "volume.volume_delta": lambda flow: reading(flow.net, flow.net),
    "orderflow.cvd": lambda flow: reading(math.tanh(3 * flow.net), (1 + flow.net) / 2),
    "orderflow.trade_flow": lambda flow: reading(math.tanh(3 * flow.by_value), (1 + flow.by_value) / 2),
    "orderflow.smart_money_flow": smart_money_flow,
    "orderflow.imbalance": trade_imbalance,
    "orderflow.pressure": pressure,
}
BY_BOOK = {
    "orderbook.depth": lambda depth, *_: reading(math.tanh(depth), math.exp(depth)),
    "orderbook.imbalance": lambda _, near, *__: reading(math.tanh(2 * near), near),
    "orderbook.oir": lambda _, __, best, ___: reading(best, best),
    "orderbook.di": lambda *all: reading(all[3], all[3]),
}


def evidence(inputs, ticker, rate_8h, as_of, measures, now):
    """Part -> (lean, figure, freshness, coverage, what the figure was taken from) of every part that has input."""
    found = {}

    def whole(part, what, fresh, basis=None):
        if what is not None:
            found[part] = (*what, fresh, fresh, basis)

    def usable(kind, limits):
        if kind not in inputs:
            return None, 0.0
        fresh = freshness(inputs[kind][0], now, limits)
        return (inputs[kind][1], fresh) if fresh > 0 else (None, 0.0)

    inputs = agreeing(inputs, ticker["last"] if ticker else None)
    of_ticker = freshness(as_of, now, LIVE) if ticker else 0.0
    timeframes = {}
    for interval in TIMEFRAMES:
        if interval in inputs["candles"]:
            known, candles = inputs["candles"][interval]
            fresh, bars = freshness(known, now, of_candles(interval)), Bars.of(interval, candles)
            if fresh > 0 and bars is not None:
                timeframes[interval] = (bars, fresh, candles)
    for part, formula in BY_TIMEFRAME.items():
        readings = [(TIMEFRAMES[interval] * fresh, fresh, formula(bars), interval)
                    for interval, (bars, fresh, _) in timeframes.items()]
        readings = [one for one in readings if one[2] is not None]
        weight = sum(one[0] for one in readings)
        if weight > 0:
            total = lambda of: sum(one[0] * of(one) for one in readings) / weight
            lean = total(lambda one: one[2][0])
            # The figure is that of the timeframe which pulls most the way the part leans.
            quoted = max(reversed(readings), key=lambda one: one[0] * one[2][0] * math.copysign(1, lean))
            found[part] = (lean, quoted[2][1], total(lambda one: one[1]), weight, ("candles", quoted[3]))
    trades, fresh = usable("recent-trade", LIVE)
    flow = Flow.of(trades) if trades else None
    of_history = freshness(measures.as_of(), now, HISTORY) if measures.as_of() is not None else 0.0
    if flow is not None:
        for part, formula in BY_FLOW.items():
            whole(part, formula(flow), fresh, flow.basis)
        rate = pace(trades)
        place = percentile(rate, measures.earlier("rate")) if rate is not None and of_history > 0 else None
        if place is not None:
            whole("orderflow.liquidity", reading(place * math.tanh(3 * flow.net), place), min(fresh, of_history), flow.basis)
    book, fresh = usable("orderbook", LIVE)
    if book is not None and imbalances(book) is not None:
        at = inputs["orderbook"][0]
        books = {time: one for time, one in measures.books.items() if time < at and at - time <= 15 * MINUTE} if of_history > 0 else {}
        means = [mean(column) for column in zip(*books.values(), imbalances(book))]
        basis = ("books", at - min(books, default=at))
        for part, formula in BY_BOOK.items():
            whole(part, formula(*means), fresh, basis)
        if of_history > 0:
            what = book_liquidity(book, means[1], measures.earlier("spread"), measures.earlier("depth"))
            whole("orderbook.liquidity", what, min(fresh, of_history))

    def price_at(time):
        """The close of the last candle that had closed then, by the shortest timeframe that knows it."""
        for interval, (_, _, candles) in timeframes.items():
            length = INTERVALS[interval]
            closed = [candle for candle in candles if candle[0] + length <= time]
            if closed and time - (closed[-1][0] + length) <= length:
                return closed[-1][4]
        return None

    history, fresh = usable("open-interest", POSITIONING)
    if history is not None and timeframes:
        candles = max(fresh for _, fresh, _ in timeframes.values())
        whole("orderflow.open_interest", open_interest(history, price_at), min(fresh, candles))
    history, fresh = usable("account-ratio", POSITIONING)
    if history is not None:
        whole("sentiment.long_short_ratio", long_short_ratio(history), fresh)
    history, fresh = usable("funding/history", HISTORY)
    if history is not None and of_ticker > 0:
        whole("sentiment.funding_rate", funding_rate(rate_8h, history), min(of_ticker, fresh))
    if of_ticker > 0 and "240" in timeframes:
        bars, fresh, _ = timeframes["240"]
        whole("sentiment.market_activity", market_activity(ticker["volume"], ticker["change"], bars), min(of_ticker, fresh))
    return found


def view(parts):
    """What parts say together, and how fresh they are: (lean, freshness) by their weights times their freshness."""
    weight = sum(nominal(part) * one[2] for part, one in parts.items())
    lean = sum(nominal(part) * one[2] * one[0] for part, one in parts.items()) / weight
    return clamp(lean, -1, 1), sum(nominal(part) * one[2] ** 2 for part, one in parts.items()) / weight


def score(found):
    """Score, dimensions, measurements, consensus and reliability of the parts; every figure before its rounding."""
    dimensions = {name: view(parts) for name, parts in grouped(found, dimension_of).items()}
    voices = {name: view(parts) for name, parts in grouped(found, MEASUREMENTS.get).items()}
    weights, growth = capped({name: share_of_measurement(name) * fresh for name, (_, fresh) in voices.items()})
    direction = sum(weights[name] * voices[name][0] for name in voices) if voices else None
    disagreement = sum(weights[name] * (voices[name][0] - direction) ** 2 for name in voices) if voices else None
    return {
        "score": None if direction is None or growth > MOST_GROWTH else 50 + 50 * direction,
        "components": {d: 50 + 50 * dimensions[d][0] if d in dimensions else None for d in DIMENSIONS},
        "measurements": {name: (50 + 50 * voices[name][0], weights[name]) for name in voices},
        "parts": {part: 50 + 50 * found[part][0] if part in found else None for part in PARTS},
        "missing": [part for part in PARTS if part not in found],
        "consensus": None if disagreement is None else math.exp(-2 * disagreement),
        "reliability": sum(SHARES[part] * one[3] for part, one in found.items()),
    }
