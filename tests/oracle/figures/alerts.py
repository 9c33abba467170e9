"""Which alerts follow from what was published and answered, round by round: docs/methodology.md, "Alerts"."""

from .compare import Fig, Text
from .exchange import INTERVALS
from .maths import HOUR, MINUTE, rounded
from .sections import funding_8h
from .shelf import agreeing

FUNDING_TIERS, INTEREST_TIERS = (0.05, 0.1, 0.15), (8.0, 12.0, 18.0)
LARGE_USD, LONG_FROM, SHORT_TO = 750_000.0, 70.0, 35.0
LEAVE = 0.9
COOLDOWN = {"regime_change": 15 * MINUTE, "score_crossing": 30 * MINUTE, "funding": 4 * HOUR, "open_interest": 4 * HOUR,
            "large_trade": 5 * MINUTE}
LEVELS = {1: "info", 2: "warning", 3: "critical"}
SEVERITY = {"info": "low", "warning": "medium", "critical": "high"}


def tier(value, tiers, held=0):
    """The highest that is reached, or the one that is held while nine tenths of it are."""
    reached = lambda value: sum(value >= threshold for threshold in tiers)
    return max(reached(value), min(reached(value / LEAVE), held))


class Alerts:
    def __init__(self):
        self.found, self.cooldowns, self.regime, self.watches = [], {}, None, {}

    def observe(self, publication, rows, universe, shelf):
        """One publication: its time, regime and scores, and what was known of every contract."""
        now = publication["generated_at_ms"]
        if publication["regime"] is not None:
            if self.regime is None:
                self.regime = publication["regime"]
            elif publication["regime"] != self.regime:
                before, after = self.regime, publication["regime"]
                category = lambda name: name.split(": ")[0]
                level = "info" if category(before) == category(after) else "warning"
                if self.tell(now, None, "regime_change", "", level, {"from": before, "to": after},
                             f'The market regime changed from "{before}" to "{after}".'):
                    self.regime = after
        for symbol in shelf.symbols:
            self.observe_contract(symbol, publication["scores"].get(symbol), rows.get(symbol), universe, shelf.symbols[symbol], now)

    def observe_contract(self, symbol, score, row, universe, inputs, now):
        is_first = symbol not in self.watches
        watch = self.watches.setdefault(symbol, {"zone": None, "funding": None, "interest": None, "until": now})
        inputs = agreeing(inputs, row["last"] if row else None)
        if score is not None:
            inside = lambda zone: 5.0 if watch["zone"] == zone else 0.0
            zone = "long" if score >= LONG_FROM - inside("long") else "short" if score <= SHORT_TO + inside("short") else ""
            if zone and watch["zone"] not in (None, zone) and not is_first:
                verb, threshold = ("rose", LONG_FROM) if zone == "long" else ("fell", SHORT_TO)
                self.tell(now, symbol, "score_crossing", f":{zone}", "info", {"zone": zone, "score": score, "threshold": threshold},
                          f"The score of {symbol} {verb} to {score:.2f}, past the {zone} threshold of {threshold:.0f}.")
            watch["zone"] = zone
        rate = funding_8h(row, universe) if row else None
        if rate is not None:
            self.observe_funding(symbol, watch, Fig(rate * 100, 6), now, is_first)
        if "open-interest" in inputs and "5" in inputs["candles"]:
            moved = interest_move(inputs["open-interest"][1], inputs["candles"]["5"][1], now)
            if moved is not None:
                self.observe_interest(symbol, watch, *moved, now)
        if "recent-trade" in inputs:
            fresh = [trade for trade in inputs["recent-trade"][1] if trade[0] > watch["until"]]
            if fresh:
                watch["until"] = max(trade[0] for trade in fresh)
            large = [trade for trade in fresh if trade[1] * trade[2] >= LARGE_USD]
            if large and not is_first:
                # Of equal ones the last, as a maximum is commonly taken.
                trade = max(reversed(large), key=lambda trade: trade[1] * trade[2])
                taker = {1: "buy", -1: "sell"}.get(trade[3])
                value, who = trade[1] * trade[2], {1: "A taker bought", -1: "A taker sold"}.get(trade[3], "One trade moved")
                details = {"taker": taker, "value_usd": Fig(value, 2), "price": trade[1], "traded_at_ms": trade[0],
                           "threshold_usd": LARGE_USD}
                self.tell(now, symbol, "large_trade", "", "info", details,
                          f"{who} {value:.0f} USD of {symbol} at {trade[1]:.15g}.")

    def observe_funding(self, symbol, watch, rate, now, is_first):
        shown = rounded(rate.value, 6)
        before, longs = watch["funding"], shown > 0
        held = before[1] if before and before[0] == longs else 0
        reached = tier(abs(shown), FUNDING_TIERS, held)
        watch["funding"] = (longs, reached) if reached else (None, 0)
        if not reached or before is None or is_first:
            return
        if before[1] == 0 or before[0] != longs or reached > before[1]:
            payer = "longs pay shorts" if longs else "shorts pay longs"
            threshold = FUNDING_TIERS[reached - 1]
            self.tell(now, symbol, "funding", f":{'longs' if longs else 'shorts'}_pay_{reached}", LEVELS[reached],
                      {"tier": reached, "rate_8h_pct": rate, "threshold_pct": threshold},
                      f"Funding of {symbol} is {shown:+.4f} % per 8 hours, {threshold:g} % or more: {payer}.")

    def observe_interest(self, symbol, watch, change, price, now):
        before = watch["interest"]
        held = before or 0
        if abs(price.value) >= 2.0:
            reached = tier(change.value, INTEREST_TIERS, held)
        elif abs(price.value) >= 2.0 * LEAVE:
            reached = min(held, tier(change.value / LEAVE, INTEREST_TIERS))
        else:
            reached = 0
        watch["interest"] = reached
        if before is not None and reached > before:
            self.tell(now, symbol, "open_interest", f":{reached}", LEVELS[reached],
                      {"tier": reached, "change_4h_pct": change, "price_change_4h_pct": price,
                       "threshold_pct": INTEREST_TIERS[reached - 1]},
                      f"Open interest of {symbol} grew {change.value:.2f} % in 4 hours while the price moved {price.value:+.2f} %.")

    def tell(self, now, symbol, kind, tail, level, details, message):
        key = f"{kind}:{symbol or 'market'}{tail}"
        if key in self.cooldowns and abs(now - self.cooldowns[key]) < COOLDOWN[kind]:
            return False
        self.cooldowns[key] = now
        self.found.append({"key": key, "at": now, "kind": kind, "symbol": symbol, "level": level, "details": details, "message": message})
        return True

    def newest_first(self):
        return list(reversed(self.found))[:100]

    def stand_as(self, published):
        """Puts the alerts of one moment, which have no order of their own, into that in which they were published."""
        places = {(alert["at_ms"], alert["symbol"], alert["event"]["kind"]): place for place, alert in enumerate(published)}
        place = lambda alert: places.get((alert["at"], alert["symbol"], alert["kind"]), 0)
        self.found.sort(key=lambda alert: (alert["at"], -place(alert)))


