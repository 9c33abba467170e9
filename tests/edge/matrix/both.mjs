// Every source fails, in combinations: what the colo holds is shown and marked while it may be, and refused after.

import { lastGood, refused } from "./expect.mjs";

const TOTAL_MS = 1_800;

/** [what happens, order, outcome] */
const ORIGIN = [
  ["refuses", ["refuse"], "connection_failed"],
  ["hangs", ["hang"], "timeout"],
  ["answers 503", ["answer", { status: 503 }], "http_503"],
  ["sends a web page", ["answer", { status: 200, headers: { "content-type": "text/html" }, body: "<html>" }], "content_type"],
];

/** [what happens, fault, outcome] */
const EXCHANGE = [
  ["answers 503", { kind: "status", status: 503 }, "http_503"],
  ["hangs", { kind: "hang" }, "timeout"],
  ["blocks the region", { kind: "geo_403" }, "forbidden_region"],
  ["sends zeros", { kind: "zero_prices" }, "bitcoin_missing"],
];

/** [what the colo holds, its age in seconds or nothing] */
const HELD = [
  ["stale data", 100],
  ["data too old", 600],
  ["nothing", undefined],
];

/** Every pair of two columns stands in some row: the third is chosen so that all of its pairs occur too. */
export const BOTH_ROWS = ORIGIN.flatMap((origin, at) =>
  EXCHANGE.flatMap((exchange, other) => {
    const held = HELD[(at + other) % HELD.length];
    return [row(origin, exchange, held)];
  }),
);

function row([originDoes, order, origin], [exchangeDoes, fault, direct], [holds, ageS]) {
  const isStale = ageS === 100;
  return {
    id: isStale ? "O8" : "O9",
    fault: `the origin ${originDoes}, the exchange ${exchangeDoes}, the colo holds ${holds}`,
    withinMs: TOTAL_MS,
    heldAgeMs: ageS && ageS * 1_000,
    given: async ({ link, exchange }) => {
      await link.order(...order);
      await exchange.fail("bybit-tickers", fault);
    },
    expect: isStale
      ? lastGood({ origin, direct, heldAsOf: (scene) => scene.held.as_of_ms })
      : refused({ origin, direct, held: ageS ? "too_old" : "empty" }),
    calls: { "bybit-tickers": 1 },
    hangs: [...(origin === "timeout" ? ["origin"] : []), ...(direct === "timeout" ? ["bybit-direct"] : [])],
  };
}
