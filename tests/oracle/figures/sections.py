"""Facts -> the figures of a snapshot, before their rounding: docs/methodology.md."""

import math

import numpy

from .compare import Fig
from .confluence import directional_movement, funding_rates_8h
from .exchange import BITCOIN, ETHER, INTERVALS, is_symbol
from .maths import DAY, HOUR, MINUTE, clamp, deviation, mean, robust_deviation, rounded
from .shelf import agreeing

MAJORS = (BITCOIN, ETHER)
SPANS = {"week": 168, "month": 720, "quarter": 2160}
# Hours -> (length of a candle, minutes from point to point).
CHARTS = {"0.25": ("1", 1), "0.5": ("1", 1), "1": ("1", 2), "4": ("5", 10), "8": ("5", 15), "12": ("30", 30), "24": ("30", 60)}


def is_most(part, whole):
    return part * 5 >= whole * 4


class Market:
    """The rows of the contracts that count, one a contract."""

    def __init__(self, rows, refused, universe):
        listed = [row for row in rows if row["symbol"] in universe.contracts]
        first, disputed = {}, set()
        for row in listed:
            known = first.setdefault(row["symbol"], row)
            if known is not row and known != row:
                disputed.add(row["symbol"])
        self.rows = [row for symbol, row in first.items() if symbol not in disputed]
        self.find = {row["symbol"]: row for row in self.rows}
        of_ours = {symbol for symbol in refused if symbol in universe.contracts and (symbol not in first or symbol in disputed)}
        symbols = {row["symbol"] for row in rows} | {symbol for symbol in refused if isinstance(symbol, str)}
        ours = {symbol for symbol in symbols if symbol.endswith("USDT") and is_symbol(symbol) and "-" not in symbol}
        self.coverage = {
            "listed": len(universe.contracts),
            "priced": len(self.rows),
            "refused": len(of_ours | disputed),
            "unlisted": len(ours - universe.contracts.keys() - universe.others),
        }

    def is_told(self, figure):
        told = [row for row in self.rows if figure(row) is not None]
        majors = [self.find[major] for major in MAJORS if major in self.find]
        return is_most(len(told), len(self.rows)) and all(figure(row) is not None for row in majors)

    def is_of_most(self, figure):
        """Of most contracts, of both majors, and of four fifths of the turnover."""
        every = math.fsum(row["turnover"] or 0 for row in self.rows)
        told = math.fsum(row["turnover"] or 0 for row in self.rows if figure(row) is not None)
        return bool(self.rows) and self.is_told(figure) and told >= 0.8 * every

    def by_turnover(self):
        order = lambda row: (-(-1 if row["turnover"] is None else row["turnover"]), row["symbol"])
        return sorted(self.rows, key=order)


def overview(market, breadth, volatility):
    changes = [row["change"] for row in market.rows if row["change"] is not None]
    with_range = [row for row in market.rows if row["high"] is not None]
    ranges = [max(0.0, (row["high"] - row["low"]) / row["last"] * 100) for row in with_range]
    turnovers = [row["turnover"] for row in market.rows if row["turnover"] is not None]
    moved = breadth["up"] + breadth["down"]
    return {
        "btc_price": market.find[BITCOIN]["last"],
        "eth_price": market.find[ETHER]["last"] if ETHER in market.find else None,
        "total_turnover": Fig.of(math.fsum(turnovers), 2) if market.is_told(lambda row: row["turnover"]) else None,
        "turnover_contracts": len(turnovers),
        "average_change": Fig.of(mean(changes), 4),
        "dispersion": Fig.of(deviation(changes), 4),
        "robust_dispersion": Fig.of(robust_deviation(changes), 4) if len(changes) >= 2 else None,
        "average_range": Fig.of(mean(ranges), 4) if is_most(len(ranges), len(market.rows)) else None,
        "trend_strength": Fig.of(50 + 50 * (breadth["up"] - breadth["down"]) / moved, 2) if moved else None,
        "btc_daily_volatility": Fig.of(volatility, 4),
        "btc_volatility": Fig.of(None if volatility is None else volatility * math.sqrt(365), 4),
    }


