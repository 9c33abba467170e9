"""Raw answers of the exchange and the publishers -> facts. Written from the exchange's documentation and docs/methodology.md."""

import math
import re

from .maths import DAY, HOUR, MINUTE, near, within

BITCOIN, ETHER = "BTCUSDT", "ETHUSDT"
INTERVALS = {"1": MINUTE, "5": 5 * MINUTE, "30": 30 * MINUTE, "60": HOUR, "240": 4 * HOUR, "D": DAY}
# How many closed candles are kept of each length.
KEPT = {"1": 1000, "5": 300, "30": 300, "60": 2162, "240": 300, "D": 40}
NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?\Z")


def number(field):
    """What was sent as a number or as a text that is one; None for anything else."""
    if isinstance(field, bool) or field is None:
        return None
    if isinstance(field, (int, float)):
        return float(field) if math.isfinite(field) else None
    if isinstance(field, str) and NUMBER.match(field):
        value = float(field)
        return value if math.isfinite(value) else None
    return None


def above_zero(field):
    value = number(field)
    return value if value is not None and value > 0 else None


def not_negative(field):
    value = number(field)
    return value if value is not None and value >= 0 else None


def is_symbol(text):
    return isinstance(text, str) and 0 < len(text) <= 40 and all(c.isalnum() or c == "-" for c in text)


def is_funding_interval(hours):
    return hours is not None and 0.1 <= hours <= 168


# --- The list of contracts -----------------------------------------------------------------------------


class Universe:
    """The crypto USDT perpetuals that trade: symbol -> hours between fundings, or None."""

    def __init__(self, pages):
        self.contracts, self.others = {}, set()
        self.as_of = min(min(page["time"], received) for page, received in pages)
        for page, _ in pages:
            for row in page["result"]["list"]:
                if not (isinstance(row, dict) and is_symbol(row.get("symbol"))):
                    continue
                if self.counts(row):
                    minutes = number(row.get("fundingInterval"))
                    hours = None if minutes is None else minutes / 60
                    self.contracts[row["symbol"]] = hours if is_funding_interval(hours) else None
                else:
                    self.others.add(row["symbol"])

    @staticmethod
    def counts(row):
        return (
            row.get("contractType") == "LinearPerpetual"
            and row.get("quoteCoin") == "USDT"
            and row.get("settleCoin") == "USDT"
            and row.get("status") == "Trading"
            and str(row.get("isPreListing")).lower() != "true"
            and row.get("symbolType") in ("", "innovation")
        )


# --- The ticker table ----------------------------------------------------------------------------------

# A field that is zero in nine of ten rows that send it is one that is not filled. In the order in which they are looked at.
FILLED = ["markPrice", "indexPrice", "prevPrice24h", "prevPrice1h", "price24hPcnt", "volume24h", "fundingRate",
          "singleOpenInterestValue", "openInterestValue", "singleOpenInterest", "openInterest"]
FIELDS = FILLED + ["lastPrice", "bid1Price", "ask1Price", "highPrice24h", "lowPrice24h", "turnover24h", "fundingIntervalHour",
                   "fundingCap", "nextFundingTime"]


def tickers(body):
    """The usable rows of a table, in its order, and the symbols of those that are not."""
    rows, refused = [], []
    for row in body["result"]["list"]:
        if not isinstance(row, dict) or not is_symbol(row.get("symbol")):
            refused.append(row.get("symbol") if isinstance(row, dict) else "")
        elif above_zero(row.get("lastPrice")) is None:
            refused.append(row["symbol"])
        else:
            rows.append({"symbol": row["symbol"], **{field: number(row.get(field)) for field in FIELDS}})
    for field in FILLED:
        sent = [row[field] for row in rows if row[field] is not None]
        zeros = sum(value == 0 or (field == "fundingRate" and abs(value) < 5e-9) for value in sent)
        if len(sent) >= 20 and zeros * 100 >= len(sent) * 90:
            for row in rows:
                row[field] = None
    usable = []
    for row in rows:
        judged = ticker(row, body["time"])
        if judged is None:
            refused.append(row["symbol"])
        else:
            usable.append(judged)
    return usable, refused


