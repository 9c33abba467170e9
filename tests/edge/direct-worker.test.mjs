// The second Worker, which owns the way to the exchanges: what it hands over, what it bounds, and what becomes of clients when it
// fails, is of another version, or is far away. The fault matrix has its rows for what goes wrong behind it.

import assert from "node:assert/strict";
import { test } from "node:test";
import { builtModules, exchangeRequests, get, startLink, startWorkerd, until, useWorld } from "./support.mjs";

const world = useWorld();
const NOBODY = "http://127.0.0.1:1";
const TICKERS = "bybit-tickers";

/** That Worker by itself, as a binding reaches it, and the way there. */
async function startDirect(vars = {}) {
  const exchange = world.kept(await startLink(world.exchange.url));
  const all = { ROLE: "direct", BYBIT_BASE_URL: exchange.url, ...vars };
  const worker = world.kept(await startWorkerd({ modules: builtModules(), vars: all }));
  const link = world.kept(await startLink(worker.url));
  return { url: link.url, link, exchange, worker };
}

/** An edge that is bound to it; the exchange is at `bybit` for who goes there himself. */
const bound = (direct, { bybit = NOBODY, vars } = {}) => world.edge({ bybit, direct: { url: direct.url }, vars });

const outcomes = (line) => line.asked.map(({ source, outcome }) => [source, outcome]);
const lastRefresh = (edge) => until("the refresh is told", () => edge.logs().findLast(({ event }) => event === "refresh"));

test("in an outage clients get what it has, why, and where it stands", async () => {
  const direct = await startDirect();
  await direct.exchange.order("rewrite", { headers: (headers) => ({ ...headers, "x-amz-cf-pop": "SIN52-P1" }) });
  const edge = await bound(direct);
  await world.link.order("refuse");
  const answer = await edge.get("/mobile-data");
  assert.deepEqual([answer.status, answer.json.data_source, answer.json.freshness], [200, "bybit_direct", "fresh"]);
  assert.ok(answer.json.degraded.includes("origin_connection_failed"), answer.json.degraded.join());
  assert.match(answer.header("server-timing"), /bybit-direct;dur=\d+/);
  assert.equal((await edge.get("/health")).json.direct_place, "SIN52-P1");
});

test("it hands over to Workers alone: no client gets the snapshot from an edge", async () => {
  const direct = await startDirect();
  const handed = await get(`${direct.worker.url}/snapshot`);
  assert.deepEqual([handed.status, handed.json.producer, handed.json.fallback_reason], [200, "bybit_direct", "origin_not_asked"]);
  assert.equal(handed.header("cache-control"), "no-store");
  const edge = await bound(direct);
  assert.equal((await edge.get("/snapshot")).status, 404);
});

test("what only the origin collects stays, with the time it had", async () => {
  const direct = await startDirect();
  const edge = await bound(direct, { vars: { REFRESH_AFTER_S: "0", FRESH_S: "1" } });
  const before = await until("the origin has the whole market's figures", async () => {
    const { json } = await edge.get("/mobile-data");
    return json.sections?.global_market.status === "fresh" && json.sections.fear_greed.status === "fresh" && json;
  });
  await world.link.order("refuse");
  const after = await until("Bybit's data takes over", async () => {
    const { json } = await edge.get("/mobile-data");
    return json.data_source === "bybit_direct" && json;
  });
  for (const section of ["global_market", "fear_greed"]) {
    assert.equal(after.sections[section].as_of_ms, before.sections[section].as_of_ms, section);
  }
  assert.equal(after.market_overview.btc_dominance, before.market_overview.btc_dominance);
});

test("edges that share it cost the exchange one call, and none of them counts for itself", async () => {
  const direct = await startDirect();
  const edges = [];
  for (let count = 0; count < 3; count += 1) edges.push(await bound(direct, { vars: { REFRESH_AFTER_S: "0", FRESH_S: "30" } }));
  await world.link.order("refuse");
  await world.exchange.forget();
  for (let round = 0; round < 3; round += 1) {
    const answers = await Promise.all(edges.map((edge) => edge.get("/mobile-data")));
    for (const { json } of answers) assert.equal(json.data_source, "bybit_direct");
  }
  assert.equal((await world.exchange.requests())[TICKERS], 1);
});

