// What an operator sees: counts behind a token, one line per answer that was not simply held, a name for each request.

import assert from "node:assert/strict";
import { test } from "node:test";
import { firstData, startLink, STILL_LIMITS, until, useWorld } from "./support.mjs";

const TOKEN = "a-token-of-the-tests";
const BEARER = { headers: { authorization: `Bearer ${TOKEN}` } };
const STILL = { ...STILL_LIMITS, METRICS_TOKEN: TOKEN };

const world = useWorld();
let edge;

/** The samples of the page by name and labels. */
async function samples() {
  const page = await edge.get("/metrics", BEARER);
  assert.equal(page.status, 200);
  assert.equal(page.header("content-type"), "text/plain; version=0.0.4; charset=utf-8");
  assert.equal(page.header("cache-control"), "no-store");
  const lines = page.text.split("\n").filter((line) => line && !line.startsWith("#"));
  return Object.fromEntries(lines.map((line) => {
    const [, name, value] = /^([a-z_]+(?:\{[^}]*\})?) ([-\d.e+]+)$/.exec(line) ?? assert.fail(`no sample: ${line}`);
    return [name, Number(value)];
  }));
}

/** The counts that grew, and by how much. */
const grown = (before, after) =>
  Object.fromEntries(Object.entries(after).map(([name, value]) => [name, value - (before[name] ?? 0)]).filter(([, by]) => by));

test("without a token there is no page, and none but its bearer sees it", async () => {
  edge = await world.edge({ vars: { ...STILL, METRICS_TOKEN: undefined } });
  assert.equal((await edge.get("/metrics", BEARER)).status, 404);
  await edge.stop();
  edge = await world.edge({ vars: { ...STILL, METRICS_TOKEN: "" } });
  assert.equal((await edge.get("/metrics", { headers: { authorization: "Bearer " } })).status, 404);
  await edge.stop();
  edge = await world.edge({ vars: STILL });
  for (const authorization of [undefined, "", "Bearer", "Bearer x", `Basic ${TOKEN}`, TOKEN, `Bearer ${TOKEN}x`]) {
    const answer = await edge.get("/metrics", { headers: authorization === undefined ? {} : { authorization } });
    assert.equal(answer.status, 401, authorization);
    assert.equal(answer.header("www-authenticate"), 'Bearer realm="metrics"');
    assert.equal(answer.header("content-type"), "application/problem+json");
    assert.equal(answer.header("cache-control"), "no-store");
    assert.ok(!answer.text.includes("edge_"), "a figure was told");
  }
  assert.equal(world.link.requests(), 0);
});

test("answers are counted by state and source", async () => {
  edge = await world.edge({ vars: STILL });
  const source = (await firstData(edge)).header("x-data-source");
  const before = await samples();
  for (let count = 0; count < 3; count += 1) await edge.get("/mobile-data");
  await edge.get("/nothing-here");
  await edge.get("/api/dashboard/alerts/recent?limit=0");
  const { edge_snapshot_age_seconds: aged, ...counts } = grown(before, await samples());
  assert.deepEqual(counts, {
    [`edge_answers_total{state="hit",source="${source}"}`]: 3,
    'edge_answers_total{state="refused",source="none"}': 2,
  });
  assert.ok(aged >= 0);
  assert.equal(before[`edge_refreshes_total{via="${source.replace("_", "-")}"}`], 1);
  assert.equal(before['edge_events_total{event="cache_refused"}'], 0);
  assert.ok(before.edge_snapshot_age_seconds >= 0 && before.edge_snapshot_age_seconds < 60);
  assert.ok(before.edge_snapshot_quality_score > 0.5);
  assert.ok(before.edge_wasm_memory_bytes > 65_536);
});

test("a failover and its reason are counted, and so is serving nothing", async () => {
  await world.link.order("refuse");
  edge = await world.edge({ vars: { METRICS_TOKEN: TOKEN } });
  await firstData(edge);
  let counts = await samples();
  assert.ok(counts['edge_answers_total{state="direct",source="bybit_direct"}'] >= 1);
  assert.ok(counts['edge_source_requests_total{source="origin",outcome="connection_failed"}'] >= 1);
  assert.ok(counts['edge_source_requests_total{source="bybit-direct",outcome="ok"}'] >= 1);
  await edge.stop();
  await world.exchange.fail("bybit", { kind: "status", status: 503 });
  edge = await world.edge({ vars: { METRICS_TOKEN: TOKEN } });
  assert.equal((await edge.get("/mobile-data")).status, 503);
  counts = await samples();
  assert.equal(counts['edge_answers_total{state="unavailable",source="none"}'], 1);
  assert.equal(counts['edge_refreshes_total{via="failed"}'], 1);
});

