// The bodies of one contract, one chart and the newest alerts: the same at the edge as at the origin, through the same ladder.

import assert from "node:assert/strict";
import { test } from "node:test";
import { assertNotAnalysed, exchangeRequests, firstData, get, startAnalysedOrigin, STILL_LIMITS, until, useWorld } from "./support.mjs";

const TIMEFRAMES = ["0.25", "0.5", "1", "4", "8", "12", "24"];
const ANALYSIS = "/api/dashboard/confluence-analysis/";
const BREAKDOWN = "/api/dashboard/confluence/breakdown/";
const RECENT = "/api/dashboard/alerts/recent";
const CHART = "/api/dashboard/beta-chart";

const world = useWorld({ start: startAnalysedOrigin });
let edge;

/** One snapshot of the origin and what it says to each of `paths`, made the only thing that the link says. */
async function freeze(paths) {
  const moment = await until("the origin answers everything from one snapshot", async () => {
    const ask = (path) => get(`${world.origin.url}${path}`, { headers: { "accept-encoding": "identity" } });
    const snapshot = await ask("/snapshot");
    const bodies = {};
    for (const path of paths(snapshot.json)) bodies[path] = await ask(path);
    return (await ask("/snapshot")).text === snapshot.text && { snapshot, bodies };
  }, { withinMs: 30_000 });
  const headers = Object.fromEntries(moment.snapshot.headers);
  for (const name of ["connection", "keep-alive", "transfer-encoding", "content-length"]) delete headers[name];
  await world.link.order("answer", { status: 200, headers, body: moment.snapshot.text });
  return moment;
}

const analysed = (snapshot) => snapshot.scores.filter((row) => row.confluence).map((row) => row.symbol);

test("each body is the origin's to the byte, and costs one request for all of them", async () => {
  const moment = await freeze((snapshot) => [
    ...analysed(snapshot).slice(0, 5).flatMap((symbol) => [ANALYSIS + symbol, BREAKDOWN + symbol]),
    RECENT, `${RECENT}?limit=1`, `${RECENT}?limit=100`, CHART, ...TIMEFRAMES.map((hours) => `${CHART}?timeframe=${hours}`),
  ]);
  edge = await world.edge({ vars: STILL_LIMITS });
  for (const [path, theirs] of Object.entries(moment.bodies)) {
    const ours = await edge.get(path);
    assert.deepEqual([theirs.status, ours.status], [200, 200], path);
    assert.equal(ours.text, theirs.text, path);
    assert.equal(ours.header("etag"), theirs.header("etag"), path);
    assert.equal(ours.header("cache-control"), theirs.header("cache-control"), path);
    const unchanged = await edge.get(path, { headers: { "if-none-match": ours.header("etag") } });
    assert.deepEqual([unchanged.status, unchanged.text], [304, ""], path);
    assert.equal(unchanged.header("etag"), ours.header("etag"), path);
    const head = await edge.get(path, { method: "HEAD" });
    assert.deepEqual([head.status, head.text, head.header("content-length")], [200, "", String(Buffer.byteLength(ours.text))]);
  }
  const etags = Object.values(moment.bodies).map((body) => body.header("etag"));
  // The default limit and timeframe are asked for twice, by name and without.
  assert.equal(new Set(etags).size, etags.length - 1, "two bodies share a tag");
  assert.equal(world.link.requests(), 1);
});

test("a symbol outside ASCII is found under its written form", async () => {
  await freeze(() => []);
  edge = await world.edge({ vars: STILL_LIMITS });
  const { json } = await firstData(edge);
  for (const row of json.confluence_scores.filter((row) => row.has_breakdown)) {
    const answer = await edge.get(BREAKDOWN + encodeURIComponent(row.symbol));
    assert.deepEqual([answer.status, answer.json.data.symbol], [200, row.symbol]);
    assert.match(answer.header("etag"), /^W\/"[\x21\x23-\x7e]+"$/);
  }
});

