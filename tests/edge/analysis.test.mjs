// A fully analysed origin behind the edge: what it found out passes through unchanged, and outlives it only with its own time.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import path from "node:path";
import { test } from "node:test";
import {
  ANALYSIS_ROUTES, OF_CONNECTION, ROOT, STREAM_ROUTES, TICKER_ROUTES, assertNotAnalysed, get, maxBodyBytes, startAnalysedOrigin, until, useWorld,
} from "./support.mjs";

const ROUTES = { ...TICKER_ROUTES, ...ANALYSIS_ROUTES };
const DIMENSIONS = ["technical", "volume", "orderflow", "orderbook", "price_structure", "sentiment"];

const world = useWorld({ start: startAnalysedOrigin });

/** One snapshot of the origin, and every body that the origin makes of it. */
async function oneMoment() {
  return until("the origin answers everything from one snapshot", async () => {
    // Compressed bodies have entity tags of their own.
    const ask = (path) => get(`${world.origin.url}${path}`, { headers: { "accept-encoding": "identity" } });
    const before = await ask("/snapshot");
    const bodies = {};
    for (const path of Object.keys(ROUTES)) bodies[path] = await ask(path);
    const after = await ask("/snapshot");
    return before.text === after.text && { snapshot: before, bodies };
  }, { withinMs: 30_000 });
}

/** Makes the origin say this and nothing newer. */
function freeze({ snapshot }) {
  const headers = Object.fromEntries(snapshot.headers);
  for (const name of OF_CONNECTION) delete headers[name];
  return world.link.order("answer", { status: 200, headers, body: snapshot.text });
}