const requestLine = () => until("the line is written", () => edge.logs().find((line) => line.event === "request"));

test("an answer that was not simply held writes one line with its state, and a hit writes none", async () => {
  edge = await world.edge({ vars: STILL });
  const first = await edge.get("/mobile-data", { headers: { "x-request-id": "client-chosen.1" } });
  const line = await requestLine();
  // On a busy machine the origin may be late, and another state is the true one.
  const states = { origin: "origin", bybit_direct: "direct" };
  const source = first.header("x-data-source") ?? "none";
  assert.deepEqual(
    [line.request_id, line.target, line.state, line.status, line.source, line.cache_status],
    ["client-chosen.1", "mobile-data", states[source] ?? "unavailable", first.status, source, first.header("cache-status")],
  );
  await firstData(edge);
  const lines = () => edge.logs().filter((line) => line.event === "request").length;
  const before = lines();
  for (let count = 0; count < 5; count += 1) await edge.get("/mobile-data");
  await edge.get("/nothing-here");
  assert.equal(lines(), before);
});

test("a state that calls for somebody is named, and the client is told the request's name", async () => {
  await world.link.order("refuse");
  await world.exchange.fail("bybit", { kind: "status", status: 503 });
  edge = await world.edge();
  const answer = await edge.get("/mobile-data");
  const line = await requestLine();
  assert.deepEqual([answer.status, line.state, line.alert], [503, "unavailable", "serving_nothing"]);
  assert.match(line.request_id, /^[0-9a-f-]{36}$/);
  assert.equal(answer.header("x-request-id"), line.request_id);
});

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

test("a refresh goes by the name of the request that leads it, at the origin and in its line, and at no exchange", async () => {
  const exchange = world.kept(await startLink(world.exchange.url));
  await world.link.order("answer", { status: 503 });
  for (const [claimed, name] of [["leader-1", /^leader-1$/], ["a b", UUID], ["x".repeat(65), UUID]]) {
    exchange.forget();
    edge = await world.edge({ bybit: exchange.url });
    await edge.get("/mobile-data", { headers: { "x-request-id": claimed } });
    const refresh = await until("the refresh is told", () => edge.logs().find((line) => line.event === "refresh"));
    assert.match(refresh.request_id, name, claimed);
    assert.equal((await requestLine()).request_id, refresh.request_id);
    assert.deepEqual(world.link.names(), [refresh.request_id]);
    assert.ok(exchange.names().length > 0);
    assert.deepEqual(exchange.names().filter((told) => told !== undefined), [], "the exchange learnt a client's name");
  }
});

test("a name that could do harm is replaced", async () => {
  await world.link.order("refuse");
  await world.exchange.fail("bybit", { kind: "status", status: 503 });
  edge = await world.edge();
  for (const claimed of ["a b", '"x"', "<script>", "é", "x".repeat(65), ""]) {
    const answer = await edge.get("/mobile-data", { headers: { "x-request-id": claimed } });
    assert.match(answer.header("x-request-id"), /^[0-9a-f-]{36}$/, claimed);
  }
  const kept = await edge.get("/mobile-data", { headers: { "x-request-id": "ok-1" } });
  assert.equal(kept.header("x-request-id"), "ok-1");
});

test("an outage costs no more lines the more clients there are, and none goes uncounted", async () => {
  await world.link.order("refuse");
  await world.exchange.fail("bybit", { kind: "status", status: 503 });
  edge = await world.edge({ vars: { METRICS_TOKEN: TOKEN } });
  const began = performance.now();
  for (let round = 0; round < 10; round += 1) {
    const answers = await Promise.all(Array.from({ length: 30 }, () => edge.get("/mobile-data")));
    for (const { status } of answers) assert.equal(status, 503);
  }
  const windows = Math.ceil((performance.now() - began) / 10_000) + 1;
  const counts = await samples();
  const answered = counts['edge_answers_total{state="unavailable",source="none"}'];
  const leftOut = counts['edge_events_total{event="answer_left_out"}'];
  assert.equal(answered, 300);
  const lines = await until("the lines are there", () => {
    const found = edge.logs().filter(({ event, state }) => event === "request" && state === "unavailable");
    return found.length === answered - leftOut && found;
  });
  assert.ok(lines.length <= 10 * windows, `${lines.length} lines in ${windows} windows`);
});