def interest_move(history, candles, now):
    """(growth of the open interest, move of the price) over four hours, percent."""
    latest = history[-1]
    if now - latest[0] > 30 * MINUTE:
        return None
    begin = latest[0] - 4 * HOUR
    earlier = min(history, key=lambda row: abs(row[0] - begin))
    if abs(earlier[0] - begin) > 15 * MINUTE or earlier[1] == 0:
        return None

    def close_by(moment):
        ended = [candle for candle in candles if candle[0] + INTERVALS["5"] <= moment]
        return ended[-1][4] if ended and moment - (ended[-1][0] + INTERVALS["5"]) <= 15 * MINUTE else None

    prices = close_by(earlier[0]), close_by(latest[0])
    if None in prices:
        return None
    return Fig((latest[1] / earlier[1] - 1) * 100, 4), Fig((prices[1] / prices[0] - 1) * 100, 4)


def body(alert):
    """As clients read it."""
    return {
        "id": f"{alert['key']}:{alert['at'] // COOLDOWN[alert['kind']]}",
        "alert_type": alert["kind"],
        "level": alert["level"],
        "severity": SEVERITY[alert["level"]],
        "symbol": alert["symbol"],
        "message": Text(alert["message"]),
        "unix_timestamp": alert["at"] // 1000,
        "timestamp": alert["at"],
        "details": alert["details"],
    }


def stored(alert):
    """As the snapshot has it."""
    facts = {name: value for name, value in alert["details"].items() if not name.startswith("threshold")}
    return {"at_ms": alert["at"], "symbol": alert["symbol"], "event": {"kind": alert["kind"], **facts}}
