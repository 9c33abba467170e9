// What a refresh does when sources are silent, blocked or broken: hedge, other hosts, budgets that a colo shares, the way to
// the exchange taken without need, and what all colos share.

import assert from "node:assert/strict";
import { test } from "node:test";
import { ROOT, TOLERANCE_MS, bothWorkers, exchangeRequests, get, isSnapshot, startLink, startServer, until, useWorld } from "./support.mjs";

const { createTestHarness } = await import("wrangler");
const NOBODY = "http://127.0.0.1:9";

const world = useWorld();
let edge, cache;

const refreshLine = () => until("the refresh is told", () => edge.logs().find((line) => line.event === "refresh"));
const outcomes = (line) => line.asked.map(({ source, outcome }) => [source, outcome]);

test("a silent origin costs a cold client the hedge's time and not its whole deadline", async () => {
  await world.link.order("hang");
  edge = await world.edge({ vars: { HEDGE_AFTER_MS: "300" } });
  const answer = await edge.get("/mobile-data");
  assert.equal(answer.json.data_source, "bybit_direct");
  assert.ok(answer.tookMs > 100, `${answer.tookMs} ms: the exchange was asked before the origin was silent`);
  const line = await refreshLine();
  assert.deepEqual(outcomes(line), [["origin", "timeout"], ["bybit-direct", "ok"]]);
  assert.equal(line.hedged, true);
  assert.equal(world.link.requests(), 1);
});

test("an exchange that may not be asked is no hedge", async () => {
  await world.link.order("refuse");
  await world.exchange.fail("bybit", { kind: "geo_403" });
  edge = await world.edge({ vars: { HEDGE_AFTER_MS: "300" } });
  assert.equal((await edge.get("/mobile-data")).status, 503);
  await world.link.order("hang");
  const line = await until("the origin was silent", async () => {
    await edge.get("/mobile-data");
    return edge.logs().find(({ event, asked }) => event === "refresh" && asked[0].outcome === "timeout");
  });
  assert.deepEqual(outcomes(line), [["origin", "timeout"], ["bybit-direct", "paused_region"]]);
  assert.equal(line.hedged, false);
});

test("an origin that answers within the hedge's time is not doubled", async () => {
  await world.link.order("delay", { ms: 100 });
  edge = await world.edge({ vars: { HEDGE_AFTER_MS: "400" } });
  assert.equal((await edge.get("/mobile-data")).json.data_source, "origin");
  assert.equal(await exchangeRequests(world.exchange), 0);
});

test("far from the origin, an operator's times keep the way to Bybit for emergencies", async () => {
  await world.link.order("delay", { ms: 250 });
  const vars = { REFRESH_AFTER_S: "0", FRESH_S: "30", ORIGIN_TIMEOUT_MS: "1000", HEDGE_AFTER_MS: "1000", DIRECT_EXERCISE_PERCENT: "0" };
  edge = await world.edge({ vars });
  for (let answers = 0; answers < 10; answers += 1) assert.equal((await edge.get("/mobile-data")).json.data_source, "origin");
  assert.equal(await exchangeRequests(world.exchange), 0);
  await world.link.order("refuse");
  await until("Bybit is asked when the origin fails", async () => {
    await edge.get("/mobile-data");
    return (await exchangeRequests(world.exchange)) > 0;
  });
});

test("an origin that shows another exchange than Bybit is of no use while Bybit answers", async () => {
  await world.link.order("rewrite", { json: (snapshot) => ({ ...snapshot, tickers_source: "simulated:okx" }) });
  edge = await world.edge();
  const answer = await edge.get("/mobile-data");
  assert.equal(answer.json.data_source, "bybit_direct");
  assert.ok(answer.json.degraded.includes("origin_foreign_venue"), answer.json.degraded.join());
});

test("an origin that keeps failing is left alone, and asked again by itself", async () => {
  await world.link.order("refuse");
  edge = await world.edge({ vars: { REFRESH_AFTER_S: "0", FRESH_S: "30" } });
  await until(
    "the origin is left alone",
    async () => {
      await edge.get("/mobile-data");
      return edge.logs().some((line) => line.event === "refresh" && line.asked[0].outcome === "breaker_open");
    },
    { withinMs: 20_000 },
  );
  await world.link.order("pass");
  await until("the origin is asked again", async () => (await edge.get("/mobile-data")).json.data_source === "origin", {
    withinMs: 30_000,
  });
});