def ticker(row, server_time):
    """A row whose figures bear one another out; None where most of them contradict its price."""
    last = row["lastPrice"]
    price = lambda field: row[field] if row[field] is not None and row[field] > 0 else None
    bid, ask, mark, index = (price(field) for field in ("bid1Price", "ask1Price", "markPrice", "indexPrice"))
    high, low, before = price("highPrice24h"), price("lowPrice24h"), price("prevPrice24h")
    stated = row["price24hPcnt"]
    witnesses = [near(other, last, 1.25) for other in (bid, ask, mark, index) if other is not None]
    if high is not None and low is not None:
        witnesses.append(within(last, low, high, 0.01))
    if before is not None and stated is not None:
        witnesses.append(near(before * (1 + stated), last, 1.25))
    if 2 * witnesses.count(False) > len(witnesses):
        return None
    mark, index = (other if other is not None and near(other, last, 1.25) else None for other in (mark, index))
    if high is None or low is None or high < low or not within(last, low, high, 0.01) or high > low * 50:
        high = low = None
    volume, turnover = traded(row, last, high, low, before)
    interest = open_interest(row, last)
    if turnover is not None and interest is not None:
        if interest > 1e8 and interest > turnover * 1000:
            interest = None
        elif turnover > 1e10 and turnover > interest * 1000:
            volume = turnover = None
    cap = row["fundingCap"] if row["fundingCap"] is not None and 0 < row["fundingCap"] <= 0.1 else 0.1
    rate = row["fundingRate"] if row["fundingRate"] is not None and abs(row["fundingRate"]) <= cap * 1.0001 else None
    hours = row["fundingIntervalHour"]
    return {
        "symbol": row["symbol"], "last": last, "high": high, "low": low, "mark": mark, "index": index,
        "change": change_24h(last, before, stated, high, low), "change_1h": change_1h(last, price("prevPrice1h"), high, low),
        "volume": volume, "turnover": turnover, "interest": interest, "coins": coins(row, last, interest), "rate": rate,
        "interval": hours if is_funding_interval(hours) else None,
        "next": next_funding(row["nextFundingTime"], hours if is_funding_interval(hours) else 168, server_time),
    }


def next_funding(told, hours, server_time):
    """When funding is paid next: ahead, by at most an interval and a minute."""
    return int(told) if told is not None and 0 < told - server_time <= hours * 3_600_000 + 60_000 else None


def coins(row, last, interest):
    """One side's open interest in coins: what agrees with the one in dollars."""
    both = row["openInterest"]
    told = [row["singleOpenInterest"], None if both is None else both / 2]
    agreeing = [value for value in told if value is not None and interest is not None and near(value * last, interest, 1.25)]
    return agreeing[0] if agreeing else None


def change_24h(last, before, stated, high, low):
    """Percent: the stated one where the prices bear it out to 0.001 points, else the prices' own."""
    of_the_day = lambda price: high is None or within(price, low, high, 0.05)
    if before is None and stated is None:
        return None
    if stated is None:
        return (last / before - 1) * 100 if of_the_day(before) else None
    if before is None:
        if 1 + stated == 0:
            return None
        implied = last / (1 + stated)
        return stated * 100 if implied > 0 and high is not None and of_the_day(implied) else None
    if not near(before * (1 + stated), last, 1.01):
        return None
    computed = (last / before - 1) * 100
    return computed if abs(stated * 100 - computed) > 0.001 else stated * 100


def change_1h(last, before, high, low):
    if before is None:
        return None
    of_the_day = within(before, low, high, 0.01) if high is not None else near(before, last, 1.25)
    return (last / before - 1) * 100 if of_the_day else None


def traded(row, last, high, low, before):
    """Volume and turnover, whose quotient must be a price of the day."""
    volume, turnover = not_negative(row["volume24h"]), not_negative(row["turnover24h"])
    if turnover is not None and turnover > 1e15:
        return None, None
    if volume is None or turnover is None:
        return volume, turnover
    if high is None:
        first = last if before is None else before
        high, low = max(last, first) * 1.25, min(last, first) / 1.25
    if volume == 0 or turnover == 0:
        agree = volume == turnover
    else:
        agree = within(turnover / volume, low, high, 0.01)
    return (volume, turnover) if agree else (None, None)


def open_interest(row, last):
    """One side's, USD: what most ways of telling it agree on, of those that are told in dollars."""
    single, both = row["singleOpenInterestValue"], row["openInterestValue"]
    coins, both_coins = row["singleOpenInterest"], row["openInterest"]
    told = [single, None if both is None else both / 2, None if coins is None else coins * last,
            None if both_coins is None else both_coins / 2 * last]
    told = [value for value in told if value is not None]
    for one in told[:2]:
        if 2 * sum(near(one, other, 1.25) for other in told) > len(told):
            return one if 0 < one <= 1e15 else None
    return None


# --- Lists of the past of one contract -------------------------------------------------------------------


def past(field, server_time):
    """A whole number of milliseconds between 2018 and the answer's own time."""
    value = number(field)
    if value is None or value != math.floor(value):
        return None
    return int(value) if 1_514_764_800_000 <= value <= server_time + 5_000 else None


def rows_of(body):
    """Oldest first; the exchange sends the newest first."""
    return list(reversed(body["result"]["list"]))


def once(rows, key):
    """Of rows with one key that which the exchange sent first."""
    seen, kept = set(), []
    for row in reversed(rows):
        if key(row) not in seen:
            seen.add(key(row))
            kept.append(row)
    kept.reverse()
    return sorted(kept, key=lambda row: row[0])