def breadth(market):
    changes = [row["change"] for row in market.rows if row["change"] is not None]
    up, down = sum(change > 0 for change in changes), sum(change < 0 for change in changes)
    share = up / (up + down) * 100 if up + down else None
    mood = None if share is None else "bullish" if share >= 60 else "bearish" if share <= 40 else "neutral"
    return {"up": up, "down": down, "flat": len(changes) - up - down, "percentage": Fig.of(share, 4), "mood": mood}


def mover(row):
    if row["change"] is None or row["turnover"] is None:
        return None
    return {"symbol": row["symbol"], "price": row["last"], "change_24h": Fig(row["change"], 4), "turnover_24h": Fig(row["turnover"], 2)}


def movers(market, floor):
    liquid = [row for row in market.rows if row["turnover"] is not None and row["turnover"] >= floor]
    rows = [row for row in map(mover, liquid) if row]
    shown = lambda row: rounded(row["change_24h"].value, 4)
    largest = lambda rows: sorted(rows, key=lambda row: (-abs(shown(row)), row["symbol"]))[:5]
    return {
        "turnover_floor": floor,
        "gainers": largest(row for row in rows if shown(row) > 0),
        "losers": largest(row for row in rows if shown(row) < 0),
    }


def leaders(market):
    return [row for row in map(mover, market.by_turnover()) if row][:15]


def momentum(row):
    """(score, share of its inputs), or None below six tenths of them."""
    inputs = []
    if row["change"] is not None:
        inputs.append((0.5, math.tanh(row["change"] / 10)))
    if row["change_1h"] is not None:
        inputs.append((0.3, math.tanh(row["change_1h"] / 2)))
    if row["high"] is not None and row["high"] > row["low"]:
        place = (row["last"] - row["low"]) / (row["high"] - row["low"]) * 2 - 1
        inputs.append((0.2, clamp(place, -1, 1)))
    weight = sum(share for share, _ in inputs)
    if weight < 0.6:
        return None
    return 50 + 50 * sum(share * signal for share, signal in inputs) / weight, weight


# --- Perpetuals -----------------------------------------------------------------------------------------------


def funding_8h(row, universe):
    hours = row["interval"] or universe.contracts.get(row["symbol"])
    return None if hours is None or row["rate"] is None else row["rate"] * 8 / hours


# --- Each contract by itself ---------------------------------------------------------------------------------

OTHER_UNIT = 3
RECORD_PERIOD = 15 * MINUTE
MAX_BOOK_AGE = MINUTE


def contracts(market, universe, records, as_of):
    """Funding and open interest of every contract, the largest first. `records`: symbol -> (time, coins), oldest first."""
    found = [contract(row, universe, records.get(row["symbol"], []), as_of) for row in market.rows]
    size = lambda row: -1 if row["open_interest_usd"] is None else rounded(row["open_interest_usd"].value, 2)
    return sorted(found, key=lambda row: (-size(row), row["symbol"]))


def contract(row, universe, record, as_of):
    hours = row["interval"] or universe.contracts.get(row["symbol"])
    of_eight_hours = funding_8h(row, universe)
    held = row["coins"]
    record = [] if held is None else in_the_unit_of(held, record)
    return {
        "symbol": row["symbol"], "funding_rate_pct": Fig.of(None if row["rate"] is None else row["rate"] * 100, 6),
        "funding_interval_hours": hours, "next_funding_ms": row["next"] if row["next"] and row["next"] > as_of else None,
        "funding_rate_8h_pct": Fig.of(None if of_eight_hours is None else of_eight_hours * 100, 6),
        "open_interest_usd": Fig.of(row["interest"], 2), "open_interest_base": held,
        **{f"open_interest_change_{hours}h_pct": change_since(record, as_of - hours * HOUR, held) for hours in (1, 4, 24)},
    }


def in_the_unit_of(held, record):
    """The newest rows, back to where two in succession are so far apart that the contract was split between them."""
    kept, later = [], held
    for time, coins in reversed(record):
        if max(coins, later) > OTHER_UNIT * min(coins, later):
            break
        kept.append((time, coins))
        later = coins
    return kept[::-1]


def change_since(record, moment, held):
    """From the row of the record that is nearest to the moment, at most half of its period away."""
    near = [(abs(time - moment), time, coins) for time, coins in record if abs(time - moment) <= RECORD_PERIOD / 2]
    before = min(near)[2] if near else None
    return Fig((held / before - 1) * 100, 4) if before else None


