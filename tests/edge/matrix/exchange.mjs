// The exchange answers badly on the direct way: nothing is made of it that is not data.

import assert from "node:assert/strict";
import { until } from "../support/process.mjs";
import { direct, refused } from "./expect.mjs";

const TOTAL_MS = 1_800;
const TICKERS = "bybit-tickers";
const INSTRUMENTS = "bybit-instruments";

const ORIGIN_DOWN = { outcome: "connection_failed", error: "connection_terminated" };

const given = (scope, fault) => async ({ link, exchange }) => {
  await link.order("refuse");
  await exchange.fail(scope, fault);
};

/** A row where nothing can be made of the answer: the next source is asked, or there is none. */
const bad = (id, scope, fault, outcome, calls = { [TICKERS]: 1 }) => ({
  id, fault: `${scope}: ${JSON.stringify(fault)}`, withinMs: TOTAL_MS,
  given: given(scope, fault),
  // Data an hour old is data, only not to be shown.
  expect: refused({ origin: "connection_failed", direct: outcome, held: outcome === "stale" ? "too_old" : "empty" }),
  calls,
  hangs: outcome.endsWith("timeout") ? ["bybit-direct"] : [],
});

/** A row where the answer is odd: what is unusable is left out, the rest is served. */
const odd = (id, scope, fault, more) => ({
  id, fault: `${scope}: ${JSON.stringify(fault)}`, withinMs: TOTAL_MS,
  given: given(scope, fault),
  expect: direct({ ...ORIGIN_DOWN, more }),
  calls: { origin: 0, [TICKERS]: 1 },
});

const without = (symbol) => ({ json }, check) => {
  const shown = [...json.confluence_scores, ...json.top_movers.gainers, ...json.top_movers.losers];
  check.ok(!shown.some((row) => row.symbol === symbol), `${symbol} is shown`);
};

/** Asks until the refresh that this starts is over, and once more. */
const afterRefresh = async ({ edge }) => {
  await edge.get("/mobile-data");
  await until("the refresh is told", () => edge.logs().some((line) => line.event === "refresh"));
  return edge.get("/mobile-data");
};

/** A row where data of 20 s is held, and a table is not to be believed beside it: what is held is shown on, marked. */
const wild = (scope, before, outcomes, vars) => ({
  id: "B9", fault: `${scope}: every price tenfold, beside data of 20 s`, withinMs: TOTAL_MS, heldAgeMs: 20_000, vars,
  given: async (scene) => {
    await scene.link.order("refuse");
    if (before) await scene.exchange.fail("bybit-tickers", before);
    await scene.exchange.fail(scope, { kind: "scale_all", factor: 10 });
  },
  ask: afterRefresh,
  expect: (answer, { held, edge }) => {
    // The Worker that owns the way to the exchanges writes lines of its own, and knows no origin.
    const { asked } = edge.logs().find((line) => line.event === "refresh" && line.asked[0].source === "origin");
    assert.deepEqual(asked.map(({ source, outcome }) => [source, outcome]), [["origin", "connection_failed"], ...outcomes]);
    assert.equal(answer.json.freshness, "aging");
    assert.equal(answer.json.as_of_ms, held.as_of_ms);
    assert.equal(answer.json.market_overview.btc_price, held.overview.btc_price);
  },
  calls: { origin: 0 },
});