test("Bybit's other host is tried when the first cannot be reached", async () => {
  await world.link.order("refuse");
  edge = await world.edge({ vars: { BYBIT_BASE_URL: NOBODY, BYBIT_ALTERNATIVE_BASE_URL: world.exchange.url } });
  const answer = await edge.get("/mobile-data");
  assert.equal(answer.json.data_source, "bybit_direct");
  assert.match(answer.header("proxy-status"), /next-hop="bybit-direct"; details="connection_failed"/);
  const line = await refreshLine();
  assert.deepEqual(outcomes(line), [["origin", "connection_failed"], ["bybit-direct", "connection_failed"], ["bybit-alternative", "ok"]]);
});

test("Bybit's other host is left alone when the first one sends us away", async () => {
  const other = await startLink(world.exchange.url);
  try {
    await world.link.order("refuse");
    await world.exchange.fail("bybit", { kind: "geo_403" });
    edge = await world.edge({ vars: { BYBIT_ALTERNATIVE_BASE_URL: other.url } });
    assert.equal((await edge.get("/mobile-data")).status, 503);
    assert.equal(other.requests(), 0);
  } finally {
    await other.stop();
  }
});

/** Both other exchanges at the simulator. */
const others = () => ({ OKX_BASE_URL: world.exchange.url, BINANCE_BASE_URL: world.exchange.url });

test("another exchange takes Bybit's place where that is blocked, and says so", async () => {
  await world.link.order("refuse");
  await world.exchange.fail("bybit", { kind: "geo_403" });
  edge = await world.edge({ vars: others() });
  const answer = await edge.get("/mobile-data");
  assert.equal(answer.status, 200);
  assert.equal(answer.json.data_source, "secondary_exchange");
  assert.equal(answer.json.sections.tickers.source, "simulated:okx");
  assert.match(answer.header("cache-status"), /^edge; fwd=uri-miss; fwd-status=200; stored; ttl=\d+; detail=okx$/);
  assert.match(answer.header("proxy-status"), /next-hop="origin".*next-hop="bybit-direct"; received-status=403; details="forbidden_region"/);
  assert.deepEqual(outcomes(await refreshLine()).slice(1), [["bybit-direct", "forbidden_region"], ["okx", "ok"]]);
});

test("Binance follows when OKX is of no use", async () => {
  await world.link.order("refuse");
  await world.exchange.fail("bybit", { kind: "geo_403" });
  cache = await world.cache();
  const first = await world.edge({ cache, vars: others() });
  assert.equal((await first.get("/mobile-data")).json.sections.tickers.source, "simulated:okx");
  await until("the list is shared", () => cache.entry("/universe-okx/"));
  await first.stop();
  cache.drop(isSnapshot);
  await world.exchange.fail("okx", { kind: "status", status: 503 });
  edge = await world.edge({ cache, vars: others() });
  const answer = await edge.get("/mobile-data");
  assert.equal(answer.status, 200, answer.text.slice(0, 300));
  assert.equal(answer.json.sections.tickers.source, "simulated:binance");
});

test("when all of them hang the answer still comes within the bound", async () => {
  await world.link.order("hang");
  for (const scope of ["bybit", "okx", "binance"]) await world.exchange.fail(scope, { kind: "hang" });
  edge = await world.edge({ vars: others() });
  const answer = await edge.get("/mobile-data");
  assert.equal(answer.status, 503);
  assert.ok(answer.tookMs < 1_800 + TOLERANCE_MS, `${answer.tookMs} ms`);
  const told = answer.json.sources.slice(0, 3);
  assert.deepEqual(told.map(({ name }) => name), ["origin", "bybit-direct", "okx"]);
  // Table and list of contracts are asked for together, and either may be the first to be missed.
  for (const { outcome } of told) assert.match(outcome, /^(instruments_)?timeout$/);
});

test("who took Bybit's place keeps it while it answers, and gives it back at once when it fails", async () => {
  await world.link.order("refuse");
  await world.exchange.fail("bybit-tickers", { kind: "status", status: 503 });
  edge = await world.edge({ vars: { ...others(), REFRESH_AFTER_S: "0", FRESH_S: "30" } });
  const first = await edge.get("/mobile-data");
  assert.equal(first.json.data_source, "secondary_exchange");
  await world.exchange.recover();
  await world.exchange.forget();
  await until("the other exchange was asked again", async () => {
    const { json } = await edge.get("/mobile-data");
    assert.equal(json.sections.tickers.source, "simulated:okx");
    return json.as_of_ms > first.json.as_of_ms;
  });
  assert.equal((await world.exchange.requests())["bybit-tickers"], 0, "clients were to be sent back at once");
  await world.exchange.fail("okx", { kind: "status", status: 503 });
  const isBack = async () => (await edge.get("/mobile-data")).json.data_source === "bybit_direct";
  await until("Bybit's own data is back", isBack, { withinMs: 30_000 });
});