def books(inputs, rows, now):
    """(the tops of the books, in the order of turnover, and the time of the oldest). `inputs` agree with the ticker's price."""
    found = []
    for symbol, known in inputs.items():
        if symbol not in rows or "orderbook" not in known:
            continue
        as_of, book = known["orderbook"]
        if now - as_of > MAX_BOOK_AGE or not book["bids"] or not book["asks"]:
            continue
        (bid, wanted), (ask, offered) = book["bids"][0], book["asks"][0]
        found.append({"symbol": symbol, "as_of_ms": as_of, "bid": bid, "bid_size_base": wanted, "ask": ask, "ask_size_base": offered,
                      "spread_bps": Fig((ask - bid) / ((ask + bid) / 2) * 10_000, 4)})
    turnover = lambda symbol: rows[symbol]["turnover"] or 0
    found.sort(key=lambda top: (-turnover(top["symbol"]), top["symbol"]))
    return found, min((top["as_of_ms"] for top in found), default=None)


def basis(row):
    return None if row["mark"] is None or row["index"] is None else (row["mark"] - row["index"]) / row["index"] * 100


def weighted(market, figure):
    """The mean by turnover, and how many contracts it is of; None twice where they are not most of the market."""
    told = [(row["turnover"], figure(row)) for row in market.rows if row["turnover"] is not None and figure(row) is not None]
    weight = math.fsum(turnover for turnover, _ in told)
    both = lambda row: figure(row) if row["turnover"] is not None else None
    if not weight or not market.is_of_most(both):
        return None, None
    return math.fsum(turnover * value for turnover, value in told) / weight, len(told)


def perps(market, universe, held, premiums):
    percent = lambda row: None if funding_8h(row, universe) is None else funding_8h(row, universe) * 100
    funding, of_funding = weighted(market, percent)
    premium, of_premium = weighted(market, basis)
    interests = [row["interest"] for row in market.rows if row["interest"] is not None]
    is_told = market.is_of_most(lambda row: row["interest"])
    status = None
    if premium is not None:
        status = "CONTANGO" if premium > 0.01 else "BACKWARDATION" if premium < -0.01 else "NEUTRAL"
    return {
        "funding_rate": Fig.of(funding, 6),
        "funding_contracts": of_funding,
        **held,
        "total_open_interest": Fig.of(math.fsum(interests), 2) if is_told else None,
        "open_interest_contracts": len(interests) if is_told else None,
        "basis_pct": Fig.of(premium, 6),
        "basis_contracts": of_premium,
        "basis_status": status,
        "contract_count": len(market.rows),
        "funding_paid": Fig.of(by_open_interest(market, percent), 6),
        "premium": Fig.of(by_open_interest(market, basis), 6),
        "premium_unusual": Fig.of(unusual_premium(by_open_interest(market, basis), premiums), 4),
    }


def unusual_premium(premium, past):
    """Deviations from the median of the past ones, by medians, with a floor of a tenth of a basis point; -5 to 5."""
    if premium is None or len(past) < 120:
        return None
    return clamp((rounded(premium, 6) - float(numpy.median(past))) / max(robust_deviation(past), 1e-3), -5, 5)


def by_open_interest(market, figure):
    both = lambda row: figure(row) if row["interest"] is not None else None
    if not market.is_of_most(both):
        return None
    told = [(row["interest"], both(row)) for row in market.rows if both(row) is not None]
    return math.fsum(weight * value for weight, value in told) / math.fsum(weight for weight, _ in told)


