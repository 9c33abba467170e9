"""What was known of every contract at a moment: the last good answer of each kind that had come by then."""

from . import exchange
from .exchange import INTERVALS, KEPT
from .maths import MINUTE

FIVE_MINUTES = 5 * MINUTE
MAX_MEASURES = 360


class Shelf:
    """Inputs by symbol: {"candles": {interval: fact}, "book": fact, ...}; a fact is (as_of, value)."""

    def __init__(self):
        self.symbols = {}

    def watch(self, symbols):
        """Forgets the contracts that are watched no more."""
        self.symbols = {symbol: self.symbols.get(symbol, {"candles": {}}) for symbol in symbols}

    def take(self, answer):
        """Puts the answer of one request in its place; what is there and younger stays."""
        kind, inputs = answer.kind, self.symbols.get(answer.query.get("symbol"))
        if inputs is None:
            return
        server_time = answer.json["time"]
        if kind == "kline":
            interval = answer.query["interval"]
            held = inputs["candles"].get(interval)
            value = merged(held[1] if held else [], exchange.candles(answer.json, interval, answer.received), interval)
            if value:
                known = value[-1][0] + 2 * INTERVALS[interval]
                renew(inputs["candles"], interval, (min(server_time, answer.received, known), value))
            return
        reader, known_until = {
            "orderbook": (exchange.book, lambda book: book["time"]),
            "recent-trade": (exchange.trades, lambda rows: rows[-1][0]),
            "open-interest": (exchange.interests, lambda rows: rows[-1][0] + FIVE_MINUTES),
            "account-ratio": (exchange.account_ratios, lambda rows: rows[-1][0] + FIVE_MINUTES),
            "funding/history": (exchange.fundings, lambda rows: rows[-1][0]),
        }[kind]
        value = reader(answer.json)
        if kind == "recent-trade" and value and kind in inputs:
            value = continued(inputs[kind][1], value)
        if value:
            renew(inputs, kind, (min(server_time, answer.received, known_until(value)), value))


def renew(place, name, fact):
    if name not in place or place[name][0] <= fact[0]:
        place[name] = fact


def merged(held, loaded, interval):
    """The series that `loaded` continues, or `loaded` alone where candles between the two are missing."""
    length = INTERVALS[interval]
    if held and loaded:
        gaps = (loaded[0][0] - held[-1][0], held[0][0] - loaded[-1][0])
        if max(gaps) > length:
            return loaded
    by_start = {candle[0]: candle for candle in held}
    by_start.update((candle[0], candle) for candle in loaded)
    return [by_start[start] for start in sorted(by_start)][-KEPT[interval]:]


def continued(held, answer):
    """All of the answer, and before it what was held of the 15 minutes before its newest; at most 20,000."""
    names, oldest, newest = {trade[4] for trade in answer}, answer[0][0], answer[-1][0]
    earlier = [trade for trade in held
               if trade[4] not in names and trade[0] <= oldest and newest - trade[0] <= 15 * MINUTE]
    return [*earlier, *answer][-20_000:]


def agrees(last, price, factor):
    return last is None or price is None or max(price / last, last / price) <= factor


def agreeing(inputs, last):
    """Those that are about the price that the ticker tells."""
    kept = {kind: fact for kind, fact in inputs.items() if kind != "candles"}
    kept["candles"] = {
        interval: fact for interval, fact in inputs["candles"].items()
        if agrees(last, fact[1][-1][4], 2 if interval in ("240", "D") else 1.5)
    }
    if "orderbook" in kept:
        book = kept["orderbook"][1]
        middle = (book["bids"][0][0] + book["asks"][0][0]) / 2 if book["bids"] and book["asks"] else None
        if not agrees(last, middle, 1.05):
            del kept["orderbook"]
    if "recent-trade" in kept and not agrees(last, kept["recent-trade"][1][-1][1], 1.05):
        del kept["recent-trade"]
    return kept


class Measures:
    """What was measured of a contract in earlier rounds: pace of trading, spread and depth, each of another input; and the
    books of the last 15 minutes."""

    def __init__(self):
        self.series = {name: {"earlier": [], "at": None, "newest": None} for name in ("rate", "spread", "depth")}
        self.books = {}

    def put(self, name, at, measure):
        series = self.series[name]
        newest = series["newest"]
        if newest is None or at <= newest[0]:
            if newest is None or at == newest[0]:
                series["newest"] = (at, measure)
            return
        series["newest"] = (at, measure)
        if newest[1] is not None:
            series["earlier"] = [*series["earlier"], newest[1]][-MAX_MEASURES:]
            series["at"] = newest[0]

    def put_book(self, at, imbalances):
        self.books = {time: one for time, one in self.books.items() if time < at and at - time <= 15 * MINUTE}
        if imbalances is not None:
            self.books[at] = imbalances

    def earlier(self, name):
        return self.series[name]["earlier"]

    def as_of(self):
        times = [series["at"] for series in self.series.values() if series["at"] is not None]
        return max(times) if times else None
