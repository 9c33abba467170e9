"""The figures of a snapshot -> what every endpoint must say."""

import math

from .alerts import body as alert_body
from .alerts import stored as alert_stored
from .compare import Fig, Given, Text
from .confluence import CONTRARIAN, DIMENSIONS, MEASUREMENTS, NAMES, PARTS, SHARES, TITLES, dimension_of
from .exchange import BITCOIN
from .maths import rounded, student_quantile
from .sections import CHARTS

SEQUENCE = Given("a number of the process that publishes: it only rises")
ASSEMBLED = Given("the moment of assembly, which the oracle takes as `now`")


def shown(figure):
    """As it is published."""
    return None if figure is None else figure if not isinstance(figure, Fig) else (
        figure.value if figure.decimals is None else rounded(figure.value, figure.decimals))


def share(value):
    """Four decimals; what would be shown as zero is unknown."""
    return None if value is None or rounded(value, 4) <= 0 else Fig(value, 4)


def display(symbol):
    return symbol.removesuffix("USDT") or symbol


def beta_class(beta):
    return ("inverse" if beta <= -0.2 else "market_neutral" if beta < 0.2 else "lower" if beta < 0.9 else "similar"
            if beta <= 1.1 else "higher")


def beta_window(days, window):
    """With the intervals of 95 % that the published figures have, by Student's quantile."""
    beta, of_beta, excess, of_excess = (shown(window[name]) for name in ("beta", "beta_error", "excess_pct", "excess_error_pct"))
    quantile = student_quantile(window["pairs"] - 2)
    is_told = abs(excess) > quantile * of_excess
    told = lambda value: Fig(value, 2) if is_told else None
    return {
        "days": days, "hours": window["pairs"], "beta": window["beta"], "r_squared": window["r_squared"],
        "beta_low": Fig(beta - quantile * of_beta, 4), "beta_high": Fig(beta + quantile * of_beta, 4),
        "excess_return": told(excess), "excess_return_low": told(excess - quantile * of_excess),
        "excess_return_high": told(excess + quantile * of_excess),
    }


def stance(score):
    return "long" if score >= 70 else "short" if score <= 30 else "neutral"


def stance_strength(score):
    return None if stance(score) == "neutral" else "strong" if abs(score - 50) >= 30 else "medium"


def sentiment(score):
    return "BULLISH" if score >= 70 else "BEARISH" if score <= 35 else "NEUTRAL"