test("what is not monitored is 404 and what is asked for wrongly is 400, whatever the state of the data, and neither costs anything", async () => {
  await freeze(() => []);
  edge = await world.edge({ vars: STILL_LIMITS });
  const check = async (path, status) => {
    const answer = await edge.get(path);
    assert.equal(answer.status, status, path);
    assert.equal(answer.header("content-type"), "application/problem+json", path);
    assert.equal(answer.header("cache-control"), "no-store", path);
    for (const absent of ["cache-status", "etag", "age", "x-data-as-of"]) assert.equal(answer.header(absent), null, path);
    assert.match(answer.header("x-request-id"), /^[\w.-]{1,64}$/);
    assert.ok(!answer.text.includes("script"), "the path is echoed");
  };
  await firstData(edge);
  world.link.forget();
  for (const prefix of [ANALYSIS, BREAKDOWN]) {
    for (const symbol of ["NOSUCHUSDT", "BTC", "btcusdt", "1000XUSDT"]) await check(prefix + symbol, 404);
  }
  assert.equal(world.link.requests(), 0);
});

test("a path or parameter that cannot be is refused by an edge that holds nothing, without asking anybody", async () => {
  edge = await world.edge({ vars: STILL_LIMITS });
  const long = "A".repeat(500);
  for (const symbol of ["", "SYSTEM_STATUS", "%3Cscript%3E", "%ff", "%00", "BTCUSDT%2f..", "BTCUSDT/", "*", long]) {
    for (const prefix of [ANALYSIS, BREAKDOWN]) assert.equal((await edge.get(prefix + symbol)).status, 404, symbol);
  }
  for (const limit of ["0", "-1", "abc", "101", "", "1.0", "%31", "99999999999999999999999"]) {
    const answer = await edge.get(`${RECENT}?limit=${limit}`);
    assert.deepEqual([answer.status, answer.json.status], [400, 400], limit);
    assert.match(answer.json.detail, /^limit is a whole number from 1 to 100\.$/);
  }
  for (const timeframe of ["", "2", "24h", "-1", "NaN"]) {
    assert.equal((await edge.get(`${CHART}?timeframe=${timeframe}`)).status, 400, timeframe);
  }
  assert.equal((await edge.get(`${RECENT}?limit=0`, { method: "POST" })).status, 405);
  assert.equal(world.link.requests() + (await exchangeRequests(world.exchange)), 0, "a refused request asked a source");
});

test("queries that mean nothing are ignored", async () => {
  await freeze(() => []);
  edge = await world.edge({ vars: STILL_LIMITS });
  await firstData(edge);
  world.link.forget();
  const plain = await edge.get(RECENT);
  for (const query of ["?t=1", "?limit", "?Limit=5", "?timeframe=2", "?&&=", `?${"a".repeat(4_000)}`]) {
    const answer = await edge.get(RECENT + query);
    assert.deepEqual([answer.status, answer.text, answer.header("etag")], [200, plain.text, plain.header("etag")], query);
  }
  assert.equal(world.link.requests(), 0);
});

test("an edge that went to the exchange itself says that it has no analysis, and of an unknown contract that there is none", async () => {
  await world.link.order("refuse");
  edge = await world.edge();
  const { json } = await firstData(edge);
  const [{ symbol }] = json.confluence_scores;
  for (const prefix of [ANALYSIS, BREAKDOWN]) {
    assertNotAnalysed(await edge.get(prefix + symbol), "not_analysed");
    assert.equal((await edge.get(`${prefix}NOSUCHUSDT`)).status, 404);
  }
  assertNotAnalysed(await edge.get(RECENT), "not_collected_at_edge");
  assertNotAnalysed(await edge.get(CHART), "not_collected_at_edge");
});

test("live says that the Worker answers, ready whether clients should be sent to it", async () => {
  await world.link.order("refuse");
  await world.exchange.fail("bybit", { kind: "status", status: 503 });
  edge = await world.edge();
  const dead = await edge.get("/health/live");
  assert.deepEqual([dead.status, dead.json, dead.header("cache-control")], [200, { status: "alive", build: null }, "no-store"]);
  const unready = await edge.get("/health/ready");
  assert.deepEqual([unready.status, unready.header("content-type")], [503, "application/problem+json"]);
  await world.recover();
  const ready = await until("the edge has data", async () => {
    const answer = await edge.get("/health/ready");
    return answer.status === 200 && answer;
  });
  assert.deepEqual([ready.json.ready, ready.json.status, ready.header("cache-control")], [true, "fresh", "no-store"]);
});
