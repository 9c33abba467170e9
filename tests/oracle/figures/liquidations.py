"""What was liquidated, from what was heard: docs/methodology.md, "Liquidations" and "Alerts"."""

from statistics import median

from .maths import HOUR, MINUTE, rounded

WINDOWS = {"last_1h": HOUR, "last_4h": 4 * HOUR, "last_24h": 24 * HOUR}
ROWS, CONTRACTS = 200, 20
CASCADE = 5 * MINUTE


def section(rows, since, as_of):
    """`rows` of (time, symbol, side, size, bankruptcy price), in the order in which they were heard; complete from `since` on."""
    newest = [shown(row) for row in reversed(sorted(rows, key=lambda row: row[0])) if since <= row[0] <= as_of]
    within = lambda span: [row for row in newest if as_of - row["time_ms"] < span]
    day = within(24 * HOUR)
    hour_known = as_of - since >= HOUR
    return {
        "observed_since_ms": since,
        **{name: sides(within(span)) if as_of - since >= span else None for name, span in WINDOWS.items()},
        "contracts_1h": contracts(within(HOUR)) if hour_known else None,
        "largest": max(day, key=lambda row: row["value_usd"], default=None),
        "latest": day[:ROWS],
    }


def shown(row):
    time, symbol, side, size, price = row
    return {"time_ms": time, "symbol": symbol, "side": side, "size_base": size, "bankruptcy_price": price,
            "value_usd": rounded(size * price, 2)}


def sides(rows):
    total = lambda side: rounded(sum(row["value_usd"] for row in rows if row["side"] == side), 2)
    return {"long_usd": total("long"), "short_usd": total("short")}


def contracts(rows):
    symbols = {row["symbol"] for row in rows}
    summed = [{"symbol": symbol, **sides([row for row in rows if row["symbol"] == symbol])} for symbol in symbols]
    return sorted(summed, key=lambda one: (-(one["long_usd"] + one["short_usd"]), one["symbol"]))[:CONTRACTS]


def cascade(rows, since, as_of):
    """The last five minutes beside the windows of five minutes before; None while those are fewer than twelve."""
    count = min(as_of - since, 24 * HOUR) // CASCADE - 1
    if count < 12:
        return None
    window = lambda index: [shown(row) for row in rows if index * CASCADE <= as_of - row[0] < (index + 1) * CASCADE]
    totals = [sum(row["value_usd"] for row in window(index)) for index in range(1, count + 1)]
    usual = median(totals)
    distance = rounded(median(abs(total - usual) for total in totals), 2)
    found = {**sides(window(0)), "median_usd": rounded(usual, 2), "mad_usd": distance, "windows": count}
    deviation = max(1.4826 * distance, 50_000.0)
    return {**found, "deviations": rounded((found["long_usd"] + found["short_usd"] - found["median_usd"]) / deviation, 2)}