export const EXCHANGE_ROWS = [
  ...[500, 502, 503, 504].map((status) => bad("B1", TICKERS, { kind: "status", status }, `http_${status}`)),
  bad("B2", "bybit", { kind: "status_429", retry_after_s: 5 }, "http_429"),
  bad("B2", "bybit", { kind: "ret_code", code: 10006, message: "Too many visits!" }, "refused_by_venue"),
  bad("B2", TICKERS, { kind: "ret_code", code: 10016, message: "Server error." }, "refused_by_venue"),
  bad("B3", "bybit", { kind: "geo_403" }, "forbidden_region"),
  bad("B4", "bybit", { kind: "rate_403" }, "forbidden_rate_limit"),
  bad("B5", TICKERS, { kind: "delay", ms: 5_000 }, "timeout"),
  // The list of contracts is fetched beside the tickers: whichever hangs, the other one is asked.
  bad("B5", TICKERS, { kind: "hang" }, "timeout", { [TICKERS]: 1, [INSTRUMENTS]: 1 }),
  bad("B5", TICKERS, { kind: "hang_body" }, "timeout"),
  bad("B5", TICKERS, { kind: "drip", bytes_per_second: 100 }, "timeout"),
  bad("B5", INSTRUMENTS, { kind: "hang" }, "instruments_timeout"),
  bad("B6", TICKERS, { kind: "truncate" }, "incomplete_body"),
  bad("B6", TICKERS, { kind: "truncate", mode: "short_json" }, "truncated_body"),
  bad("B6", TICKERS, { kind: "reset" }, "connection_failed"),
  bad("B6", TICKERS, { kind: "empty_body" }, "empty_body"),
  bad("B6", TICKERS, { kind: "huge", bytes: 10_000_000 }, "too_large"),
  bad("B6", TICKERS, { kind: "html_200" }, "content_type"),
  bad("B7", TICKERS, { kind: "empty_list" }, "empty_list"),
  bad("B7", TICKERS, { kind: "null_result" }, "result_missing"),
  bad("B7", TICKERS, { kind: "empty_result" }, "result_missing"),
  bad("B7", INSTRUMENTS, { kind: "empty_list" }, "empty_universe"),
  bad("B7", INSTRUMENTS, { kind: "status", status: 503 }, "instruments_http_503"),
  odd("B7", INSTRUMENTS, { kind: "duplicate_symbols" }),
  bad("B8", TICKERS, { kind: "zero_prices" }, "bitcoin_missing"),
  bad("B8", TICKERS, { kind: "nan_prices" }, "bitcoin_missing"),
  bad("B8", TICKERS, { kind: "negative_prices" }, "bitcoin_missing"),
  bad("B8", TICKERS, { kind: "null_prices" }, "bitcoin_missing"),
  bad("B8", TICKERS, { kind: "zero_prices_of", symbols: ["BTCUSDT"] }, "bitcoin_missing"),
  odd("B8", TICKERS, { kind: "zero_prices_of", symbols: ["XRPUSDT"] }, without("XRPUSDT")),
  odd("B8", TICKERS, { kind: "placeholder_symbol" }),
  bad("B9", TICKERS, { kind: "scale_all", factor: 10, fields: "last" }, "bitcoin_missing"),
  odd("B9", TICKERS, { kind: "scale_price", symbol: "XRPUSDT", factor: 10 }, without("XRPUSDT")),
  wild(TICKERS, undefined, [["bybit-direct", "wild_table"]]),
  wild("okx-tickers", { kind: "status", status: 503 }, [["bybit-direct", "http_503"], ["okx", "wild_table"]],
    ({ url }) => ({ OKX_BASE_URL: url })),
  {
    id: "B9", fault: `${TICKERS}: one price tenfold in all of its fields, beside data of 20 s`, withinMs: TOTAL_MS, heldAgeMs: 20_000,
    given: given(TICKERS, { kind: "scale_price", symbol: "XRPUSDT", factor: 10, fields: "all" }),
    ask: afterRefresh,
    expect: (answer, { held }) => {
      assert.ok(held.scores.some((row) => row.symbol === "XRPUSDT"), "its price is not known");
      assert.equal(answer.json.data_source, "bybit_direct");
      without("XRPUSDT")(answer, assert);
    },
    calls: { origin: 0, [TICKERS]: 1 },
    // A table that another Worker read cannot be told without one of its rows: direct-worker.test.mjs.
    alone: true,
  },
  // Data that is too old to be shown stays where it was read.
  { ...bad("B10", TICKERS, { kind: "clock_skew", ms: -3_600_000 }, "stale"), alone: true },
  bad("B10", TICKERS, { kind: "clock_skew", ms: 3_600_000 }, "venue_clock_ahead"),
  odd("B11", TICKERS, { kind: "number_prices" }),
  odd("B11", TICKERS, { kind: "extra_fields" }),
  odd("B11", INSTRUMENTS, { kind: "extra_fields" }),
];