test("an isolate that starts during a ban knows of it", async () => {
  cache = await world.cache();
  await world.link.order("refuse");
  await world.exchange.fail("bybit", { kind: "rate_403" });
  const banned = await world.edge({ cache });
  assert.equal((await banned.get("/mobile-data")).json.sources[1].outcome, "forbidden_rate_limit");
  await until("the ban is shared", () => cache.entry("/ledger/")?.body.toString().includes("rate_limit"));
  await banned.stop();
  await world.exchange.recover();
  edge = await world.edge({ cache });
  await until("the shared failure is over", async () => {
    const answer = await edge.get("/mobile-data");
    return answer.json.sources[1].outcome === "paused_rate_limit";
  });
  assert.equal(await exchangeRequests(world.exchange), 0, "the exchange was asked during a ban");
});

test("a colo asks the exchange twelve times a minute at most, however many isolates have nothing to show", async () => {
  cache = await world.cache();
  await world.link.order("refuse");
  await world.exchange.forget();
  for (let isolates = 0; isolates < 14; isolates += 1) {
    const before = cache.entry("/ledger/")?.body.toString();
    edge = await world.edge({ cache, vars: { REFRESH_AFTER_S: "0" } });
    const answer = await edge.get("/mobile-data");
    if (isolates < 12) {
      assert.equal(answer.json.data_source, "bybit_direct");
      await until("the call is noted", () => cache.entry("/ledger/")?.body.toString() !== before);
    } else {
      assert.equal(answer.status, 503);
      assert.equal(answer.json.sources[1].outcome, "withheld_by_colo_budget");
    }
    await edge.stop();
    cache.drop(isSnapshot);
  }
  edge = undefined;
});

test("isolates wait for their colo's turn, and show what a neighbour fetched", async () => {
  cache = await world.cache();
  await world.link.order("refuse");
  await world.exchange.forget();
  let calls = 0;
  const ledger = () => cache.entry("/ledger/")?.body.toString();
  for (let isolates = 0; isolates < 5; isolates += 1) {
    const before = ledger();
    edge = await world.edge({ cache, vars: { ...others(), REFRESH_AFTER_S: "0" } });
    const answer = await edge.get("/mobile-data");
    assert.equal(answer.json.sections.tickers.source, "simulated:bybit");
    assert.equal(answer.json.freshness, "fresh");
    await until("the refresh is over", () => edge.logs().find(({ event }) => event === "refresh"));
    // Counted from zero for each edge.
    const asked = await world.exchange.requests();
    calls += asked["bybit-tickers"];
    // An isolate that ended before its call is noted would leave the next one ignorant of it.
    if (asked["bybit-tickers"] > 0) await until("the call is noted", () => ledger() !== before);
    await until("what was fetched is shared", () => cache.entry("/snapshot/"));
    assert.equal(asked["okx-tickers"] + asked["binance-tickers"], 0, "another market took the place of a healthy one");
    await edge.stop();
  }
  edge = undefined;
  assert.ok(calls >= 1 && calls <= 2, `${calls} calls within ten seconds`);
});

test("isolates that hold nothing share a failure", async () => {
  cache = await world.cache();
  await world.link.order("refuse");
  await world.exchange.fail("bybit-tickers", { kind: "status", status: 503 });
  const first = await world.edge({ cache });
  edge = await world.edge({ cache });
  assert.equal((await first.get("/mobile-data")).status, 503);
  await until("the failure is shared", () => cache.entry("/ledger/")?.body.toString().includes("http_503"));
  await world.exchange.forget();
  const told = await edge.get("/mobile-data");
  await first.stop();
  assert.equal(told.status, 503);
  assert.deepEqual(told.json.sources.slice(0, 2).map(({ outcome }) => outcome), ["connection_failed", "http_503"]);
  assert.equal(await exchangeRequests(world.exchange), 0);
});

test("the way to the exchange is taken without need, and what it brings is compared and not shown", async () => {
  edge = await world.edge({ vars: { DIRECT_EXERCISE_PERCENT: "100" } });
  assert.equal((await edge.get("/mobile-data")).json.data_source, "origin");
  const line = await until("the exercise is told", () => edge.logs().find((line) => line.event === "direct_exercise"));
  assert.equal(line.outcome, "ok");
  for (const figure of ["bitcoin", "ether", "turnover", "contracts"]) assert.ok(line[figure] >= 0 && line[figure] < 0.05, figure);
  assert.equal((await edge.get("/mobile-data")).json.data_source, "origin");
  assert.equal((await world.exchange.requests())["bybit-tickers"], 1);
});