test("these tests know every path that the contract names", async () => {
  const source = await readFile(path.join(ROOT, "shared/src/endpoints/routes.rs"), "utf8");
  const table = /CLIENT_ROUTES: [^=]+= \[([^;]+)\];/.exec(source)[1];
  const paths = [...table.matchAll(/\(\s*"([^"]+)",\s*Endpoint::/g)].map(([, at]) => at);
  assert.deepEqual(Object.keys({ ...ROUTES, ...STREAM_ROUTES }).sort(), paths.sort());
});

test("the edge says of an analysed snapshot what the origin says, to the byte, on every path", async () => {
  const moment = await oneMoment();
  await freeze(moment);
  const edge = await world.edge({ vars: { REFRESH_AFTER_S: "14" } });
  for (const [path, projection] of Object.entries(ROUTES)) {
    const [ours, theirs] = [await edge.get(path), moment.bodies[path]];
    assert.deepEqual([theirs.status, ours.status], [200, 200], path);
    assert.ok(ours.header("etag").endsWith(`-fresh-${projection}"`), path);
    assert.equal(ours.header("etag"), theirs.header("etag"), path);
    assert.equal(ours.text, theirs.text, path);
    assert.ok(ours.text.length < maxBodyBytes(path), path);
  }
  // The origin of these tests uses no streams, and the edge says so in the origin's word.
  for (const path of Object.keys(STREAM_ROUTES)) assertNotAnalysed(await edge.get(path), "streams_off");
  assert.equal(world.link.requests(), 1);
});

test("six-dimension rows pass through with their scores, parts and history", async () => {
  const moment = await oneMoment();
  await freeze(moment);
  const edge = await world.edge({ vars: { REFRESH_AFTER_S: "60", FRESH_S: "61", AGING_S: "62", STALE_S: "63" } });
  const { json } = await edge.get("/mobile-data");
  const told = moment.snapshot.json.scores;
  assert.ok(told.some((row) => row.confluence), "the origin analysed nothing");
  const part = (row, components) => ({
    symbol: row.symbol, score: row.score, score_basis: row.score_basis, reliability: row.reliability,
    score_history: row.score_history, components,
  });
  assert.deepEqual(
    json.confluence_scores.map((row) => part(row, row.components)),
    told.map((row) => part(row, row.confluence?.components ?? null)),
  );
  for (const row of json.confluence_scores) {
    const isAnalysed = row.score_basis === "six_dimension";
    assert.equal(row.has_breakdown, isAnalysed, row.symbol);
    assert.deepEqual(Object.keys(row.components ?? {}), isAnalysed ? DIMENSIONS : [], row.symbol);
  }
  const { json: signals } = await edge.get("/api/dashboard/signals");
  const analysed = json.confluence_scores.filter((row) => row.score_basis === "six_dimension");
  assert.equal(signals.count, analysed.length);
  for (const signal of signals.signals) {
    const row = analysed.find(({ symbol }) => symbol === signal.symbol);
    assert.deepEqual([signal.score, signal.components], [row.score, row.components], signal.symbol);
  }
});

test("after failover beta, charts and alerts keep their own time, and no score is carried over", async () => {
  const cache = await world.cache();
  const alert = { symbol: "ETHUSDT", event: { kind: "score_crossing", zone: "long", score: 71.5 } };
  let told;
  await world.link.order("rewrite", {
    // One alert more than the market may have given, so that there is one to be carried over.
    json: (snapshot) => {
      const at_ms = snapshot.alerts.as_of_ms;
      snapshot.alerts.value.alerts = [{ at_ms, ...alert }];
      told = snapshot;
      return snapshot;
    },
  });
  const edge = await world.edge({ cache, vars: { REFRESH_AFTER_S: "0", FRESH_S: "1" } });
  const [beta, alerts] = [await edge.get("/api/bitcoin-beta/realtime"), await edge.get("/api/dashboard/alerts")];
  assert.deepEqual([beta.status, alerts.status, alerts.json.count], [200, 200, 1]);
  await world.link.order("refuse");
  const direct = await until("the edge goes to the exchange itself", async () => {
    const answer = await edge.get("/mobile-data");
    return answer.json.data_source === "bybit_direct" && answer;
  });
  for (const row of direct.json.confluence_scores) {
    assert.deepEqual([row.score_basis, row.components, row.has_breakdown], ["ticker_momentum", null, false], row.symbol);
  }
  for (const path of Object.keys(TICKER_ROUTES)) assert.equal((await edge.get(path)).status, 200, path);
  for (const path of ["/api/dashboard/signals", "/api/dashboard/opportunities"]) {
    assertNotAnalysed(await edge.get(path), "not_analysed");
  }

  // What the edge holds is what it stores.
  const held = await until("the snapshot is stored", () => {
    const body = cache.entry("/snapshot/")?.body;
    const stored = body && JSON.parse(body);
    return stored?.producer === "bybit_direct" && stored;
  });
  assert.ok(held.as_of_ms > told.as_of_ms);
  for (const name of ["beta", "performance", "alerts"]) {
    assert.equal(held[name].state, "present", name);
    assert.deepEqual([held[name].as_of_ms, held[name].source], [told[name].as_of_ms, told[name].source], name);
    assert.deepEqual(held[name].value, told[name].value, name);
  }
  assert.ok(held.scores.every((row) => row.confluence === null && row.score_basis === "ticker_momentum"));

  const later = await edge.get("/api/bitcoin-beta/realtime");
  assert.deepEqual([later.status, later.json.data_source], [200, "bybit_direct"]);
  assert.equal(later.json.beta_as_of_ms, told.beta.as_of_ms);
  assert.ok(later.json.as_of_ms > told.as_of_ms);
  const figures = ({ last_price, change_24h, ...rest }) => rest;
  assert.deepEqual(later.json.symbols.map(figures), beta.json.symbols.map(figures));
  const kept = await edge.get("/api/dashboard/alerts");
  assert.deepEqual([kept.status, kept.json.data_source], [200, "bybit_direct"]);
  assert.deepEqual(kept.json.alerts, alerts.json.alerts, "an alert was made younger than it is");
  assert.equal(kept.json.alerts[0].timestamp, told.alerts.as_of_ms);
  assert.equal(kept.json.alerts_as_of_ms, told.alerts.as_of_ms);
});

test("sections past their own limit are not carried over, and say so", async () => {
  const [day, hour] = [24 * 3_600_000, 3_600_000];
  await world.link.order("rewrite", {
    // Just within its limits when the origin tells it, and past them a moment later.
    json: (snapshot) => {
      snapshot.beta.as_of_ms = snapshot.generated_at_ms - day + 2_500;
      snapshot.alerts.as_of_ms = snapshot.generated_at_ms - hour + 2_500;
      snapshot.alerts.value.alerts = [];
      return snapshot;
    },
  });
  const edge = await world.edge({ vars: { REFRESH_AFTER_S: "1", FRESH_S: "4" } });
  const first = await edge.get("/mobile-data");
  assert.equal(first.json.data_source, "origin");
  await world.link.order("refuse");
  await until("the sections are past their limits", async () => {
    const answer = await edge.get("/mobile-data");
    return answer.json.data_source === "bybit_direct" && answer.json.as_of_ms > first.json.as_of_ms + 4_000;
  }, { withinMs: 30_000 });
  assertNotAnalysed(await edge.get("/api/bitcoin-beta/realtime"), "too_old");
  assertNotAnalysed(await edge.get("/api/dashboard/alerts"), "too_old");
  assert.equal((await edge.get("/mobile-data")).status, 200);
});

test("a broken analysis is refused with the whole answer, and the edge helps itself", async () => {
  await world.link.order("rewrite", {
    json: (snapshot) => {
      // A confluence score beside which another one is shown.
      const row = snapshot.scores.find((row) => row.confluence);
      row.score = row.score > 50 ? row.score - 20 : row.score + 20;
      return snapshot;
    },
  });
  const edge = await world.edge();
  const answer = await edge.get("/mobile-data");
  assert.equal(answer.status, 200);
  assert.equal(answer.json.data_source, "bybit_direct");
  assertNotAnalysed(await edge.get("/api/dashboard/signals"), "not_analysed");
});

test("a slow origin's full answer takes the place of the quick table, which never takes its place", async () => {
  await world.link.order("delay", { ms: 250 });
  const edge = await world.edge({ vars: { REFRESH_AFTER_S: "0", FRESH_S: "30", HEDGE_AFTER_MS: "30" } });
  const first = await edge.get("/mobile-data");
  assert.equal(first.json.data_source, "bybit_direct");
  assert.ok(first.json.degraded.includes("origin_slow"), first.json.degraded);
  assert.ok(first.json.confluence_scores.every(({ has_breakdown }) => !has_breakdown));
  await until("the origin's answer is there", async () => (await edge.get("/mobile-data")).json.data_source === "origin");
  const isHedged = ({ event, hedged }) => event === "refresh" && hedged;
  const before = edge.logs().filter(isHedged).length;
  await until("Bybit was quicker again", async () => {
    assert.equal((await edge.get("/mobile-data")).json.data_source, "origin", "a table took a full answer's place");
    return edge.logs().filter(isHedged).length > before;
  }, { withinMs: 30_000 });
  assert.equal((await edge.get("/mobile-data")).json.data_source, "origin");
});
