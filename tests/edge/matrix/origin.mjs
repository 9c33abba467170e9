// The origin fails in every way it can on a cold edge: clients get the exchange's own data, and are told why.

import { direct, fromOrigin } from "./expect.mjs";

const JSON_TYPE = { "content-type": "application/json" };
const MINUTE_MS = 60_000;
const FAST_MS = 1_300;
const SLOW_MS = 1_600;

const without = (name) => (headers) => Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name));
const dated = (shiftMs) => (headers) => ({ ...headers, "x-data-as-of": String(Number(headers["x-data-as-of"]) + shiftMs) });
const shifted = (shiftMs) => (snapshot) => ({ ...snapshot, as_of_ms: snapshot.as_of_ms + shiftMs });
const answer = (status, body, headers = JSON_TYPE) => ["answer", { status, headers, body }];
const rewrite = (json, headers) => ["rewrite", { json, headers }];
// Not one of the majors: without those a snapshot is refused for another reason.
const oneScore = (change) => (snapshot) => {
  const changed = snapshot.scores.findLast((row) => row.symbol !== "BTCUSDT" && row.symbol !== "ETHUSDT");
  return { ...snapshot, scores: snapshot.scores.map((row) => (row === changed ? { ...row, ...change } : row)) };
};

/** A row where the origin does this, and the reason that clients are told: the outcome, the error type, the status. */
const row = (id, fault, [order, more = {}], outcome, { error, received, asked = 1, withinMs = FAST_MS } = {}) => ({
  id, fault: `the origin ${fault}`, withinMs,
  given: ({ link }) => link.order(order, more),
  expect: direct({ outcome, error, received }),
  calls: { origin: asked, "bybit-tickers": 1 },
  hangs: outcome === "timeout" ? ["origin"] : [],
});

const TIMEOUT = { error: "http_response_timeout", withinMs: SLOW_MS };
const OK = { received: 200 };

export const ORIGIN_ROWS = [
  row("O1", "refuses connections", ["refuse"], "connection_failed", { error: "connection_terminated", asked: 0 }),
  row("O1", "resets connections", ["reset"], "connection_failed", { error: "connection_terminated" }),
  row("O2", "never answers", ["hang"], "timeout", TIMEOUT),
  row("O2", "answers after 2 s", ["delay", { ms: 2_000 }], "timeout", TIMEOUT),
  row("O2", "never ends its body", ["hang_body"], "timeout", TIMEOUT),
  row("O2", "drips its body", ["drip", { bytes: 1_000 }], "timeout", TIMEOUT),
  row("O2", "breaks its body off", ["truncate"], "incomplete_body", { error: "http_response_incomplete", received: 200 }),
  ...[500, 502, 503, 504, 403, 404, 429, 204, 301, 302].map((status) =>
    row("O3", `answers ${status}`, answer(status, undefined, status > 300 && status < 400 ? { location: "/snapshot" } : {}),
      `http_${status}`, { received: status })),
  row("O3", "answers 503 with data", answer(503, "{}"), "http_503", { received: 503 }),
  row("O3", "sends a web page as success", answer(200, "<html>Welcome</html>", { "content-type": "text/html" }), "content_type", OK),
  row("O3", "sends a web page as JSON", answer(200, "<html>Welcome</html>"), "not_json", OK),
  row("O3", "sends nothing", answer(200, ""), "not_json", OK),
  row("O3", "sends an error in place of a snapshot", answer(200, '{"error":"boom"}'), "placeholder", OK),
  row("O3", "sends ten megabytes", answer(200, `{"schema_version":1,"x":"${"x".repeat(10_000_000)}"}`), "too_large",
    { error: "http_response_body_size", received: 200 }),
  row("O3", "encodes its JSON twice", ["rewrite", { text: (text) => JSON.stringify(text) }], "encoded_twice", OK),
  row("O3", "cuts its JSON short", ["rewrite", { text: (text) => text.slice(0, text.length / 2) }], "not_json", OK),
  row("O4", "has data ten minutes old, by its headers",
    rewrite(undefined, (headers) => ({ ...headers, "x-data-as-of": String(Date.now() - 10 * MINUTE_MS) })), "stale", OK),
  row("O4", "has data ten minutes old, by the body alone",
    rewrite(shifted(-10 * MINUTE_MS), without("x-data-as-of")), "stale", OK),
  row("O4", "has data ten minutes old behind a fresh header", rewrite(shifted(-10 * MINUTE_MS)), "stale", OK),
  row("O5", "is an hour ahead", rewrite(shifted(60 * MINUTE_MS), dated(60 * MINUTE_MS)), "from_the_future", OK),
  row("O5", "is an hour ahead in the body alone", rewrite(shifted(60 * MINUTE_MS)), "from_the_future", OK),
  row("O5", "counts its time in seconds",
    rewrite((snapshot) => ({ ...snapshot, as_of_ms: Math.floor(snapshot.as_of_ms / 1_000) })), "implausible_time", OK),
  row("O6", "has another schema version", rewrite((snapshot) => ({ ...snapshot, schema_version: 2 })), "schema_version", OK),
  row("O6", "has a price of zero", rewrite((s) => ({ ...s, overview: { ...s.overview, btc_price: 0 } })), "shape", OK),
  row("O6", "has nothing but prices of zero", rewrite((s) => ({ ...s, scores: s.scores.map((row) => ({ ...row, price: 0 })) })), "shape", OK),
  row("O6", "has no scores", rewrite((snapshot) => ({ ...snapshot, scores: [] })), "too_few_scores", OK),
  row("O6", "sends the predecessor's placeholder",
    answer(200, '{"status":"cache_warmer_generated","confluence_scores":[]}'), "placeholder", OK),
  row("O6", "has a placeholder among its symbols", rewrite(oneScore({ symbol: "SYSTEM_STATUS" })), "malformed_symbol", OK),
  row("O6", "has a share among its symbols", rewrite(oneScore({ symbol: "AAPLUSDT" })), "foreign_symbol", OK),
  {
    id: "O7", fault: "the origin has no figures of the whole market", withinMs: 450,
    given: ({ link }) => link.order("rewrite", {
      json: (snapshot) => ({ ...snapshot, global_market: { state: "absent", reason: "http_503" } }),
    }),
    expect: fromOrigin({
      more: ({ json }, check) => {
        for (const field of ["btc_dominance", "total_market_cap", "coingecko_volume_24h"]) {
          check.equal(json.market_overview[field], null, field);
        }
        check.ok(json.market_overview.btc_price > 0);
        check.equal(json.sections.global_market.reason, "http_503");
        check.ok(json.degraded.includes("global_market_http_503"), json.degraded.join());
      },
    }),
    calls: { origin: 1, "bybit-tickers": 0 },
  },
];