def positioning(shelf, rows, universe, now):
    """Long accounts and how unusual the last fundings are, over the monitored contracts, by turnover; and the next ones, by
    open interest."""
    longs, scores, unusual = [], [], []
    for symbol, inputs in shelf.symbols.items():
        turnover = rows[symbol]["turnover"] if symbol in rows else None
        if turnover is None:
            continue
        if "account-ratio" in inputs:
            as_of, history = inputs["account-ratio"]
            _, long, short = history[-1]
            if max(0, now - as_of) < HOUR and long + short > 0:
                longs.append((turnover, long / (long + short)))
        z = funding_zscore(inputs["funding/history"][1], now) if "funding/history" in inputs else None
        if z is not None:
            scores.append((turnover, z))
        interest, following = rows[symbol]["interest"], funding_8h(rows[symbol], universe)
        if interest is not None and following is not None and "funding/history" in inputs:
            found = unusual_funding(following, inputs["funding/history"][1], now)
            if found is not None:
                unusual.append((interest, found))
    average = lambda told: math.fsum(w * v for w, v in told) / math.fsum(w for w, _ in told) if told else None
    long = average(longs)
    shown = None if long is None else rounded(long * 100, 2)
    entropy = None if long is None else sum(-p * math.log2(p) for p in (long, 1 - long) if p > 0)
    return {
        "funding_zscore": Fig.of(average(scores), 4),
        "long_pct": Fig.of(None if long is None else long * 100, 2),
        "short_pct": Fig.of(None if shown is None else 100 - shown, 2),
        "ls_entropy": Fig.of(entropy, 4),
        "funding_unusual": Fig.of(average(unusual), 4),
    }


def unusual_funding(following, history, now):
    """Deviations from the median of what was paid, by medians, with a floor of a tenth of a basis point; -5 to 5."""
    if max(0, now - history[-1][0]) > 9 * HOUR:
        return None
    paid = [rate for _, rate in funding_rates_8h(history) if rate is not None]
    if len(paid) < 20:
        return None
    return clamp((following - float(numpy.median(paid))) / max(robust_deviation(paid), 1e-5), -5, 5)


def funding_zscore(history, now):
    if max(0, now - history[-1][0]) > 9 * HOUR:
        return None
    rates = [(time, rate) for time, rate in funding_rates_8h(history) if rate is not None]
    if not rates or rates[-1][0] != history[-1][0] or len(rates) < 21:
        return None
    earlier = [rate for _, rate in rates[:-1]]
    spread = deviation(earlier)
    return (rates[-1][1] - mean(earlier)) / spread if spread > 1e-9 else None


# --- Bitcoin's volatility, betas, charts ---------------------------------------------------------------------------


def log_returns(candles, interval):
    """Start -> ln(close / close before), where the candle before is there."""
    pairs = zip(candles, candles[1:])
    return {after[0]: math.log(after[4] / before[4]) for before, after in pairs if after[0] - before[0] == INTERVALS[interval]}


def bitcoin_volatility(shelf, rows, now):
    """Percent a day: over the returns of 29 days."""
    inputs = shelf.symbols.get(BITCOIN)
    last = rows[BITCOIN]["last"] if BITCOIN in rows else None
    if inputs is None or "D" not in agreeing(inputs, last)["candles"]:
        return None
    returns = log_returns(inputs["candles"]["D"][1], "D")
    if not returns or max(0, now - (max(returns) + DAY)) > 2 * DAY:
        return None
    recent = [value for start, value in returns.items() if max(returns) - start < 29 * DAY]
    return deviation(recent) * 100 if len(recent) >= 19 else None


def beta(inputs):
    """The rows, highest beta first, and until when they are known. `inputs`: symbol -> agreeing inputs."""
    if "60" not in inputs.get(BITCOIN, {"candles": {}})["candles"]:
        return None, None
    known, candles = inputs[BITCOIN]["candles"]["60"]
    bitcoin = log_returns(candles, "60")
    rows, hours = [], []
    for symbol, of_symbol in inputs.items():
        if "60" not in of_symbol["candles"] or not bitcoin:
            continue
        own = log_returns(of_symbol["candles"]["60"][1], "60")
        common = [start for start in bitcoin if start in own]
        if not common or max(bitcoin) - max(common) > 2 * HOUR:
            continue
        windows = {name: window(own, bitcoin, hours) for name, hours in SPANS.items()}
        lead = next((windows[name] for name in ("month", "week", "quarter") if windows[name]), None)
        if lead is not None:
            rows.append({"symbol": symbol, **windows, "lead": lead})
            hours.append(max(common))
    if not rows:
        return None, None
    rows.sort(key=lambda row: (-rounded(row["lead"]["beta"].value, 4), row["symbol"]))
    return rows, min(min(hours) + HOUR, known)


