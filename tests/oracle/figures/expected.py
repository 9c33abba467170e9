"""The figures that a publication must have, from the answers that were there when it was made."""

from . import confluence, exchange, sections
from .alerts import Alerts
from .bodies import interpretations, shown
from .case import INPUTS
from .compare import Fig, Given, Moment
from .maths import DAY, HOUR, MINUTE, rounded
from .shelf import Measures, Shelf, agreeing

# How long the choice of the contracts that are watched lasts.
CHOICE_LASTS = 300_000

# How long results are used again that are dear to make.
BETA_LASTS, STATISTICS_LAST, CHARTS_LAST = 60_000, 60_000, 15_000


class Expected:
    def __init__(self, case):
        snapshot = case.bodies["/snapshot"]["body"]
        self.case, self.as_of, self.now = case, snapshot["as_of_ms"], snapshot["generated_at_ms"]
        self.universe = exchange.Universe([(answer.json, answer.received) for answer in case.of("instruments", self.now)])
        self.tables = {answer.json["time"]: answer for answer in case.of("tickers", self.now + 1000)}
        self.parsed = {}
        self.replay()
        self.alerts.stand_as(snapshot["alerts"].get("value", {"alerts": []})["alerts"])
        rows, refused = self.table(self.as_of)
        by_symbol = {row["symbol"]: row for row in rows}
        market = sections.Market(rows, refused, self.universe)
        self.coverage = market.coverage
        self.breadth = sections.breadth(market)
        self.overview = sections.overview(market, self.breadth, sections.bitcoin_volatility(self.shelf, by_symbol, self.now))
        self.movers, self.leaders = sections.movers(market, case.settings["mover_turnover_floor"]), sections.leaders(market)
        self.perps = sections.perps(market, self.universe, sections.positioning(self.shelf, by_symbol, self.universe, self.now),
                                    self.premiums())
        self.whole_market(market)
        self.version = snapshot["scores"][0]["weights"]
        self.scores = self.score_rows(market, snapshot)
        dispersion, share = shown(self.overview["dispersion"]), shown(self.breadth["percentage"])
        scores = [shown(row["score"]) for row in self.scores if row["confluence"] is not None]
        full = sections.is_most(len(scores), len(self.scores))
        if not full:
            scores = [shown(row["momentum_score"]) for row in self.scores if row["momentum_score"] is not None]
        index = self.fear_greed and self.fear_greed["value"]
        self.regime = sections.regime(scores, full, share, dispersion, index)
        self.dated_sections(by_symbol, snapshot)
        self.contracts = sections.contracts(market, self.universe, self.records(), self.as_of)
        inputs = {symbol: agreeing(known, by_symbol[symbol]["last"] if symbol in by_symbol else None)
                  for symbol, known in self.shelf.symbols.items()}
        self.books, self.books_as_of = sections.books(inputs, by_symbol, self.now)
        self.quality = self.quality_of()

    def table(self, time):
        if time not in self.parsed:
            self.parsed[time] = exchange.tickers(self.tables[time].json)
        return self.parsed[time]

    def records(self):
        """The last record of each contract's open interest."""
        answers = [answer for answer in self.case.of("interest-record", self.now) if answer.is_usable]
        return {answer.query["symbol"]: exchange.interests(answer.json) for answer in answers}

    def replay(self):
        """Goes through the publications one by one, with the inputs that had come by each."""
        self.shelf, self.measures, self.alerts = Shelf(), {}, Alerts()
        self.states, chosen_at = [], None
        inputs = [answer for answer in self.case.answers if answer.kind in INPUTS and answer.is_usable]
        place = 0
        for publication in self.case.publications:
            now = publication["generated_at_ms"]
            if now > self.now:
                break
            rows, _ = self.table(publication["as_of_ms"])
            by_symbol = {row["symbol"]: row for row in rows}
            while place < len(inputs) and inputs[place].received < now:
                self.shelf.take(inputs[place])
                # An answer that was sent on just before may not have been there yet.
                if inputs[place].kind == "kline" and inputs[place].received > now - 200:
                    self.keep_state(now, by_symbol)
                place += 1
            for symbol, known in self.shelf.symbols.items():
                last = by_symbol[symbol]["last"] if symbol in by_symbol else None
                self.measure(self.measures.setdefault(symbol, Measures()), agreeing(known, last))
            self.alerts.observe(publication, by_symbol, self.universe, self.shelf)
            self.keep_state(now, by_symbol)
            # From now on those are watched that have a score.
            if chosen_at is None or now - chosen_at >= CHOICE_LASTS:
                chosen_at = now
                self.shelf.watch(publication["symbols"])
                self.measures = {symbol: self.measures[symbol] for symbol in self.shelf.symbols if symbol in self.measures}

    def premiums(self):
        """The premiums of the publications before this one, one a minute, of the last day."""
        times = []
        for publication in self.case.publications:
            at = publication["as_of_ms"]
            if publication["generated_at_ms"] < self.now and (not times or at - times[-1] >= MINUTE):
                times.append(at)
        markets = (sections.Market(*self.table(at), self.universe) for at in times if 0 < self.as_of - at <= DAY)
        found = (sections.by_open_interest(market, sections.basis) for market in markets)
        return [rounded(premium, 6) for premium in found if premium is not None]

    def keep_state(self, now, rows):
        """What charts and betas were made of, should they have been made now."""
        state = {symbol: {"candles": dict(known["candles"])} for symbol, known in self.shelf.symbols.items()}
        self.states.append((now, rows, state))

    @staticmethod
    def measure(measures, inputs):
        if "orderbook" in inputs:
            at, book = inputs["orderbook"]
            measures.put("spread", at, confluence.spread(book))
            measures.put("depth", at, confluence.total_depth(book))
            measures.put_book(at, confluence.imbalances(book))
        if "recent-trade" in inputs:
            at, trades = inputs["recent-trade"]
            measures.put("rate", at, confluence.pace(trades))

    def whole_market(self, market):
        last = lambda kind: next(iter(reversed(self.case.of(kind, self.now))), None)
        found, defi, index = last("global"), last("defi"), last("fear-greed")
        self.global_market = found and exchange.global_market(found.json, found.received)
        self.defi_market = defi and {**exchange.defi_market(defi.json), "as_of": Moment(defi.received - HOUR)}
        known_global, known_defi = self.global_market, self.defi_market
        self.fear_greed = index and exchange.fear_greed(index.json, index.received)
        if self.fear_greed and self.fear_greed["next"] is not None:
            self.fear_greed["next"] = Moment(self.fear_greed["next"])
        g, d = self.global_market, self.defi_market
        self.answered = {
            "bybit_tickers": self.as_of, "bybit_instruments": self.universe.as_of, "coingecko_global": g and g["as_of"],
            "coingecko_defi": d and d["as_of"], "alternative_me": self.fear_greed and self.fear_greed["as_of"],
            "bybit_interest_record": Given("when the last record of open interest came"),
            "store": Given("when the store last took a publication"),
        }
        # Figures that contradict one another, or are too old, are unknown. Recordings are of different years: they are not
        # set beside another.
        if g and (not 1e11 <= g["cap"] <= 1e14 or not 0.001 <= g["volume"] / g["cap"] <= 1 or self.now - g["as_of"] > 2 * HOUR):
            self.global_market = g = None
        bitcoin = market.find[exchange.BITCOIN]["last"]
        if g and g["btc"] is not None and not self.case.settings["is_replayed"]:
            if not 10e6 <= g["cap"] * g["btc"] / 100 / bitcoin <= 42e6:
                self.global_market = g = None
        if g and d and not self.case.settings["is_replayed"]:
            implied = g["cap"] * d["dominance"] / 100 if d["dominance"] else None
            if d["cap"] > g["cap"] or (implied and max(d["cap"] / implied, implied / d["cap"]) > 1.5):
                self.defi_market = None
        # What is known and not shown stands apart, for whoever goes on from the snapshot.
        self.withheld_global = known_global if self.global_market is None else None
        self.withheld_defi = known_defi if self.defi_market is None else None
        if self.fear_greed and self.now - self.fear_greed["as_of"] > 2 * DAY:
            self.fear_greed = None

    def score_rows(self, market, snapshot):
        histories = self.histories()
        majors = [row for row in market.by_turnover() if row["symbol"] in sections.MAJORS]
        others = [row for row in market.by_turnover() if row["symbol"] not in sections.MAJORS]
        rows = []
        for row in [*majors, *others]:
            if len(rows) == self.case.settings["monitored_symbols"]:
                break
            scored = self.score_row(row, histories)
            if scored is not None:
                rows.append(scored)
        return sorted(rows, key=lambda row: (-shown(row["score"]), row["symbol"]))

    def score_row(self, row, histories):
        # A hash of the tables of weights: a word, which every score has alike.
        version = self.version
        symbol, momentum, found, score = row["symbol"], sections.momentum(row), {}, None
        if symbol in self.shelf.symbols:
            found = confluence.evidence(self.shelf.symbols[symbol], row, sections.funding_8h(row, self.universe), self.as_of,
                                        self.measures[symbol], self.now)
            score = confluence.score(found)
        analysis = None
        if score is not None and score["score"] is not None and rounded(score["reliability"], 4) >= confluence.MIN_RELIABILITY:
            fig = lambda value: Fig.of(value, 2)
            components = {name: fig(value) for name, value in score["components"].items()}
            analysis = {
                "components": components,
                "sub_components": {part: fig(value) for part, value in score["parts"].items()},
                "missing": score["missing"], "consensus": Fig.of(score["consensus"], 4),
                "interpretations": interpretations(found, components), "weights": version,
                "measurements": {name: {"score": fig(one[0]), "weight": Fig(one[1], 4)}
                                 for name, one in score["measurements"].items()},
            }
        elif momentum is None:
            return None
        horizon = 4 if analysis else 24
        value, reliability = (Fig(score["score"], 2), score["reliability"]) if analysis else (Fig(momentum[0], 2), min(1.0, momentum[1]))
        history = [*histories.get(symbol, [])] if analysis else []
        if analysis and (not history or shown(value) != history[-1]):
            history.append(value)
        return {
            "symbol": symbol, "score": value, "score_basis": "six_dimension" if analysis else "ticker_momentum",
            "confluence": analysis, "weights": version, "horizon_hours": horizon, "momentum_score": Fig.of(momentum and momentum[0], 2), "reliability": Fig(reliability, 4),
            "score_history": history[-24:], "price": row["last"], "change_24h": Fig.of(row["change"], 4),
            "high_24h": row["high"], "low_24h": row["low"], "turnover_24h": Fig.of(row["turnover"], 2),
            "volume_base_24h": row["volume"],
        }

    def histories(self):
        """The distinct six-dimension scores of each contract in the publications before this one."""
        histories = {}
        for publication in self.case.publications:
            if publication["generated_at_ms"] < self.now:
                for symbol, score in publication["scores"].items():
                    history = histories.setdefault(symbol, [])
                    if not history or history[-1] != score:
                        history.append(score)
        return histories

    def dated_sections(self, rows, snapshot):
        """Betas and charts, of the state of the candles of which they were made: at any round since they last were."""
        self.beta, self.beta_as_of = self.of_states(
            lambda rows, inputs, now: sections.beta(inputs), BETA_LASTS, ("60",),
            lambda found: found[0] is not None and found[1] == snapshot["beta"].get("as_of_ms"))
        self.statistics, self.statistics_as_of = self.of_states(
            lambda rows, inputs, now: dated(sections.statistics(inputs, rows, now)), STATISTICS_LAST, ("60", "240"),
            lambda found: found[0] is not None and self.same_statistics(found, snapshot["statistics"]))
        same = lambda found: found[0] is not None and self.same_charts(found[0], snapshot)
        self.charts, self.charts_as_of = self.of_states(
            lambda rows, inputs, now: with_end(sections.charts(inputs, rows, now)), CHARTS_LAST, ("1", "5", "30"), same)

    @staticmethod
    def same_charts(charts, snapshot):
        published = {chart["timeframe"]: chart for chart in snapshot["performance"].get("value", {"charts": []})["charts"]}
        equal = lambda line, other: all(
            (value is None) == (one is None) and (one is None or one.equals(value)) for value, one in zip(line, other))
        return published.keys() == charts.keys() and all(
            published[hours]["first_ms"] == chart["first"] and published[hours]["lines"].keys() == chart["lines"].keys()
            and all(equal(published[hours]["lines"][symbol], line) for symbol, line in chart["lines"].items())
            for hours, chart in charts.items())

    @staticmethod
    def same_statistics(found, section):
        figures, as_of = found
        published = section.get("value", {})
        same = lambda one, other: (one is None) == (other is None) and (
            one is None or all(same(one[name], other[name]) if isinstance(one[name], dict) else
                               one[name].equals(other[name]) if isinstance(one[name], Fig) else one[name] == other[name] for name in one))
        return section.get("as_of_ms") == as_of and all(same(figures[name], published.get(name)) for name in figures)

    def of_states(self, make, lasts, intervals, fits):
        """The newest that fits, of the states since `lasts` before; the newest of all where none does."""
        newest, seen = None, None
        for now, rows, state in reversed(self.states):
            if newest is not None and now < self.now - lasts - 1000:
                break
            inputs = {symbol: agreeing({"candles": {i: fact for i, fact in known["candles"].items() if i in intervals}},
                                       rows[symbol]["last"] if symbol in rows else None) for symbol, known in state.items()}
            mark = [(symbol, i, id(fact[1])) for symbol, known in inputs.items() for i, fact in known["candles"].items()]
            if mark == seen:
                continue
            seen = mark
            found = make(rows, inputs, now)
            newest = found if newest is None else newest
            if fits(found):
                return found
        return newest if newest is not None else (None, None)

    def quality_of(self):
        """Of the parts that are there, by their youth, times the share of the contracts that have a ticker."""
        weight = lambda as_of, fresh: 0.0 if as_of is None else 1.0 if self.now - as_of <= fresh else 0.5
        analysed = sum(row["confluence"] is not None for row in self.scores) / max(1, len(self.scores))
        as_of = lambda section: section and section["as_of"]
        of_defi = None if self.defi_market is None else int(self.defi_market["as_of"].value)
        index, of_index = self.fear_greed, 0.0
        if index is not None:
            due = index["next"].value if index["next"] is not None else index["as_of"] + DAY
            of_index = 1.0 if self.now <= min(due + 2 * HOUR, index["as_of"] + 2 * DAY) else 0.5
        parts = (0.5 + 0.2 * analysed + 0.1 * weight(as_of(self.global_market), 25 * MINUTE) + 0.05 * weight(of_defi, 150 * MINUTE)
                 + 0.05 * of_index + 0.05 * weight(self.beta_as_of, 3 * HOUR) + 0.05 * weight(self.charts_as_of, HOUR))
        c = self.coverage
        every = max(c["listed"] + (c["unlisted"] or 0), c["priced"] + c["refused"])
        return Fig(rounded(parts * min(1.0, c["priced"] / every), 3))


def dated(statistics):
    return statistics if statistics[1] is not None else (None, None)


def with_end(charts):
    if not charts:
        return None, None
    return charts, min(chart["last"] for chart in charts.values())
