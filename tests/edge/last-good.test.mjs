// Every source fails: what was held is shown and marked while it may be, and refused after; nothing is made up.

import assert from "node:assert/strict";
import { test } from "node:test";
import { TOLERANCE_MS, exchangeRequests, until, useWorld } from "./support.mjs";

const world = useWorld();

async function everythingFails() {
  await world.link.order("refuse");
  await world.exchange.fail("bybit-tickers", { kind: "status", status: 503 });
}

test("held data is served marked stale, kept by no cache, and says why", async () => {
  const edge = await world.edge({ vars: { REFRESH_AFTER_S: "0", FRESH_S: "1", AGING_S: "2", STALE_S: "60" } });
  const fresh = await edge.get("/mobile-data");
  assert.equal(fresh.json.data_source, "origin");
  await everythingFails();
  const seen = new Set();
  let waited;
  const stale = await until("held data is stale", async () => {
    const answer = await edge.get("/mobile-data");
    assert.equal(answer.status, 200);
    assert.equal(answer.json.as_of_ms, fresh.json.as_of_ms);
    seen.add(answer.json.freshness);
    if (answer.json.freshness !== "stale") return false;
    if (/fwd=stale/.test(answer.header("cache-status"))) waited = answer;
    return waited && answer;
  });
  assert.ok(seen.has("aging"), "data went from fresh to stale at once");
  for (const answer of [stale, waited]) {
    assert.equal(answer.header("cache-control"), "no-store");
    assert.equal(answer.json.freshness, "stale");
    assert.equal(answer.json.data_source, "last_known_good");
    assert.equal(answer.header("x-data-source"), "last_known_good");
    assert.equal(answer.header("x-data-freshness"), "stale");
    assert.ok(answer.json.degraded.includes("data_stale"));
    assert.ok(Number(answer.header("age")) >= 2);
    assert.ok(answer.header("etag").includes("-stale-"));
    assert.match(answer.header("proxy-status"), /next-hop="origin"; details="connection_failed", edge; .*next-hop="bybit-direct"/);
  }
  assert.match(waited.header("cache-status"), /^edge; fwd=stale; (fwd-status=503; )?(collapsed; )?ttl=-\d+; detail=stale-if-error$/);
  const again = await edge.get("/mobile-data");
  assert.match(again.header("cache-status"), /^edge; (hit; ttl=-\d+; detail=refresh-failed|fwd=stale; .*detail=stale-if-error)$/);
  const health = await edge.get("/health");
  assert.equal(health.status, 200);
  assert.equal(health.json.status, "stale");
  assert.equal(health.header("cache-control"), "no-store");
});

test("held data past the last limit is refused, and the problem says how old it is", async () => {
  const edge = await world.edge({ vars: { REFRESH_AFTER_S: "0", FRESH_S: "1", AGING_S: "2", STALE_S: "3" } });
  const fresh = await edge.get("/mobile-data");
  await everythingFails();
  const answer = await until("held data is too old", async () => {
    const answer = await edge.get("/mobile-data");
    return answer.status === 503 && answer;
  });
  const last = answer.json.sources.at(-1);
  assert.deepEqual([last.name, last.outcome, last.as_of_ms], ["edge-last-good", "too_old", fresh.json.as_of_ms]);
  assert.equal((await edge.get("/health")).status, 503);
});