def candles(body, interval, received):
    """(start, open, high, low, close, volume) of closed candles, oldest first."""
    length, found = INTERVALS[interval], []
    for row in rows_of(body):
        if not isinstance(row, list) or len(row) < 7:
            continue
        start = past(row[0], body["time"])
        prices, amounts = [above_zero(cell) for cell in row[1:5]], [not_negative(cell) for cell in row[5:7]]
        if start is None or start % length or None in prices or None in amounts:
            continue
        opened, high, low, closed = prices
        if low <= min(opened, closed) and max(opened, closed) <= high:
            found.append((start, *prices, amounts[0]))
    found = once(found, lambda candle: candle[0])
    return [candle for candle in found if candle[0] + length <= min(body["time"], received)]


def trades(body):
    """(time, price, size, sign of the taker or 0, name), oldest first, without block trades."""
    found = []
    for row in rows_of(body):
        time, price, size = past(row.get("time"), body["time"]), above_zero(row.get("price")), above_zero(row.get("size"))
        if None not in (time, price, size):
            sign = {"Buy": 1, "Sell": -1}.get(row.get("side"), 0)
            found.append((time, price, size, sign, row.get("execId"), row.get("isBlockTrade") is True))
    return [trade[:5] for trade in sorted(found, key=lambda trade: trade[0]) if not trade[5]]


def book(body):
    result = body["result"]
    time = past(result["cts"] if result.get("cts") is not None else result["ts"], body["time"])
    levels = lambda side: [(float(price), float(size)) for price, size in side]
    return {"time": time, "bids": levels(result["b"]), "asks": levels(result["a"])}


def interests(body):
    """(time, one side in coins), oldest first."""
    found = []
    for row in rows_of(body):
        time, single = past(row.get("timestamp"), body["time"]), not_negative(row.get("singleOpenInterest"))
        if single is None and row.get("singleOpenInterest") in (None, ""):
            both = not_negative(row.get("openInterest"))
            single = None if both is None else both / 2
        if time is not None and single is not None:
            found.append((time, single))
    return once(found, lambda row: row[0])


def account_ratios(body):
    """(time, share long, share short), oldest first."""
    found = []
    for row in rows_of(body):
        time, long, short = past(row.get("timestamp"), body["time"]), number(row.get("buyRatio")), number(row.get("sellRatio"))
        if time is not None and long is not None and short is not None:
            if 0 <= long <= 1 and 0 <= short <= 1 and abs(long + short - 1) <= 1e-3:
                found.append((time, long, short))
    return once(found, lambda row: row[0])


def fundings(body):
    """(time, rate), oldest first."""
    found = []
    for row in rows_of(body):
        time, rate = past(row.get("fundingRateTimestamp"), body["time"]), number(row.get("fundingRate"))
        if time is not None and rate is not None and abs(rate) <= 0.5:
            found.append((time, rate))
    return once(found, lambda row: row[0])


# --- The publishers of the whole market --------------------------------------------------------------------

STABLECOINS = ("usdt", "usdc", "dai", "usds", "usde", "fdusd")


def global_market(body, received):
    data = body["data"]
    shares = data.get("market_cap_percentage") or {}
    if sum(value for value in map(number, shares.values()) if value is not None and value > 0) > 100.5:
        shares = {}
    share = lambda coin: value if (value := above_zero(shares.get(coin))) is not None and value <= 100 else None
    stable = [share(coin) for coin in STABLECOINS if shares.get(coin) is not None]
    change = number(data.get("market_cap_change_percentage_24h_usd"))
    count = number(data.get("active_cryptocurrencies"))
    return {
        "as_of": min(int(number(data["updated_at"])) * 1000, received),
        "cap": above_zero(data["total_market_cap"]["usd"]),
        "volume": above_zero(data["total_volume"]["usd"]),
        "change": change if change is not None and -90 <= change <= 100 and change != 0 else None,
        "btc": share("btc"),
        "eth": share("eth"),
        "stable": sum(stable) if stable and None not in stable and sum(stable) <= 100 else None,
        "coins": int(count) if count is not None and 1 <= count <= 1e7 and count == math.floor(count) else None,
    }


def defi_market(body):
    data = body["data"]
    cap, volume = above_zero(data["defi_market_cap"]), above_zero(data.get("trading_volume_24h"))
    dominance = above_zero(data.get("defi_dominance"))
    return {
        "cap": cap,
        "volume": volume if volume is not None and 0.001 <= volume / cap <= 1 else None,
        "dominance": dominance if dominance is not None and dominance <= 100 else None,
    }


def fear_greed(body, received):
    row = body["data"][0]
    until = number(row.get("time_until_update"))
    return {
        "value": number(row["value"]),
        "label": row["value_classification"],
        "as_of": int(number(row["timestamp"])) * 1000,
        "next": None if until is None else received + int(until * 1000),
    }
