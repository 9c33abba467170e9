// The colo's cache misbehaves, or holds what is no data: nobody sees it, and a cold client waits a moment longer at most.

import assert from "node:assert/strict";
import { forge, rewrite } from "../support/cache.mjs";
import { until } from "../support/process.mjs";
import { direct, fromOrigin, refused, stored } from "./expect.mjs";

const COLD_MS = 450 + 50;
const TOTAL_MS = 1_800;
const FROM_ORIGIN = { origin: 1, "bybit-tickers": 0 };

/** [what is in the entry, how it gets there] */
const POISON = [
  ["one flipped byte", (entry) => entry.body.writeUInt8(entry.body.readUInt8(100) ^ 1, 100)],
  ["half the body", (entry) => {
    entry.body = entry.body.subarray(0, entry.body.length / 2);
    entry.headers["content-length"] = String(entry.body.length);
  }],
  ["no seal", (entry) => delete entry.headers["x-stored-fnv1a"]],
  ["a web page", (entry) => {
    entry.body = Buffer.from("<html>");
    entry.headers = { "content-type": "text/html", "content-length": "6" };
  }],
  ["a web page with a seal that fits", (entry) => forge(entry, "<html>")],
  ["nothing, with a seal that fits", (entry) => forge(entry, "")],
  ["JSON encoded twice", (entry) => forge(entry, JSON.stringify(entry.body.toString()))],
  ["a price of zero", (entry) => rewrite(entry, (s) => ({ ...s, overview: { ...s.overview, btc_price: 0 } }))],
  ["a placeholder among the symbols", (entry) =>
    rewrite(entry, (s) => ({ ...s, scores: s.scores.map((row, i) => (i ? row : { ...row, symbol: "SYSTEM_STATUS" })) }))],
  ["a time in the future", (entry) => rewrite(entry, (s) => ({ ...s, as_of_ms: s.as_of_ms + 3_600_000 }))],
];

const OLD_SCHEMA = ["another version", (entry) => rewrite(entry, (s) => ({ ...s, schema_version: s.schema_version + 98 }))];

const isTold = (scene) => until("the refusal is told", () => scene.edge.logs().some((line) => line.event === "cache_entry_refused"));

/** With the sources down there is nothing else to show, so whatever is shown came from the entry. */
const alone = (id, [what, poison]) => ({
  id, fault: `the entry holds ${what}, and every source is down`, withinMs: TOTAL_MS, heldAgeMs: 1_000,
  given: async ({ link, exchange, cache }) => {
    poison(cache.entry("/snapshot/"));
    await link.order("refuse");
    await exchange.fail("bybit-tickers", { kind: "status", status: 503 });
  },
  expect: async (answer, scene) => {
    assert.equal(answer.status, 503, answer.text.slice(0, 200));
    assert.equal(scene.cache.entry("/snapshot/"), undefined, "the entry is still there");
    await isTold(scene);
  },
  calls: { "bybit-tickers": 1 },
});

/** The same with the origin well: as if the cache were cold, and the entry is replaced. */
const replaced = (id, [what, poison]) => ({
  id, fault: `the entry holds ${what}`, withinMs: COLD_MS, heldAgeMs: 1_000,
  given: ({ cache }) => poison(cache.entry("/snapshot/")),
  expect: async (answer, scene) => {
    await fromOrigin()(answer, scene);
    await isTold(scene);
    assert.equal(stored(scene.cache).as_of_ms, answer.json.as_of_ms);
  },
  calls: FROM_ORIGIN,
});

const misbehaving = (id, fault, order, { keeps = true, heldAgeMs } = {}) => ({
  id, fault: `the cache ${fault}`, withinMs: COLD_MS, heldAgeMs,
  given: ({ cache }) => cache.order(order),
  expect: fromOrigin({ keeps }),
  calls: FROM_ORIGIN,
});

export const CACHE_ROWS = [
  { id: "E1", fault: "nothing: the edge is cold", withinMs: 450, given: () => {}, expect: fromOrigin(), calls: FROM_ORIGIN },
  misbehaving("E2", "never answers a look-up", "hang", { heldAgeMs: 1_000 }),
  misbehaving("E2", "answers a look-up with 500", "fail", { heldAgeMs: 1_000 }),
  misbehaving("E2", "resets a look-up", "reset", { heldAgeMs: 1_000 }),
  misbehaving("E2", "breaks an entry off", "truncate", { heldAgeMs: 1_000 }),
  ...POISON.map((poison) => alone("E2", poison)),
  replaced("E2", POISON[0]),
  replaced("E2", POISON[4]),
  {
    id: "E2", fault: "the entry is past every limit, and every source is down", withinMs: TOTAL_MS, heldAgeMs: 600_000,
    given: async ({ link, exchange }) => {
      await link.order("refuse");
      await exchange.fail("bybit-tickers", { kind: "status", status: 503 });
    },
    expect: refused({ origin: "connection_failed", direct: "http_503", held: "too_old" }),
    calls: { "bybit-tickers": 1 },
  },
  {
    id: "E2", fault: "the entry is stale", withinMs: COLD_MS, heldAgeMs: 100_000, given: () => {},
    expect: fromOrigin({ forward: "stale" }),
    calls: FROM_ORIGIN,
  },
  {
    id: "E2", fault: "the entry is stale, and the origin refuses connections", withinMs: COLD_MS, heldAgeMs: 100_000,
    given: ({ link }) => link.order("refuse"),
    expect: direct({ outcome: "connection_failed", error: "connection_terminated", forward: "stale" }),
    calls: { origin: 0, "bybit-tickers": 1 },
  },
  misbehaving("E3", "never answers a write", "hang_put", { keeps: false }),
  misbehaving("E3", "refuses a write with 413", "refuse_put", { keeps: false }),
  misbehaving("E3", "resets a write", "reset_put", { keeps: false }),
  misbehaving("E3", "says it wrote and did not", "swallow_put", { keeps: false }),
  {
    id: "E2", fault: "the cache, the origin and the exchange never answer", withinMs: TOTAL_MS,
    given: async ({ link, exchange, cache }) => {
      cache.order("hang");
      await link.order("hang");
      await exchange.fail("bybit-tickers", { kind: "hang" });
    },
    expect: refused({ origin: "timeout", direct: "timeout" }),
    calls: { origin: 1, "bybit-tickers": 1 },
    hangs: ["origin", "bybit-direct"],
  },
  alone("D2", OLD_SCHEMA),
  replaced("D2", OLD_SCHEMA),
];