test("with nothing held the answer is a problem that names every source, and the next ones come at once", async () => {
  await everythingFails();
  const edge = await world.edge();
  const first = await edge.get("/mobile-data");
  assert.equal(first.status, 503);
  assert.equal(first.header("content-type"), "application/problem+json");
  assert.equal(first.header("cache-control"), "no-store");
  assert.equal(first.header("cache-status"), null);
  assert.equal(first.header("access-control-allow-origin"), "*");
  assert.match(first.header("retry-after"), /^([3-9]|10)$/);
  assert.equal(first.json.retry_after, Number(first.header("retry-after")));
  assert.equal(first.json.status, 503);
  assert.equal(first.json.type, "urn:market-data:problem:no-valid-data");
  assert.deepEqual(
    first.json.sources.map(({ name, outcome }) => [name, outcome]),
    [["origin", "connection_failed"], ["bybit-direct", "http_503"], ["edge-last-good", "empty"]],
  );
  assert.ok(!("confluence_scores" in first.json), "an error in the shape of data");

  const asked = await exchangeRequests(world.exchange);
  const next = await Promise.all(["/mobile-data", "/api/dashboard/symbols", "/health"].map((path) => edge.get(path)));
  for (const answer of next) {
    assert.equal(answer.status, 503);
    assert.deepEqual(answer.json.sources, first.json.sources);
    assert.ok(answer.tookMs < 60 + TOLERANCE_MS, `${answer.tookMs} ms`);
  }
  assert.equal(await exchangeRequests(world.exchange), asked, "a failure was not shared");
  const head = await edge.get("/mobile-data", { method: "HEAD" });
  assert.deepEqual([head.status, head.text], [503, ""]);
});

test("while everything fails the sources are asked once per two seconds at most", async () => {
  await world.link.order("answer", { status: 503 });
  await world.exchange.fail("bybit-tickers", { kind: "status", status: 503 });
  const edge = await world.edge();
  const began = performance.now();
  let answered = 0;
  while (performance.now() - began < 3_000) {
    assert.equal((await edge.get("/mobile-data")).status, 503);
    answered += 1;
  }
  assert.ok(answered > 100, `${answered} answers`);
  assert.ok(world.link.requests() <= 2, `${world.link.requests()} requests to the origin`);
  assert.ok((await world.exchange.requests())["bybit-tickers"] <= 2);
});

test("an edge that had nothing serves data as soon as a source answers, without a restart", async () => {
  await everythingFails();
  const edge = await world.edge();
  assert.equal((await edge.get("/mobile-data")).status, 503);
  await world.recover();
  const answer = await until("data is served", async () => {
    const answer = await edge.get("/mobile-data");
    return answer.status === 200 && answer;
  });
  assert.equal(answer.json.data_source, "origin");
});

test("stale data is replaced as soon as a source answers", async () => {
  const edge = await world.edge({ vars: { REFRESH_AFTER_S: "0", FRESH_S: "1", AGING_S: "2", STALE_S: "60" } });
  await edge.get("/mobile-data");
  await everythingFails();
  await until("held data is stale", async () => (await edge.get("/mobile-data")).json.freshness === "stale");
  await world.exchange.recover();
  const answer = await until("data is fresh", async () => {
    const answer = await edge.get("/mobile-data");
    assert.equal(answer.status, 200);
    return answer.json.freshness === "fresh" && answer;
  });
  assert.equal(answer.json.data_source, "bybit_direct");
});

test("old data of the origin is shown rather than none, marked as what it is", async () => {
  await world.link.order("rewrite", {
    json: (snapshot) => ({ ...snapshot, as_of_ms: snapshot.as_of_ms - 100_000 }),
    headers: (headers) => ({ ...headers, "x-data-as-of": String(Number(headers["x-data-as-of"]) - 100_000) }),
  });
  await world.exchange.fail("bybit-tickers", { kind: "status", status: 503 });
  const edge = await world.edge();
  const answer = await edge.get("/mobile-data");
  assert.equal(answer.status, 200);
  assert.equal(answer.json.freshness, "stale");
  assert.equal(answer.json.data_source, "last_known_good");
  assert.equal(answer.header("cache-control"), "no-store");
  assert.ok(Number(answer.header("age")) >= 100);
  assert.match(answer.header("cache-status"), /^edge; fwd=uri-miss; fwd-status=200; ttl=-\d+; detail=stale-if-error$/);
  assert.match(answer.header("proxy-status"), /next-hop="origin"; received-status=200; details="stale"/);
});