def window(own, bitcoin, hours):
    last = max(bitcoin)
    pairs = [(own[start], bitcoin[start]) for start in bitcoin if last - start < hours * HOUR and start in own]
    if len(pairs) < math.ceil(hours * 0.6):
        return None
    ours, markets = zip(*pairs)
    spread, of_market = deviation(ours), deviation(markets)
    if spread <= 1e-9 or of_market <= 1e-9:
        return None
    middle, of_markets = mean(ours), mean(markets)
    covariance = math.fsum((a - middle) * (b - of_markets) for a, b in pairs) / (len(pairs) - 1)
    slope, rho = covariance / of_market**2, clamp(covariance / (spread * of_market), -1, 1)
    return {
        "beta": Fig(slope, 4), "correlation": Fig(rho, 4), "r_squared": Fig(rho**2, 4),
        "alpha_pct": Fig((middle - slope * of_markets) * 8760 * 100, 2),
        "volatility_ratio": Fig(spread / of_market, 4), "pairs": len(pairs),
        **regression(numpy.array(ours), numpy.array(markets)),
    }


def regression(own, market):
    """Ordinary least squares: the slope's standard error, and the intercept with its own, over all hours in percent."""
    design = numpy.column_stack([numpy.ones(len(market)), market])
    (intercept, slope), *_ = numpy.linalg.lstsq(design, own, rcond=None)
    residuals = own - design @ numpy.array([intercept, slope])
    covariance = numpy.linalg.inv(design.T @ design) * (residuals @ residuals) / (len(own) - 2)
    of_intercept, of_slope = numpy.sqrt(numpy.diag(covariance))
    return {"beta_error": Fig(float(of_slope), 6), "excess_pct": Fig(float(intercept) * len(own) * 100, 4),
            "excess_error_pct": Fig(float(of_intercept) * len(own) * 100, 4)}


def charts(inputs, rows, now):
    """Hours -> {"first": ms, "lines": {symbol: [ten-thousandths of a percent or None]}}."""
    turnover = lambda symbol: rows[symbol]["turnover"] or 0 if symbol in rows else 0
    symbols = sorted(inputs, key=lambda symbol: (-turnover(symbol), symbol))
    drawn = {}
    for hours, (interval, step) in CHARTS.items():
        length, span = INTERVALS[interval], round(float(hours) * HOUR)
        of = lambda symbol: inputs.get(symbol, {"candles": {}})["candles"].get(interval)
        if of(BITCOIN) is None:
            continue
        end = of(BITCOIN)[1][-1][0] + length
        moments = range(end - span, end + 1, step * MINUTE)
        lines = {}
        for symbol in [BITCOIN, *symbols]:
            if len(lines) < 15 and symbol not in lines and of(symbol) is not None:
                line = line_of({candle[0] + length: candle[4] for candle in of(symbol)[1]}, moments)
                if line is not None:
                    lines[symbol] = line
        if BITCOIN in lines and max(0, now - end) <= 2 * length + MINUTE:
            drawn[hours] = {"first": end - span, "last": end, "step": step * MINUTE, "lines": lines}
    return drawn


def line_of(closes, moments):
    first = closes.get(moments[0])
    if first is None:
        return None
    line = [None if moment not in closes else Fig((closes[moment] / first - 1) * 1e6, 0) for moment in moments]
    missing = line.count(None)
    is_drawable = any(value is not None for value in line[-3:]) and missing * 5 <= len(line)
    return line if is_drawable else None


# --- Regime -------------------------------------------------------------------------------------------------------


def regime(scores, full, share, dispersion, index):
    average = mean(scores)
    direction = ("Strong Bullish" if average >= 70 else "Bullish" if average >= 60 else "Strong Bearish" if average <= 30
                 else "Bearish" if average <= 40 else "Neutral")
    width = "mixed" if share is None else "broad" if share >= 60 else "narrow" if share <= 40 else "mixed"
    spread = "normal" if dispersion is None else "high" if dispersion > 15 else "elevated" if dispersion > 8 else "normal"
    mood = None if index is None else ("extreme_greed" if index >= 75 else "greed" if index >= 55 else "extreme_fear"
                                       if index <= 25 else "fear" if index <= 45 else "neutral")
    return {
        "direction": direction,
        "label": LABELS[direction][("broad", "mixed", "narrow").index(width)],
        "mean_score": Fig(average, 2),
        "score_basis": "six_dimension" if full else "ticker_momentum",
        "breadth": width,
        "dispersion": spread,
        "sentiment": mood,
    }


