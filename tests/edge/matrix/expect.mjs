// What a row of the matrix expects: the answer, what of it is kept for others, and what the next client gets.

import assert from "node:assert/strict";
import { TOLERANCE_MS } from "../support/answers.mjs";
import { until } from "../support/process.mjs";

/** A member of `Proxy-Status`. */
const proxyMember = ({ outcome, error, received }, hop = "origin") =>
  `edge${error ? `; error=${error}` : ""}; next-hop="${hop}"${received ? `; received-status=${received}` : ""}; details="${outcome}"`;

/** The snapshot that the colo's cache holds. */
export function stored(cache) {
  const body = cache.entry("/snapshot/")?.body;
  return body ? JSON.parse(body) : undefined;
}

const storedFrom = (scene, producer) =>
  until(`what came from ${producer} is kept`, () => stored(scene.cache)?.producer === producer);

/** The origin's fresh data. `keeps`: whether the colo's cache can keep it. `forward`: why the edge asked. */
export const fromOrigin = ({ keeps = true, forward = "uri-miss", more } = {}) => async (answer, scene) => {
  assert.equal(answer.status, 200);
  assert.equal(answer.json.data_source, "origin");
  assert.equal(answer.json.freshness, "fresh");
  assert.match(answer.header("cache-control"), /^max-age=\d+/);
  const status = `^snapshot; hit; ttl=\\d+, edge; fwd=${forward}; fwd-status=200; stored; ttl=\\d+$`;
  assert.match(answer.header("cache-status"), new RegExp(status));
  assert.equal(answer.header("proxy-status"), null);
  more?.(answer, assert);
  if (keeps) await storedFrom(scene, "origin");
};

/** The exchange's own fresh data, and why not the origin's. */
export const direct = ({ outcome, error, received, forward = "uri-miss", more }) => async (answer, scene) => {
  assert.equal(answer.status, 200, answer.text.slice(0, 300));
  assert.equal(answer.json.data_source, "bybit_direct");
  assert.equal(answer.json.freshness, "fresh");
  assert.ok(answer.json.degraded.includes(`origin_${outcome}`), answer.json.degraded.join());
  assert.equal(answer.header("proxy-status"), proxyMember({ outcome, error, received }));
  const status = `^edge; fwd=${forward}; fwd-status=200; stored; ttl=\\d+; detail=bybit-direct$`;
  assert.match(answer.header("cache-status"), new RegExp(status));
  assert.match(answer.header("server-timing"), /^origin;dur=\d+;desc="fetch", bybit-direct;dur=\d+;desc="fetch"$/);
  more?.(answer, assert);
  await storedFrom(scene, "bybit_direct");
};

/** What was held, marked stale, with what each source said; kept nowhere, and at once for the next client. */
export const lastGood = ({ origin, direct: exchange, heldAsOf }) => async (answer, scene) => {
  assert.equal(answer.status, 200, answer.text.slice(0, 300));
  assert.equal(answer.json.freshness, "stale");
  assert.equal(answer.json.data_source, "last_known_good");
  assert.equal(answer.json.as_of_ms, heldAsOf(scene));
  assert.equal(answer.header("cache-control"), "no-store");
  assert.match(answer.header("cache-status"), /^edge; fwd=stale; (fwd-status=\d+; )?ttl=-\d+; detail=stale-if-error$/);
  assertWhy(answer, origin, exchange);
  await nextIsQuick(answer, scene);
};

/** A problem that names every source, kept nowhere, and at once for the next client. */
export const refused = ({ origin, direct: exchange, held = "empty" }) => async (answer, scene) => {
  assert.equal(answer.status, 503, answer.text.slice(0, 300));
  assert.match(answer.header("retry-after"), /^([3-9]|10)$/);
  assert.deepEqual(
    answer.json.sources.map(({ name, outcome }) => [name, outcome]),
    [["origin", origin], ["bybit-direct", exchange], ["edge-last-good", held]],
  );
  assertWhy(answer, origin, exchange);
  await nextIsQuick(answer, scene);
  assert.equal(stored(scene.cache)?.producer, scene.held?.producer, "an error was kept in the place of data");
};

function assertWhy(answer, origin, exchange) {
  const why = answer.header("proxy-status") ?? "";
  for (const [hop, outcome] of [["origin", origin], ["bybit-direct", exchange]]) {
    assert.match(why, new RegExp(`next-hop="${hop}"(; received-status=\\d+)?; details="${outcome}"`));
  }
}

/** A failure is shared: who comes next gets the same, at once, and nobody is asked again. */
async function nextIsQuick(first, scene) {
  const before = await scene.calls();
  const next = await scene.edge.get("/mobile-data");
  assert.equal(next.status, first.status);
  assert.ok(next.tookMs < 60 + TOLERANCE_MS, `the next client waited ${next.tookMs} ms`);
  assert.deepEqual(await scene.calls(), before, "a failure was not shared");
}