class Bodies:
    """`e` holds the figures of the snapshot, `e.shown` the numbers of the snapshot as it was published."""

    def __init__(self, expected):
        self.e = expected
        self.by_symbol = {row["symbol"]: row for row in expected.scores}

    # What every body says first. The words of `degraded` are no figures; tests/golden and tests/edge hold them.
    def head(self):
        return {"status": "success", "as_of_ms": self.e.as_of, "timestamp": self.e.as_of // 1000}

    def market_overview(self):
        o, g, d, f, b = self.e.overview, self.e.global_market, self.e.defi_market, self.e.fear_greed, self.e.breadth
        btc = share(g and g["btc"])
        shares = [btc, share(g and g["eth"]), share(g and g["stable"])]
        rest = None if None in shares else share(100 - sum(shown(one) for one in shares))
        season = None if btc is None else "Active" if shown(btc) < 50 else "Emerging" if shown(btc) < 55 else "Dormant"
        quotient = None if g is None else g["volume"] / g["cap"] * 100
        return {
            "market_regime": self.regime_name(),
            "market_regime_details": self.regime_details(),
            "trend_strength": o["trend_strength"], **self.of_candles(), "dispersion": o["robust_dispersion"],
            "volatility": o["dispersion"], "current_volatility": o["dispersion"], "market_dispersion": o["dispersion"],
            "avg_volatility": o["average_range"],
            "btc_daily_volatility": o["btc_daily_volatility"], "btc_volatility": o["btc_volatility"],
            "btc_price": o["btc_price"],
            "btc_dominance": btc, "eth_dominance": shares[1], "stablecoin_dominance": shares[2], "altcoin_dominance": rest,
            "stablecoin_top10_dominance": shares[2], "remaining_dominance": rest,
            "altcoin_season": season,
            "total_market_cap": Fig.of(g and g["cap"], 2), "market_cap_change_24h": Fig.of(g and g["change"], 4),
            "coingecko_volume_24h": Fig.of(g and g["volume"], 2), "total_volume": Fig.of(g and g["volume"], 2),
            "total_volume_24h": o["total_turnover"], "total_turnover": o["total_turnover"],
            "turnover_contracts": o["turnover_contracts"],
            "volume_mcap_ratio": Fig.of(quotient, 4),
            "average_change": o["average_change"],
            "gainers": b["up"], "losers": b["down"], "flat": b["flat"],
            "fear_greed_value": f and f["value"], "fear_greed_label": f and f["label"],
            "defi_market_cap": Fig.of(d and d["cap"], 2), "defi_volume_24h": Fig.of(d and d["volume"], 2),
            "defi_dominance": share(d and d["dominance"]),
            "active_symbols": self.e.coverage["priced"], "active_cryptocurrencies": g and g["coins"],
        }

    def of_candles(self):
        s = self.e.statistics or {}
        trend, moves, season = s.get("trend_adx"), s.get("realised_volatility"), s.get("altcoin_share")
        return {
            "trend_adx": trend and trend["value"], "trend_adx_contracts": trend and trend["contracts"],
            "realised_volatility": moves and moves["value"]["day"], "realised_volatility_avg": moves and moves["value"]["month"],
            "realised_volatility_contracts": moves and moves["contracts"],
            "altcoin_share": season and season["value"], "altcoin_share_contracts": season and season["contracts"],
        }

    def regime_name(self):
        return f"{self.e.regime['direction']}: {self.e.regime['label']}"

    def regime_details(self):
        r = self.e.regime
        return {"category": r["direction"], **{name: r[name] for name in ("label", "mean_score", "score_basis", "breadth",
                "dispersion", "sentiment")}, "as_of_ms": self.e.as_of}

    def market_breadth(self):
        b = self.e.breadth
        return {"up": b["up"], "down": b["down"], "flat": b["flat"], "up_count": b["up"], "down_count": b["down"],
                "total": b["up"] + b["down"] + b["flat"], "breadth_percentage": b["percentage"], "sentiment": b["mood"]}

    def scored(self, row):
        spread = None
        if row["high_24h"] is not None:
            spread = Fig(max(0.0, (row["high_24h"] - row["low_24h"]) / row["price"] * 100), 4)
        return {
            "symbol": row["symbol"], "display_symbol": display(row["symbol"]), "score": row["score"],
            "score_basis": row["score_basis"], "score_as_of_ms": self.e.as_of,
            "horizon_hours": row["horizon_hours"], "weights": row["weights"], "sentiment": sentiment(shown(row["score"])),
            "reliability": row["reliability"], "price": row["price"], "change_24h": row["change_24h"],
            "volume_24h": row["turnover_24h"], "volume_base_24h": row["volume_base_24h"], "turnover_24h": row["turnover_24h"],
            "high_24h": row["high_24h"], "low_24h": row["low_24h"], "range_24h": spread,
            "components": row["confluence"] and row["confluence"]["components"], "score_history": row["score_history"],
            "has_breakdown": row["confluence"] is not None,
        }

    def all_scored(self):
        return [self.scored(row) for row in self.e.scores]

    def whole_scored(self):
        return [self.scored(row) for row in self.e.scores if row["change_24h"] is not None and row["turnover_24h"] is not None]

    @staticmethod
    def moved(rows):
        return [{"symbol": row["symbol"], "display_symbol": display(row["symbol"]), "price": row["price"],
                 **{name: row["change_24h"] for name in ("change", "change_24h", "percentage")},
                 "volume_24h": row["turnover_24h"], "turnover_24h": row["turnover_24h"]} for row in rows]

    def perps(self):
        paid = shown(self.e.perps["funding_paid"])
        payer = "longs" if paid and paid > 0 else "shorts" if paid else None
        return {**self.e.perps, "payer": payer, "cex_pct": None, "dex_pct": None}

    def sections(self):
        state = lambda as_of: {"as_of_ms": as_of} if as_of is not None else {"as_of_ms": None}
        return {
            "tickers": state(self.e.as_of), "instruments": state(self.e.universe.as_of),
            "global_market": state(self.e.global_market and self.e.global_market["as_of"]),
            "defi_market": state(self.e.defi_market and self.e.defi_market["as_of"]),
            "fear_greed": state(self.e.fear_greed and self.e.fear_greed["as_of"]),
            "beta": state(self.e.beta_as_of), "performance": state(self.e.charts_as_of),
            "statistics": state(self.e.statistics_as_of), "alerts": state(self.e.as_of),
        }

    def mobile_data(self, rows=None):
        return {
            **self.head(), "schema_version": 1, "sequence": SEQUENCE, "sections": self.sections(),
            "market_overview": self.market_overview(), "market_breadth": self.market_breadth(),
            "confluence_scores": self.all_scored() if rows is None else rows,
            "top_movers": {name: self.moved(self.e.movers[name]) for name in ("gainers", "losers")},
            "perps": self.perps(),
        }

    def dashboard_mobile_data(self):
        rows, o = self.whole_scored(), self.market_overview()
        gainers, losers = (self.moved(self.e.movers[name]) for name in ("gainers", "losers"))
        return {
            **self.mobile_data(rows), "market_regime": self.regime_name(), "regime": self.regime_name(),
            "trend_strength": o["trend_strength"], "trend_score": o["trend_strength"],
            "current_volatility": o["current_volatility"], "btc_price": o["btc_price"], "btc_dominance": o["btc_dominance"],
            "total_volume_24h": o["total_volume_24h"], "average_change": o["average_change"], "gainers": gainers,
            "top_gainers": gainers, "losers": losers, "symbols": rows, "top_symbols": rows,
            "funding_rate": self.e.perps["funding_rate"],
        }

    def symbols(self):
        rows = self.whole_scored()
        return {**self.head(), "symbols": rows, "count": len(rows)}

    def overview(self):
        o, b = self.market_overview(), self.e.breadth
        return {
            **self.head(),
            "summary": {"total_symbols": self.e.coverage["priced"], "total_volume": o["total_volume"],
                        "total_volume_24h": o["total_volume_24h"], "average_change": o["average_change"],
                        "timestamp": self.e.as_of // 1000},
            "market_overview": o, "market_regime": self.regime_name(),
            "top_gainers": self.moved(self.e.movers["gainers"]), "top_losers": self.moved(self.e.movers["losers"]),
            "momentum": {"gainers": b["up"], "losers": b["down"]},
            "volatility": {"value": o["volatility"], "level": self.e.regime["dispersion"]},
            "signals": self.signal_counts(),
        }

    def six_dimension(self):
        return [row for row in self.e.scores if row["confluence"] is not None]

    def signal_counts(self):
        if not self.six_dimension():
            return {name: None for name in ("total", "strong", "medium", "weak")}
        strengths = [self.strength(shown(row["score"])) for row in self.six_dimension()]
        counts = {name: strengths.count(name) for name in ("strong", "medium", "weak")}
        return {"total": sum(counts.values()), **counts}

    @staticmethod
    def strength(score):
        if sentiment(score) == "NEUTRAL":
            return None
        return "strong" if abs(score - 50) >= 30 else "medium" if abs(score - 50) >= 20 else "weak"

    def flat_market_overview(self):
        return {**self.head(), **self.market_overview(), "market_breadth": self.market_breadth()}

    def market_movers(self):
        b = self.e.breadth
        total = b["up"] + b["down"] + b["flat"]
        return {
            **self.head(), "top_gainers": self.moved(self.e.movers["gainers"]), "top_losers": self.moved(self.e.movers["losers"]),
            "volume_leaders": self.moved(self.e.leaders),
            "statistics": {"total_symbols": total, "positive": b["up"], "negative": b["down"], "neutral": b["flat"],
                           "positive_percentage": Fig(b["up"] / total * 100, 2), "negative_percentage": Fig(b["down"] / total * 100, 2)},
        }

    def top_symbols(self):
        momentum = lambda symbol: self.by_symbol[symbol]["momentum_score"] if symbol in self.by_symbol else None
        return {
            **self.head(), "total_symbols_processed": self.e.coverage["priced"],
            "symbols": [{"symbol": row["symbol"], "price": row["price"], "change_24h": row["change_24h"], "status": "trading",
                         "volume_24h": row["turnover_24h"], "turnover_24h": row["turnover_24h"],
                         "momentum_score": momentum(row["symbol"])} for row in self.e.leaders],
        }

    def signals(self):
        kinds = {"BULLISH": "BUY", "BEARISH": "SELL", "NEUTRAL": "NEUTRAL"}
        rows = [row for row in self.six_dimension() if row["change_24h"] is not None and row["turnover_24h"] is not None]
        return {**self.head(), "count": len(rows), "signals": [{
            "symbol": row["symbol"], "display_symbol": display(row["symbol"]), "score": row["score"],
            "confluence_score": row["score"], "price": row["price"], "change_24h": row["change_24h"],
            "volume_24h": row["turnover_24h"], "components": row["confluence"]["components"],
            "sentiment": sentiment(shown(row["score"])), "reliability": row["reliability"],
            "signal_type": kinds[sentiment(shown(row["score"]))], "strength": self.strength(shown(row["score"])),
            "stance": stance(shown(row["score"])), "stance_strength": stance_strength(shown(row["score"])),
            "has_breakdown": True, "timestamp": self.e.as_of // 1000, "score_as_of_ms": self.e.as_of,
            "horizon_hours": row["horizon_hours"], "weights": row["weights"],
        } for row in rows]}

    def opportunities(self):
        found = []
        for row in self.six_dimension():
            score, reliability = shown(row["score"]), shown(row["reliability"])
            if score == 50 or reliability < 0.6 or row["change_24h"] is None or row["turnover_24h"] is None:
                continue
            change = shown(row["change_24h"])
            factor, aligned = min(2.0, 1 + abs(change) / 10), change if score > 50 else -change
            outstanding, direction = Fig(abs(score - 50) * reliability * factor, 2), "long" if score > 50 else "short"
            value = shown(outstanding)
            moved = f"moved {change:+.2f} %" if round(change, 2) else "hardly moved"
            found.append({
                "id": f"{row['symbol']}-{direction}", "type": direction, "symbol": row["symbol"], "full_symbol": row["symbol"],
                "score": row["score"], "direction": direction, "momentum": Fig(factor, 4), "volume": row["turnover_24h"],
                "price_change": row["change_24h"], "opportunity_score": outstanding, "stance": stance(score),
                "aligned_score": Fig(abs(score - 50) * reliability * min(2.0, 1 + max(0, aligned) / 10), 2), "confidence": row["reliability"],
                "potential": "high" if value >= 40 else "medium" if value >= 20 else "low",
                "description": Text(f"{row['symbol']}: the score of {score:.2f} is {abs(score - 50):.2f} "
                                    f"{'above' if score > 50 else 'below'} neutral, rests on {reliability * 100:.0f} % of its "
                                    f"inputs, and the price {moved} in 24 hours."),
            })
        found.sort(key=lambda one: (-shown(one["opportunity_score"]), one["symbol"]))
        return {**self.head(), "opportunities": found[:20], "count": min(20, len(found))}

    def alerts(self, limit=100):
        listed = [alert_body(alert) for alert in self.e.alerts.newest_first()[:limit]]
        return {**self.head(), "alerts_as_of_ms": self.e.as_of, "alerts": listed, "count": len(listed)}

    def perpetuals_pulse(self):
        p = {name: shown(value) for name, value in self.e.perps.items()}
        rate, signals = p["funding_rate"], []
        side = lambda value: "longs pay shorts" if value > 0 else "shorts pay longs"
        if rate is not None and abs(rate) >= 0.05:
            signals.append(("funding_elevated", f"Funding is {rate:+.4f} % per 8 hours: {side(rate)}."))
        if p["funding_zscore"] is not None and abs(p["funding_zscore"]) >= 2:
            signals.append(("funding_unusual", f"The last funding paid is {p['funding_zscore']:+.1f} standard "
                            "deviations from its own history, the mean of the contracts by turnover."))
        for name, word in (("long_pct", "long"), ("short_pct", "short")):
            if p[name] is not None and p[name] >= 60:
                signals.append((f"crowded_{word}", f"{p[name]:.1f} % of the accounts are {word}, the mean of the contracts by turnover."))
        if p["basis_status"] in ("CONTANGO", "BACKWARDATION"):
            word = "above" if p["basis_status"] == "CONTANGO" else "below"
            signals.append((p["basis_status"].lower(), f"Mark prices are {abs(p['basis_pct']):.3f} % {word} the index, "
                            "the mean of the contracts by turnover."))
        reached = None if rate is None else sum(abs(rate) >= tier for tier in (0.05, 0.1, 0.15))
        return {
            **self.head(), **self.perps(),
            "funding_sentiment": None if rate is None else "NEUTRAL" if not reached else "BULLISH" if rate > 0 else "BEARISH",
            "funding_strength": None if rate is None else ("normal", "elevated", "high", "extreme")[reached],
            "exchange_count": 1, "signal_count": len(signals),
            "signals": [{"kind": kind, "message": Text(message)} for kind, message in signals],
        }

    def contracts(self):
        rows = [{**row, "display_symbol": display(row["symbol"])} for row in self.e.contracts]
        return {**self.head(), "contracts": rows, "count": len(rows)}

    def books(self):
        rows = [{**{name: value for name, value in row.items() if name != "as_of_ms"}, "book_as_of_ms": row["as_of_ms"],
                 "display_symbol": display(row["symbol"])} for row in self.e.books]
        return {**self.head(), "books_as_of_ms": self.e.books_as_of, "monitored": len(self.e.shelf.symbols), "books": rows,
                "count": len(rows)}

    def beta(self):
        rows = self.e.beta
        months = [row["month"] for row in rows if row["symbol"] != BITCOIN and row["month"]]
        average = lambda name: Fig(sum(shown(one[name]) for one in months) / len(months), 4) if months else None
        leads = [shown(row["lead"]["beta"]) for row in rows]
        category = lambda beta: ("Defensive" if beta < 0.5 else "Low" if beta < 0.9 else "Market Neutral" if beta < 1.1
                                 else "Moderate" if beta < 1.5 else "High")
        spans = {"7d": "week", "30d": "month", "90d": "quarter"}
        names = {"beta": "beta", "correlation": "correlation", "r_squared": "r_squared", "alpha": "alpha_pct"}
        symbol = lambda row: {
            "symbol": row["symbol"],
            "last_price": self.by_symbol[row["symbol"]]["price"] if row["symbol"] in self.by_symbol else None,
            "change_24h": self.by_symbol[row["symbol"]]["change_24h"] if row["symbol"] in self.by_symbol else None,
            **{f"{name}_{span}": row[window][key] if row[window] else None for name, key in names.items()
               for span, window in spans.items()},
            "risk_category": {"category": category(shown(row["lead"]["beta"]))},
            "volatility_ratio": row["lead"]["volatility_ratio"],
            "beta_class": beta_class(shown(row["lead"]["beta"])),
            "windows": [beta_window(days, row[name]) for days, name in ((7, "week"), (30, "month"), (90, "quarter")) if row[name]],
        }
        return {
            **self.head(), "beta_as_of_ms": self.e.beta_as_of,
            "overview": {
                "market_beta": average("beta"), "avg_correlation": average("correlation"),
                "btc_dominance": self.market_overview()["btc_dominance"], "total_symbols": len(rows),
                "high_beta_count": sum(beta >= 1.5 for beta in leads), "low_beta_count": sum(beta < 0.9 for beta in leads),
                "neutral_beta_count": sum(0.9 <= beta < 1.5 for beta in leads),
                "market_regime": self.regime_name(), "timestamp": self.e.as_of // 1000,
            },
            "symbols": [symbol(row) for row in rows],
        }

    def beta_chart(self, hours):
        chart = self.e.charts[hours]
        points = lambda line: [None if value is None else shown(value) for value in line]
        lines = {symbol: points(line) for symbol, line in chart["lines"].items()}
        bitcoin = lines[BITCOIN]
        last = lambda line: next(value for value in reversed(line) if value is not None)
        ends = {symbol: next(own - other for own, other in zip(reversed(line), reversed(bitcoin)) if None not in (own, other))
                for symbol, line in lines.items()}
        order = sorted(lines, key=lambda symbol: (-ends[symbol], symbol))
        known = lambda line: [value for value in line if value is not None]
        return {
            **self.head(), "chart_as_of_ms": chart["last"],
            "chart_data": {symbol: [{"timestamp": chart["first"] + place * chart["step"], "value": value / 1e4}
                                    for place, value in enumerate(line) if value is not None] for symbol, line in lines.items()},
            "performance_order": order,
            "performance_summary": [{"symbol": symbol, "change": last(lines[symbol]) / 1e4, "high": max(known(lines[symbol])) / 1e4,
                                     "low": min(known(lines[symbol])) / 1e4, "vs_btc": ends[symbol] / 1e4} for symbol in order],
            "overview": {"btc_change": last(bitcoin) / 1e4, "btc_price": self.e.overview["btc_price"], "symbols_count": len(lines),
                         "outperformers": sum(end > 0 for end in ends.values()),
                         "underperformers": sum(end < 0 for end in ends.values()), "timeframe_hours": float(hours)},
        }

    def breakdown(self, symbol):
        row = self.by_symbol[symbol]
        c = row["confluence"]
        return {**self.head(), "data": {
            "symbol": symbol, "overall_score": row["score"], "sentiment": sentiment(shown(row["score"])),
            "reliability": row["reliability"], "consensus": c["consensus"], "components": c["components"],
            "sub_components": c["sub_components"], "interpretations": c["interpretations"], "missing": c["missing"],
            "as_of_ms": self.e.as_of, "score_as_of_ms": self.e.as_of, "score_history": row["score_history"],
            "horizon_hours": row["horizon_hours"], "weights": row["weights"],
            "measurements": [{"name": name, **c["measurements"][name], "parts": [part for part in PARTS if MEASUREMENTS[part] == name],
                              "reads": "contrarian" if any(MEASUREMENTS[part] == name for part in CONTRARIAN) else "following"}
                             for name in NAMES if name in c["measurements"]],
        }}

    def analysis(self, symbol):
        row = self.by_symbol[symbol]
        c = row["confluence"]
        return {
            **self.head(), "symbol": symbol, "analysis": Text(report(symbol, row)), "score": row["score"],
            "score_as_of_ms": self.e.as_of, "horizon_hours": row["horizon_hours"], "weights": row["weights"],
            "sentiment": sentiment(shown(row["score"])), "components": c["components"],
            "interpretations": c["interpretations"], "reliability": row["reliability"], "price": row["price"],
            "change_24h": row["change_24h"], "high_24h": row["high_24h"], "low_24h": row["low_24h"], "volume_24h": row["turnover_24h"],
        }

    def health(self):
        return {"as_of_ms": self.e.as_of, "sequence": SEQUENCE, "quality": self.e.quality,
                "age_ms": Given("it counts up from `as_of_ms`, by a clock that the oracle does not share"),
                "started_at_ms": Given("when the process began"),
                "dependencies": [{"name": name, "as_of_ms": self.e.answered.get(name)} for name in (
                    "alternative_me", "bybit_instruments", "bybit_interest_record", "bybit_tickers", "coingecko_defi", "coingecko_global", "leadership",
                    "store", "store_announcements", "store_reader")]}

    def snapshot(self):
        e = self.e
        section = lambda as_of, value: {"state": "present", "as_of_ms": as_of, "value": value} if as_of is not None else {}
        rows = [{**{name: value for name, value in row.items() if name != "horizon_hours"}, "confluence": row["confluence"] and {
            "score": row["score"], "reliability": row["reliability"], **row["confluence"]}} for row in e.scores]
        g, d, f = e.global_market, e.defi_market, e.fear_greed
        whole = lambda g: g and {
            "total_market_cap": g["cap"], "volume_24h": g["volume"], "market_cap_change_24h_pct": g["change"],
            "btc_dominance": g["btc"], "eth_dominance": g["eth"], "stablecoin_dominance": g["stable"],
            "active_cryptocurrencies": g["coins"]}
        defi = lambda d: d and {"market_cap": d["cap"], "volume_24h": d["volume"], "dominance": d["dominance"]}
        withheld = {name: {"as_of_ms": known["as_of"], "value": of(known)}
                    for name, known, of in (("global_market", e.withheld_global, whole), ("defi_market", e.withheld_defi, defi)) if known}
        return {
            **({"withheld": withheld} if withheld else {}), "schema_version": 1, "sequence": SEQUENCE, "as_of_ms": e.as_of, "generated_at_ms": ASSEMBLED,
            "universe": {"as_of_ms": e.universe.as_of, "contracts": e.universe.contracts}, "coverage": e.coverage,
            "overview": e.overview, "breadth": e.breadth, "regime": e.regime, "movers": e.movers, "volume_leaders": e.leaders,
            "scores": rows, "perps": e.perps,
            "global_market": section(g and g["as_of"], whole(g)),
            "defi_market": section(d and d["as_of"], defi(d)),
            "fear_greed": section(f and f["as_of"], f and {"value": f["value"], "label": f["label"], "next_update_ms": f["next"]}),
            "beta": section(e.beta_as_of, e.beta and {"rows": [{name: row[name] for name in ("symbol", "week", "month", "quarter")}
                                                              for row in e.beta]}),
            "performance": section(e.charts_as_of, e.charts and {"charts": [
                {"timeframe": hours, "first_ms": e.charts[hours]["first"], "lines": e.charts[hours]["lines"]}
                for hours in CHARTS if hours in e.charts]}),
            "statistics": section(e.statistics_as_of, e.statistics),
            # By columns.
            "contracts": section(e.as_of, {name: [row[name] for row in e.contracts] for name in e.contracts[0]}),
            "books": section(e.books_as_of, {"monitored": len(e.shelf.symbols), "rows": e.books}),
            "alerts": section(e.as_of, {"alerts": [alert_stored(alert) for alert in e.alerts.newest_first()]}),
        }


# --- Sentences --------------------------------------------------------------------------------------------------

# {0} is the figure, {1} 100 times it, {of} the candles, {trades} the window, {way} or {side} what the lean says of its sign.
PHRASES = {
    "technical.rsi": "the {of}RSI (14) is {0:.1f}",
    "technical.ao": "the {of}awesome oscillator is {0:+.2f} average true ranges",
    "technical.adx": "{of}+DI less -DI (14) is {0:+.1f}",
    "technical.atr": "the {of}average true range (14) is {0:.2f} times its mean with the price {atr} its average (20)",
    "technical.cci": "the {of}CCI (20) is {0:+.1f}", "technical.williams_r": "the {of}Williams' %R (14) is {0:.1f}",
    "volume.volume_delta": "{trades}takers' buying less selling is {1:+.1f} % of the volume",
    "volume.adl": "accumulation less distribution is {1:+.1f} % of the volume of 50 {of}candles",
    "volume.cmf": "Chaikin's money flow of 20 {of}candles is {0:+.2f}",
    "volume.obv": "volume on rises less falls is {1:+.1f} % of that of 50 {of}candles",
    "volume.relative_volume": "the last {of}candle has {0:.2f} times the average volume (30), and the price {moved}",
    "volume.volume_profile": "{1:.1f} % of the volume of the {of}candles was traded below the price",
    "volume.vwap": "the price is {0:+.2f} deviations from the volume-weighted average of the {of}candles",
    "orderflow.cvd": "{trades}takers bought {1:.1f} % of the volume",
    "orderflow.trade_flow": "{trades}takers bought {1:.1f} % of the value",
    "orderflow.open_interest": "open interest changed by {0:+.2f} % in four hours while the price {moved}",
    "orderflow.smart_money_flow": "{trades}the volume delta diverges from the price's swings by {0:+.2f} of -1 to +1",
    "orderflow.imbalance": "{trades}buying less selling is {1:+.1f} % of the volume, the newest minutes weighing more",
    "orderflow.liquidity": "{trades}takers net {deal}, at a pace of percentile rank {1:.0f} in its own history",
    "orderflow.pressure": "{trades}the takers' pressure is {0:+.2f} of -1 to +1",
    "orderbook.depth": "{books}the bids of 25 levels are {0:.2f} times the asks, near ones weighing more",
    "orderbook.imbalance": "{books}bids less asks of the 10 nearest levels are {1:+.1f} % of both",
    "orderbook.oir": "{books}bids less asks of the 5 best levels are {1:+.1f} % of both",
    "orderbook.liquidity": "{book} outweigh in a book whose spread and depth have the mean percentile rank {1:.0f}",
    "orderbook.di": "{books}bids less asks of 25 levels by distance are {1:+.1f} % of both",
    "price_structure.institutional_zones": "the net strength of the {of}order blocks is {0:+.2f}",
    "price_structure.support_resistance": "{of}support less resistance is {1:+.1f} % of both",
    "price_structure.trend_position": "the {of}EMA 20 less EMA 50 is {0:+.2f} average true ranges",
    "price_structure.volume_profile": "the price is {0:+.2f} half widths from the middle of the {of}value area",
    "price_structure.structure_breaks": "the {of}breaks of structure sum up to {0:+.2f} average true ranges",
    "price_structure.range_analysis": "the price stands at {0:+.2f} of -1 to +1 in the range of 50 {of}candles",
    "price_structure.fair_value_gaps": "the open {of}fair value gaps are {0:+.2f} average true ranges",
    "sentiment.funding_rate": "funding is {0:+.4f} % per 8 hours, {mean} the mean of its history",
    "sentiment.volatility": "{1:.1f} % of the variance of the last 49 {of}returns is upward",
    "sentiment.long_short_ratio": "{1:.1f} % of the accounts are long",
    "sentiment.market_activity": "the day's volume is {0:.2f} times an average day's, and the price {moved}",
}
CANDLES = {"1": "1-minute ", "5": "5-minute ", "30": "30-minute ", "240": "4-hour "}


def lasted(ms):
    seconds = max(1, math.ceil(ms / 1000))
    if seconds < 120:
        return f"{seconds} s"
    return f"{math.ceil(seconds / 60)} min" if seconds < 7200 else f"{math.ceil(seconds / 3600)} h"


def phrase(part, one):
    """A part's figure in words, with what it was taken from."""
    lean, figure, basis = one[0], one[1], one[4] or ("facts",)
    up = lean > 0
    contrarian = part in CONTRARIAN
    return PHRASES[part].format(
        figure, 100 * figure,
        of=CANDLES[basis[1]] if basis[0] == "candles" else "",
        trades=f"of the last {basis[1]} trades, over {lasted(basis[2])}, " if basis[0] == "trades" else "",
        books=f"on average over {lasted(basis[1])}, " if basis[0] == "books" and basis[1] > 0 else "",
        atr="above" if lean * (figure - 1) > 0 else "below", mean="below" if up else "above",
        moved="rose" if up else "fell", deal="buy" if up else "sell", book="bids" if up else "asks",
    ) + (", read as contrarian" if contrarian else "")


def interpretations(found, components):
    """One sentence a dimension: on the part that pulls most its way, or how many say what where there is no verdict."""
    sentences = {}
    for dimension in DIMENSIONS:
        parts = [(part, one) for part, one in found.items() if dimension_of(part) == dimension]
        if not parts or components[dimension] is None:
            continue
        parts.sort(key=lambda item: list(PARTS).index(item[0]))
        score = shown(components[dimension])
        verdict = sentiment(score).lower()
        side = {"bullish": 1, "neutral": 0, "bearish": -1}[verdict]
        pull = lambda item: PARTS[item[0]] * item[1][2] * item[1][0] * side
        part, one = max(reversed(parts), key=pull)
        if pull((part, one)) > 0:
            said = phrase(part, one)
        else:
            scores = [shown(Fig(50 + 50 * item[1][0], 2)) for item in parts]
            up, down = sum(one > 50 for one in scores), sum(one < 50 for one in scores)
            said = f"bullish parts {up} of {len(parts)}, bearish parts {down} of {len(parts)}"
        sentences[dimension] = Text(f"{TITLES[dimension]} is {verdict} at {score:.1f}: {said}.")
    return sentences


def report(symbol, row):
    """Sixty columns of text."""
    c = row["confluence"]
    lines = ["=" * 60, f"CONFLUENCE ANALYSIS  {symbol}", "=" * 60,
             f"{'Score':<14}{shown(row['score']):>7.2f}  {sentiment(shown(row['score']))}",
             f"{'Agreement':<14}{shown(c['consensus']):>7.2f}", f"{'Inputs':<14}{shown(row['reliability']):>7.2f}",
             f"{'Looks at':<14}{4:>5} h", f"{'Weights':<14}{row['weights']:>7}", "-" * 60, "DIMENSIONS"]

    def line(name, weight, score):
        percent = f"{weight * 100:.1f} %"
        if score is None:
            return f"  {name:<21} {percent:>6}  no data"
        filled = int(score / 100 * 20 + 0.5)
        return f"  {name:<21} {percent:>6}  {'#' * filled}{'.' * (20 - filled)}  {score:>6.2f}"

    def wrapped(text):
        current = " "
        for word in text.split():
            if len(current) + 1 + len(word) > 60:
                lines.append(current)
                current = " "
            current += f" {word}"
        lines.append(current)

    for dimension in DIMENSIONS:
        lines.append(line(TITLES[dimension], sum(SHARES[part] for part in PARTS if dimension_of(part) == dimension), shown(c["components"][dimension])))
    for dimension in DIMENSIONS:
        lines += ["-" * 60, TITLES[dimension].upper()]
        for part in PARTS:
            if dimension_of(part) == dimension and c["sub_components"][part] is not None:
                lines.append(line(part.split(".")[1], SHARES[part], shown(c["sub_components"][part])))
        if dimension in c["interpretations"]:
            wrapped(c["interpretations"][dimension].text)
    lines += ["-" * 60, "MISSING"]
    wrapped(", ".join(c["missing"]) or "nothing")
    return "\n".join([*lines, "=" * 60]) + "\n"