LABELS = {
    "Strong Bullish": ("Strong Widespread Rise", "Strong Scores", "Strong Scores and Few Rising"),
    "Bullish": ("Widespread Rise", "Mild Strength", "Mild Strength and Few Rising"),
    "Neutral": ("Most Rising", "No Direction", "Most Falling"),
    "Bearish": ("Mild Weakness and Few Falling", "Mild Weakness", "Widespread Fall"),
    "Strong Bearish": ("Weak Scores and Few Falling", "Weak Scores", "Strong Widespread Fall"),
}


# --- Statistics of candles ----------------------------------------------------------------------------------------


def statistics(inputs, rows, now):
    """The figures, and until when the oldest of the newest candles tells. `inputs`: symbol -> agreeing inputs."""
    ends = []

    def told(interval, of):
        """(turnover, figure) of the contracts whose newest candle still tells the present; None where they are not most."""
        found = []
        for symbol, known in inputs.items():
            turnover = rows[symbol]["turnover"] if symbol in rows else None
            candles = known["candles"][interval][1] if interval in known["candles"] else None
            if turnover is None or not candles:
                continue
            end = candles[-1][0] + INTERVALS[interval]
            figure = of(candles)
            if figure is not None and max(0, now - end) <= 2 * INTERVALS[interval]:
                found.append((turnover, figure, end))
        if not found or not is_most(len(found), len(inputs)):
            return None
        ends.extend(end for *_, end in found)
        return found

    average = lambda found, of: math.fsum(w * of(figure) for w, figure, _ in found) / math.fsum(w for w, *_ in found)
    trend, moves = told("240", adx), told("60", realised_volatility)
    season = altcoin_share(inputs, rows, now, ends)
    return {
        "trend_adx": trend and {"value": Fig(average(trend, lambda adx: adx), 2), "contracts": len(trend)},
        "realised_volatility": moves and {
            "value": {"day": Fig(average(moves, lambda both: both[0]), 4), "month": Fig(average(moves, lambda both: both[1]), 4)},
            "contracts": len(moves)},
        "altcoin_share": season,
    }, min(ends) if ends else None


def adx(candles):
    """Nothing below the 28 candles that it takes."""
    high, low, close = (numpy.array([candle[place] for candle in candles]) for place in (2, 3, 4))
    return float(directional_movement(high, low, close)[1]) if len(candles) >= 28 else None


def realised_volatility(candles):
    """Percent a day: of the last 24 hours, and the mean of the last 30 days."""
    returns = log_returns(candles, "60")
    if not returns:
        return None
    days = {}
    for start, value in returns.items():
        days.setdefault((max(returns) - start) // DAY, []).append(value)
    of = {day: deviation(values) * math.sqrt(24) * 100 for day, values in days.items() if day < 30 and len(values) >= 20}
    return (of[0], mean(list(of.values()))) if 0 in of and len(of) >= 20 else None


def altcoin_share(inputs, rows, now, ends):
    closes = {symbol: {candle[0]: candle[4] for candle in known["candles"]["60"][1]}
              for symbol, known in inputs.items() if "60" in known["candles"]}
    if BITCOIN not in closes or not is_most(len(closes), len(inputs)):
        return None
    newest = max(closes[BITCOIN])
    if max(0, now - newest - HOUR) > 2 * HOUR:
        return None
    have = lambda hour: sum(hour in of for of in closes.values())
    last = next((hour for hour in sorted(closes[BITCOIN], reverse=True)[:2] if is_most(have(hour), len(closes))), None)
    if last is None:
        return None
    gain = lambda of: of[last] / of[last - 90 * DAY] if last in of and last - 90 * DAY in of else None
    turnover = lambda symbol: -1 if symbol not in rows or rows[symbol]["turnover"] is None else rows[symbol]["turnover"]
    others = sorted((symbol for symbol in inputs if symbol != BITCOIN), key=lambda symbol: (-turnover(symbol), symbol))
    gains = [gain(closes[symbol]) for symbol in others if symbol in closes]
    gains = [one for one in gains if one is not None][:50]
    if gain(closes[BITCOIN]) is None or len(gains) < 10:
        return None
    ends.append(last + HOUR)
    return {"value": Fig(100 * sum(one > gain(closes[BITCOIN]) for one in gains) / len(gains), 2), "contracts": len(gains)}
