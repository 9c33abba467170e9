// Many clients, one refresh: whatever one client does, the sources are asked once and nobody else notices.

import assert from "node:assert/strict";
import { test } from "node:test";
import { crowd, unlessLate, until, useWorld } from "./support.mjs";

const world = useWorld();

/** The smallest body, so that thousands of clients measure the edge and not this machine. */
const SMALL = "/api/market/overview";

/** How often each source was asked. */
const asked = async () => ({ origin: world.link.requests(), ...(await world.exchange.requests()) });

function assertEach(answers, status, source) {
  for (const answer of answers) assert.deepEqual([answer.status, answer.source], [status, source]);
}

/** What a machine may take to be two hundred clients. A wait that nothing ends lasts for ever, so this still tells. */
const CROWD_MS = 10_000;

const slowest = (answers) => Math.max(...answers.map((answer) => answer.tookMs));

function assertQuick(answers, withinMs) {
  assert.ok(slowest(answers) < withinMs, `${slowest(answers)} ms`);
}

/** Fails only on a machine that keeps up. */
const patiently = (hangs, attempt) => () =>
  unlessLate({ hangs }, async (scene) => {
    await world.recover();
    scene.edge = await world.edge();
    await attempt(scene.edge);
  });

test("two hundred cold clients at once cause one request to the origin", patiently([], async (edge) => {
  await world.link.order("delay", { ms: 150 });
  const answers = await crowd(edge, 200, "/mobile-data");
  assertEach(answers, 200, "origin");
  assert.equal(new Set(answers.map((answer) => answer.text)).size, 1, "clients saw different bodies");
  assert.equal((await asked()).origin, 1);
  const count = (pattern) => answers.filter(({ cacheStatus }) => pattern.test(cacheStatus)).length;
  const [led, followed] = [count(/ stored;/), count(/^edge; fwd=uri-miss; fwd-status=200; collapsed; ttl=\d+$/)];
  assert.equal(led, 1, "one request led");
  assert.ok(followed > 0, "nobody followed");
  assert.equal(led + followed + count(/^edge; hit; ttl=\d+$/), 200);
}));

test("the origin hangs: two hundred cold clients cause one request each way", patiently(["origin"], async (edge) => {
  await world.link.order("hang");
  const answers = await crowd(edge, 200, SMALL);
  assertEach(answers, 200, "bybit_direct");
  const { origin, "bybit-tickers": tickers, "bybit-instruments": instruments } = await asked();
  assert.deepEqual([origin, tickers, instruments], [1, 1, 1]);
  assertQuick(answers, 1_600 + CROWD_MS);
}));

test("everything hangs: two hundred cold clients share one failure", patiently(["origin", "bybit-direct"], async (edge) => {
  await world.link.order("hang");
  await world.exchange.fail("bybit", { kind: "hang" });
  const answers = await crowd(edge, 200, SMALL);
  assertEach(answers, 503, null);
  assertQuick(answers, 1_800 + CROWD_MS);
  const { origin, "bybit-tickers": tickers } = await asked();
  assert.deepEqual([origin, tickers], [1, 1]);
}));

/** The total of a refresh that fails, and the time for which its failure is shared. */
const FAILURE_MS = 1_800 + 2_000;

for (const [what, arrange] of [
  ["everything is well", () => world.link.order("delay", { ms: 150 })],
  ["the origin hangs", () => world.link.order("hang")],
  ["everything hangs", async () => {
    await world.link.order("hang");
    await world.exchange.fail("bybit", { kind: "hang" });
  }],
]) {
  test(`ten times as many cold clients cause no more requests while ${what}`, async () => {
    await arrange();
    // What was found is not renewed while the crowd is served.
    const edge = await world.edge({ vars: { REFRESH_AFTER_S: "60", FRESH_S: "61", AGING_S: "62", STALE_S: "63" } });
    const answers = await crowd(edge, 2_000, SMALL);
    assert.ok(answers.every(({ status }) => status === 200 || status === 503));
    // A machine that needs longer than a failure lasts for so many sees the next one too.
    const refreshes = 1 + Math.floor(slowest(answers) / FAILURE_MS);
    const { origin, "bybit-tickers": tickers } = await asked();
    assert.ok(origin >= 1 && origin <= refreshes, `${origin} requests to the origin`);
    assert.ok(tickers <= refreshes, `${tickers} requests to the exchange`);
  });
}

test("everything hangs and stale data is held: every client gets it, marked", async () => {
  const edge = await world.edge({ vars: { REFRESH_AFTER_S: "0", FRESH_S: "1", AGING_S: "2", STALE_S: "60" } });
  assert.equal((await edge.get(SMALL)).status, 200);
  await world.link.order("hang");
  await world.exchange.fail("bybit", { kind: "hang" });
  await until("the data is stale", async () => (await edge.get(SMALL)).json.freshness === "stale");
  const answers = await crowd(edge, 200, SMALL);
  assertEach(answers, 200, "last_known_good");
  assertQuick(answers, 1_800 + CROWD_MS);
});

test("data past the refresh age is answered at once and refreshed once behind the answer", async () => {
  const edge = await world.edge({ vars: { REFRESH_AFTER_S: "0", FRESH_S: "30" } });
  const first = await edge.get("/mobile-data");
  await until("the origin has newer data", async () => {
    const { headers } = await fetch(`${world.origin.url}/snapshot`);
    return Number(headers.get("x-data-as-of")) > first.json.as_of_ms;
  });
  await world.link.order("delay", { ms: 200 });
  world.link.forget();
  const answers = await Promise.all(Array.from({ length: 30 }, () => edge.get("/mobile-data")));
  for (const answer of answers) {
    assert.equal(answer.json.as_of_ms, first.json.as_of_ms, "somebody waited for the refresh");
    assert.match(answer.header("cache-status"), /^edge; hit; ttl=\d+$/);
  }
  await until("the refresh has brought newer data", async () => (await edge.get("/mobile-data")).json.as_of_ms > first.json.as_of_ms);
  assert.equal(world.link.requests(), 1);
});

test("a busy edge asks an origin that has nothing newer about once a second and not for every request", async () => {
  const edge = await world.edge({ vars: { REFRESH_AFTER_S: "0", FRESH_S: "30" } });
  const frozen = await (await fetch(`${world.origin.url}/snapshot`)).text();
  await world.link.order("answer", { status: 200, headers: { "content-type": "application/json" }, body: frozen });
  const began = performance.now();
  let answered = 0;
  while (performance.now() - began < 1_500) {
    assert.equal((await edge.get("/mobile-data")).status, 200);
    answered += 1;
  }
  assert.ok(answered > 50, `${answered} answers`);
  assert.ok(world.link.requests() <= 3, `${world.link.requests()} requests for ${answered} answers`);
});
