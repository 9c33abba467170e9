#!/usr/bin/env python3
"""Works out anew, from the raw answers that a run recorded, every figure that the origin published, and compares.

    tests/oracle/oracle.py FOLDER

It knows nothing of the product's code: the definitions are those of docs/methodology.md. Ends with 1 where a figure
differs, where a number was published that is neither compared nor listed in `NOT_COMPARED`, or where hardly anything was
compared.
"""

import json
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from figures.bodies import Bodies  # noqa: E402
from figures.case import Case  # noqa: E402
from figures.compare import Report  # noqa: E402
from figures.expected import Expected  # noqa: E402

# Numbers that are published and not worked out anew: (path, why). Those of `Given` in bodies.py stand with their reason
# where they are. An entry that nothing matches any more is a fault of this table.
NOT_COMPARED = []

# Fields that may be null wherever they stand: (path, why). In a field that is only ever null nothing was worked out.
ONLY_NULL = [
    (r"\.(cex_pct|dex_pct)$", "no source tells a split between venues"),
    (r"(orderflow|orderbook)\.liquidity$", "needs twenty earlier measures, which come after some four minutes"),
    (r"(alerts\[\]\.symbol|taker|signals\[\]\.(stance_)?strength|sentiment|altcoin_season)$", "a word"),
]

# What each endpoint must say.
ENDPOINTS = {
    "/mobile-data": Bodies.mobile_data,
    "/api/dashboard/mobile-data": Bodies.dashboard_mobile_data,
    "/api/dashboard-cached/mobile-data": Bodies.dashboard_mobile_data,
    "/api/dashboard/symbols": Bodies.symbols,
    "/api/dashboard-cached/symbols": Bodies.symbols,
    "/api/dashboard/overview": Bodies.overview,
    "/api/dashboard-cached/overview": Bodies.overview,
    "/api/dashboard/market-overview": Bodies.flat_market_overview,
    "/api/dashboard-cached/market-overview": Bodies.flat_market_overview,
    "/api/market/overview": Bodies.flat_market_overview,
    "/api/dashboard/market-movers": Bodies.market_movers,
    "/api/dashboard-cached/market-movers": Bodies.market_movers,
    "/api/bybit-direct/top-symbols": Bodies.top_symbols,
    "/api/dashboard/signals": Bodies.signals,
    "/api/dashboard/opportunities": Bodies.opportunities,
    "/api/dashboard-cached/opportunities": Bodies.opportunities,
    "/api/dashboard/perpetuals-pulse": Bodies.perpetuals_pulse,
    "/api/contracts": Bodies.contracts,
    "/api/books": Bodies.books,
    "/api/bitcoin-beta/realtime": Bodies.beta,
    "/api/dashboard/alerts": Bodies.alerts,
    "/api/dashboard/alerts/recent": lambda bodies: bodies.alerts(20),
    "/api/dashboard/alerts/recent?limit=3": lambda bodies: bodies.alerts(3),
    "/health": Bodies.health,
    "/api/dashboard/health": Bodies.health,
    "/snapshot": Bodies.snapshot,
}
OF_SYMBOL = {
    "/api/dashboard/confluence-analysis/": Bodies.analysis,
    "/api/dashboard/confluence/breakdown/": Bodies.breakdown,
}
CHART = "/api/dashboard/beta-chart"


def expected_of(bodies, path):
    """(name, what it must say), or None for a path that nobody knows."""
    if path in ENDPOINTS:
        return path, ENDPOINTS[path](bodies)
    for prefix, make in OF_SYMBOL.items():
        if path.startswith(prefix):
            return f"{prefix}{{symbol}}", make(bodies, path.removeprefix(prefix))
    if path.partition("?")[0] == CHART:
        return CHART, bodies.beta_chart(path.partition("timeframe=")[2] or "24")
    return None


def main(folder):
    case = Case(folder)
    expected = Expected(case)
    bodies, report = Bodies(expected), Report(NOT_COMPARED)
    analysed = {f"{prefix}{row['symbol']}" for prefix in OF_SYMBOL for row in bodies.six_dimension()}
    for path, answer in case.bodies.items():
        if answer["status"] != 200:
            if path in analysed or path in case.settings["must_answer"]:
                report.fault(path, answer["status"], 200)
            continue
        known = expected_of(bodies, path)
        if known is None:
            report.leave(path, answer["body"], None)
            continue
        report.check(known[0], answer["body"], known[1])
        if path.partition("?")[0] not in ("/health", "/api/dashboard/health"):
            report.check(f"{known[0]} (headers)", answer["headers"],
                         {"x-data-as-of": expected.as_of, "x-data-quality": expected.quality})
    for path in analysed - case.bodies.keys():
        report.fault(path, "nothing", "an analysis")
    print(json.dumps({
        "compared": report.total, "fields": len(report.compared), "words": report.words,
        "alerts": sorted({alert["kind"] for alert in expected.alerts.found}),
        "watched": sorted(expected.shelf.symbols),
        "six_dimension": len(bodies.six_dimension()),
        "parts": sorted({part for row in bodies.six_dimension()
                         for part, score in row["confluence"]["sub_components"].items() if score is not None}),
        "only_null": [kind for kind in report.only_null if not any(re.search(pattern, kind) for pattern, _ in ONLY_NULL)],
        "given": report.given, "uncompared": report.uncompared, "wrong": report.wrong,
        "of_fields": report.compared if "--fields" in sys.argv else None,
    }))


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1])