for (const [what, order, outcome] of [
  ["refuses connections", ["refuse"], "connection_failed"],
  ["answers 500", ["answer", { status: 500 }], "http_500"],
  ["is not that Worker", ["answer", { status: 404 }], "http_404"],
  ["is of another version", ["rewrite", { json: (snapshot) => ({ ...snapshot, schema_version: 99 }) }], "schema_version"],
  ["hands over rubbish", ["answer", { status: 200, headers: { "content-type": "application/json" }, body: "{}" }], "placeholder"],
]) {
  test(`where it ${what} the edge takes the way itself, and says so`, async () => {
    const direct = await startDirect();
    await direct.link.order(...order);
    const edge = await bound(direct, { bybit: world.exchange.url });
    await world.link.order("refuse");
    const answer = await edge.get("/mobile-data");
    assert.deepEqual([answer.status, answer.json.data_source], [200, "bybit_direct"], answer.text.slice(0, 300));
    assert.deepEqual(outcomes(await lastRefresh(edge)), [["origin", "connection_failed"], ["direct-worker", outcome], ["bybit-direct", "ok"]]);
    assert.match(answer.header("proxy-status"), new RegExp(`next-hop="direct-worker".*details="${outcome}"`));
  });
}

test("where it is silent nobody waits longer than in any outage", async () => {
  const direct = await startDirect();
  await direct.link.order("hang");
  const edge = await bound(direct, { bybit: world.exchange.url });
  await world.link.order("refuse");
  const answer = await edge.get("/mobile-data");
  assert.equal(answer.status, 503);
  assert.deepEqual(answer.json.sources.map(({ name, outcome }) => [name, outcome]).slice(0, 2), [
    ["origin", "connection_failed"],
    ["direct-worker", "timeout"],
  ]);
  await until("it is left alone, and the exchange asked from here", async () => (await edge.get("/mobile-data")).json.data_source === "bybit_direct", {
    withinMs: 20_000,
  });
});

test("a price that leapt there is not shown here until more tables say the same", async () => {
  const direct = await startDirect();
  const edge = await bound(direct, { vars: { REFRESH_AFTER_S: "0", FRESH_S: "1" } });
  const shown = (json) => json.confluence_scores.find(({ symbol }) => symbol === "XRPUSDT")?.price;
  const before = await until("the origin's data is held", async () => {
    const { json } = await edge.get("/mobile-data");
    return json.data_source === "origin" && shown(json);
  });
  await world.exchange.fail(TICKERS, { kind: "scale_price", symbol: "XRPUSDT", factor: 10, fields: "all" });
  await world.link.order("refuse");
  await until("the leap was met", async () => {
    const { json } = await edge.get("/mobile-data");
    const price = shown(json);
    assert.ok(price === undefined || price < 2 * before, `${price} is shown, after ${before}`);
    return edge.logs().some(({ event, asked }) => event === "refresh" && asked.some(({ outcome }) => outcome === "wild_table"));
    // Its first answer may be too late on a busy machine, and then it is left alone for a while.
  }, { withinMs: 40_000 });
});

test("a quarter of a second away from everything, the direct way stays for emergencies and works in one", async () => {
  const direct = await startDirect();
  for (const link of [world.link, direct.link]) await link.order("delay", { ms: 250 });
  const times = { ORIGIN_TIMEOUT_MS: "1000", HEDGE_AFTER_MS: "1000", FIRST_WAIT_MS: "1000" };
  const edge = await bound(direct, { vars: { REFRESH_AFTER_S: "0", FRESH_S: "30", ...times } });
  for (let answers = 0; answers < 10; answers += 1) assert.equal((await edge.get("/mobile-data")).json.data_source, "origin");
  assert.deepEqual([direct.link.requests(), await exchangeRequests(world.exchange)], [0, 0]);
  await world.link.order("refuse");
  const cold = await bound(direct, { vars: times });
  assert.equal((await cold.get("/mobile-data")).json.data_source, "bybit_direct");
});