test("an origin that tells another market than the exchange is told by name", async () => {
  await world.exchange.fail("bybit-tickers", { kind: "scale_all", factor: 1.2, fields: "all" });
  edge = await world.edge({ vars: { DIRECT_EXERCISE_PERCENT: "100" } });
  await edge.get("/mobile-data");
  const line = await until("the divergence is told", () => edge.logs().find((line) => line.event === "data_divergence"));
  assert.ok(line.beyond_limits.includes("bitcoin") && line.bitcoin > 0.1, JSON.stringify(line));
});

test("no request of ours may be answered by a cache on the way", async () => {
  const seen = [];
  const server = await startServer((request, response) => {
    seen.push(request.headers);
    response.writeHead(503).end();
  });
  const { url } = world.kept(server);
  edge = await world.edge({ origin: url, bybit: url });
  await edge.get("/mobile-data");
  assert.ok(seen.length >= 2);
  for (const headers of seen) assert.deepEqual([headers["cache-control"], headers.pragma], ["no-cache", "no-cache"]);
});

/** The Worker as wrangler runs it, with a store that all colos share. */
async function startWithStore(vars) {
  const harness = createTestHarness({ root: ROOT, workers: bothWorkers(vars) });
  const { url } = await harness.listen();
  const base = url.href.replace(/\/$/, "");
  const { LAST_GOOD: store } = await harness.getWorker().getEnv();
  return world.kept({
    store,
    get: (at) => get(base + at),
    minute: () => harness.getWorker().scheduled({ cron: "* * * * *" }),
    stop: () => harness.close(),
  });
}

const KEY = "snapshot/1";

test("the cron keeps what is young for all colos, and a cold one falls back on it when everything fails", async () => {
  const good = await startWithStore({ ORIGIN_URL: world.link.url, BYBIT_BASE_URL: world.exchange.url });
  edge = good;
  await good.minute();
  const stored = await good.store.getWithMetadata(KEY);
  assert.ok(stored.value, "nothing was stored");
  const snapshot = JSON.parse(stored.value);
  assert.equal(snapshot.producer, "origin");
  await good.stop();

  edge = await startWithStore({ ORIGIN_URL: NOBODY, BYBIT_BASE_URL: NOBODY });
  await edge.store.put(KEY, stored.value, { metadata: stored.metadata });
  const answer = await edge.get("/mobile-data");
  assert.equal(answer.status, 200);
  assert.equal(answer.json.as_of_ms, snapshot.as_of_ms);
  assert.ok(Number(answer.header("age")) > 0);
  assert.match(answer.header("cache-status"), /^edge; fwd=uri-miss; fwd-status=200; ttl=-?\d+; detail=last-good-store$/);
  assert.match(answer.header("proxy-status"), /next-hop="origin".*next-hop="bybit-direct"/);
});

test("what was tampered with in the store is not shown", async () => {
  edge = await startWithStore({ ORIGIN_URL: world.link.url, BYBIT_BASE_URL: world.exchange.url });
  await edge.minute();
  const { value, metadata } = await edge.store.getWithMetadata(KEY);
  await edge.stop();
  edge = await startWithStore({ ORIGIN_URL: NOBODY, BYBIT_BASE_URL: NOBODY });
  await edge.store.put(KEY, value.replace(/"btc_price":\d/, '"btc_price":9'), { metadata });
  const answer = await edge.get("/mobile-data");
  assert.equal(answer.status, 503);
  const told = answer.json.sources.find(({ name }) => name === "last-good-store");
  assert.equal(told?.outcome, "refused", answer.text);
});

test("the cron never puts older data in the place of younger", async () => {
  edge = await startWithStore({ ORIGIN_URL: world.link.url, BYBIT_BASE_URL: world.exchange.url });
  await edge.minute();
  const first = await edge.store.getWithMetadata(KEY);
  const younger = JSON.parse(first.value).as_of_ms;
  await world.link.order("rewrite", {
    json: (s) => ({ ...s, as_of_ms: s.as_of_ms - 20_000 }),
    headers: (headers) => ({ ...headers, "x-data-as-of": String(Number(headers["x-data-as-of"]) - 20_000) }),
  });
  await world.exchange.fail("bybit", { kind: "status", status: 503 });
  await edge.minute();
  assert.ok(JSON.parse((await edge.store.get(KEY)) ?? "{}").as_of_ms >= younger);
});
