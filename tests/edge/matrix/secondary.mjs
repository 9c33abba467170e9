// Bybit is of no use from here: another exchange takes its place, and says so; or nobody does, and that is said.

import assert from "node:assert/strict";
import { stored } from "./expect.mjs";
import { until } from "../support/process.mjs";

const TOTAL_MS = 1_800;
const OKX = (exchange) => ({ OKX_BASE_URL: exchange.url });

/** Bybit does this, and OKX is well. */
const replaced = (fault, outcome) => ({
  id: "S1", fault: `the origin refuses, Bybit: ${JSON.stringify(fault)}, OKX is well`, withinMs: TOTAL_MS, vars: OKX,
  given: async ({ link, exchange }) => {
    await link.order("refuse");
    await exchange.fail("bybit-tickers", fault);
  },
  expect: async (answer, scene) => {
    assert.equal(answer.status, 200, answer.text.slice(0, 300));
    assert.equal(answer.json.data_source, "secondary_exchange");
    assert.equal(answer.json.freshness, "fresh");
    assert.equal(answer.json.sections.tickers.source, "simulated:okx");
    assert.ok(answer.json.degraded.includes("origin_connection_failed"), answer.json.degraded.join());
    assert.match(answer.header("cache-status"), /^edge; fwd=uri-miss; fwd-status=200; stored; ttl=\d+; detail=okx$/);
    // An exchange that is silent when another one answers has not failed yet, and is let go.
    const told = outcome === "timeout" ? 'next-hop="origin"' : `next-hop="bybit-direct"(; received-status=\\d+)?; details="${outcome}"`;
    assert.match(answer.header("proxy-status"), new RegExp(told));
    await until("what came from OKX is kept", () => stored(scene.cache)?.producer === "secondary_exchange");
  },
  calls: { origin: 0, "bybit-tickers": 1, "okx-tickers": 1 },
  hangs: outcome === "timeout" ? ["bybit-direct"] : [],
});

/** Bybit blocks the region, and OKX does this. */
const nobody = (fault, outcome) => ({
  id: "S2", fault: `the origin refuses, Bybit blocks the region, OKX: ${JSON.stringify(fault)}`, withinMs: TOTAL_MS, vars: OKX,
  given: async ({ link, exchange }) => {
    await link.order("refuse");
    await exchange.fail("bybit", { kind: "geo_403" });
    await exchange.fail("okx-tickers", fault);
  },
  expect: async (answer, scene) => {
    assert.equal(answer.status, 503, answer.text.slice(0, 300));
    const told = answer.json.sources.map(({ name, outcome }) => [name, outcome]);
    assert.deepEqual(told, [
      ["origin", "connection_failed"], ["bybit-direct", "forbidden_region"], ["okx", outcome], ["edge-last-good", "empty"],
    ]);
    assert.equal(stored(scene.cache), undefined, "an error was kept in the place of data");
  },
  calls: { origin: 0, "okx-tickers": 1 },
  hangs: outcome === "timeout" ? ["okx"] : [],
});

export const SECONDARY_ROWS = [
  replaced({ kind: "geo_403" }, "forbidden_region"),
  replaced({ kind: "rate_403" }, "forbidden_rate_limit"),
  replaced({ kind: "status", status: 503 }, "http_503"),
  replaced({ kind: "zero_prices" }, "bitcoin_missing"),
  replaced({ kind: "hang" }, "timeout"),
  nobody({ kind: "status", status: 503 }, "http_503"),
  nobody({ kind: "status_429", retry_after_s: 5 }, "http_429"),
  nobody({ kind: "html_200" }, "content_type"),
  nobody({ kind: "hang" }, "timeout"),
  nobody({ kind: "truncate" }, "incomplete_body"),
  nobody({ kind: "empty_list" }, "empty_list"),
  nobody({ kind: "zero_prices" }, "no_usable_row"),
  nobody({ kind: "null_prices" }, "no_usable_row"),
];
