// The colo's cache: it carries data from one isolate to the next, and can do no harm.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { TOLERANCE_MS, exchangeRequests, startCache, startWorld, until } from "./support.mjs";

let world, link, exchange, cache;
let edge;

before(async () => {
  world = await startWorld();
  ({ link, exchange } = world);
});

after(() => world?.stop());

afterEach(async () => {
  await edge?.stop();
  await cache?.stop();
  [edge, cache] = [];
  await world.recover();
});

/** A cache that another isolate has filled, and that isolate's answer. */
async function filledCache() {
  cache = await startCache();
  const other = await world.edge({ cache });
  const answer = await other.get("/mobile-data");
  assert.equal(answer.status, 200);
  await until("the snapshot is stored", () => cache.entry("/snapshot/"));
  await other.stop();
  return answer;
}

async function noSource() {
  await link.order("refuse");
  await exchange.fail("bybit", { kind: "status", status: 503 });
}

function fnv1a(bytes) {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, "0");
}

/** Puts other bytes into the entry, with a seal that fits them. */
function forge(entry, body) {
  entry.body = Buffer.from(body);
  Object.assign(entry.headers, {
    "content-length": String(entry.body.length),
    "x-stored-length": String(entry.body.length),
    "x-stored-fnv1a": fnv1a(entry.body),
  });
}

const changed = (entry, change) => JSON.stringify(change(JSON.parse(entry.body.toString())));

test("a new isolate serves what another one of its colo stored, and asks nobody", async () => {
  const first = await filledCache();
  await noSource();
  edge = await world.edge({ cache });
  const answer = await edge.get("/mobile-data");
  assert.equal(answer.status, 200);
  assert.equal(answer.text, first.text);
  assert.equal(answer.header("etag"), first.header("etag"));
  assert.match(answer.header("cache-status"), /^edge; hit; ttl=\d+$/);
  assert.equal(answer.header("proxy-status"), null);
  assert.equal(link.requests() + (await exchangeRequests(exchange)), 0);
});

test("many clients of a new isolate cause one look into the cache", async () => {
  await filledCache();
  const before = cache.lookups();
  edge = await world.edge({ cache });
  const answers = await Promise.all(Array.from({ length: 40 }, () => edge.get("/mobile-data")));
  assert.ok(answers.every((answer) => answer.status === 200));
  assert.equal(cache.lookups() - before, 1);
  assert.equal(link.requests(), 0);
});

test("a stored entry is sealed, long-lived by its header and judged by its own time", async () => {
  await filledCache();
  const entry = cache.entry("/snapshot/");
  assert.equal(entry.headers["cache-control"], "max-age=172800");
  assert.equal(entry.headers["x-stored-length"], String(entry.body.length));
  assert.equal(entry.headers["x-stored-fnv1a"], fnv1a(entry.body));
  assert.match(entry.headers["x-stored-at"], /^\d{13}$/);
  assert.equal([...cache.entries.keys()].every((key) => key.startsWith("https://market-data-edge.internal/")), true);
});

test("an aging entry is served at once and refreshed behind the answer", async () => {
  await filledCache();
  const entry = cache.entry("/snapshot/");
  forge(entry, changed(entry, (snapshot) => ({ ...snapshot, as_of_ms: snapshot.as_of_ms - 20_000 })));
  await link.order("delay", { ms: 300 });
  edge = await world.edge({ cache });
  const answer = await edge.get("/mobile-data");
  assert.equal(answer.json.freshness, "aging");
  assert.match(answer.header("cache-status"), /^edge; hit; ttl=-\d+$/);
  assert.ok(answer.tookMs < 250, `${answer.tookMs} ms: the answer waited for the refresh`);
  await until("the refresh has brought fresh data", async () => (await edge.get("/mobile-data")).json.freshness === "fresh");
  assert.equal(link.requests(), 1);
});

test("a stale entry is served, marked, when every source fails", async () => {
  await filledCache();
  const entry = cache.entry("/snapshot/");
  forge(entry, changed(entry, (snapshot) => ({ ...snapshot, as_of_ms: snapshot.as_of_ms - 100_000 })));
  await noSource();
  edge = await world.edge({ cache });
  const answer = await edge.get("/mobile-data");
  assert.equal(answer.status, 200);
  assert.equal(answer.json.data_source, "last_known_good");
  assert.equal(answer.header("cache-control"), "no-store");
});

/** [what is wrong, how] */
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
  ["another version", (entry) => forge(entry, changed(entry, (s) => ({ ...s, schema_version: 99 })))],
  ["a price of zero", (entry) => forge(entry, changed(entry, (s) => ({ ...s, overview: { ...s.overview, btc_price: 0 } })))],
  ["a placeholder among the symbols", (entry) =>
    forge(entry, changed(entry, (s) => ({ ...s, scores: s.scores.map((row, i) => (i ? row : { ...row, symbol: "SYSTEM_STATUS" })) })))],
  ["a time in the future", (entry) => forge(entry, changed(entry, (s) => ({ ...s, as_of_ms: s.as_of_ms + 3_600_000 })))],
];

describe("a poisoned entry", () => {
  for (const [what, poison] of POISON) {
    test(`with ${what} is never shown, and is deleted`, async () => {
      await filledCache();
      poison(cache.entry("/snapshot/"));
      await noSource();
      edge = await world.edge({ cache });
      const answer = await edge.get("/mobile-data");
      assert.equal(answer.status, 503, answer.text.slice(0, 200));
      assert.equal(cache.entry("/snapshot/"), undefined, "the entry is still there");
      assert.ok(edge.logs().some((line) => line.event === "cache_entry_refused"));
    });
  }

  test("does not keep the edge from serving the origin's data", async () => {
    await filledCache();
    forge(cache.entry("/snapshot/"), "<html>");
    edge = await world.edge({ cache });
    const answer = await edge.get("/mobile-data");
    assert.equal(answer.json.data_source, "origin");
    await until("the entry is replaced", () => cache.entry("/snapshot/")?.body.toString().startsWith("{"));
  });
});

test("an entry that breaks off is deleted, and the origin is asked", async () => {
  await filledCache();
  cache.order("truncate");
  await noSource();
  edge = await world.edge({ cache });
  assert.equal((await edge.get("/mobile-data")).status, 503);
  assert.equal(cache.entry("/snapshot/"), undefined, "the entry is still there");
});

test("an entry past every limit is not shown", async () => {
  await filledCache();
  const entry = cache.entry("/snapshot/");
  forge(entry, changed(entry, (s) => ({ ...s, as_of_ms: s.as_of_ms - 600_000 })));
  await noSource();
  edge = await world.edge({ cache });
  assert.equal((await edge.get("/mobile-data")).status, 503);
});

for (const order of ["hang", "fail", "hang_put"]) {
  test(`a cache that does "${order}" costs a cold client no more than its deadline`, async () => {
    cache = await startCache();
    cache.order(order);
    edge = await world.edge({ cache });
    const answer = await edge.get("/mobile-data");
    assert.equal(answer.json.data_source, "origin");
    assert.ok(answer.tookMs < 150 + TOLERANCE_MS, `${answer.tookMs} ms`);
  });
}

test("everything hangs, the cache too: the answer still comes within the bound", async () => {
  cache = await startCache();
  cache.order("hang");
  await link.order("hang");
  await exchange.fail("bybit", { kind: "hang" });
  edge = await world.edge({ cache });
  const answer = await edge.get("/mobile-data");
  assert.equal(answer.status, 503);
  assert.ok(answer.tookMs < 1_800 + TOLERANCE_MS, `${answer.tookMs} ms`);
});

test("the list of contracts that one isolate fetched serves the next", async () => {
  cache = await startCache();
  await link.order("refuse");
  const other = await world.edge({ cache });
  assert.equal((await other.get("/mobile-data")).json.data_source, "bybit_direct");
  await until("the list is stored", () => cache.entry("/universe/"));
  await other.stop();
  for (const key of cache.entries.keys()) if (key.includes("/snapshot/")) cache.entries.delete(key);
  edge = await world.edge({ cache });
  assert.equal((await edge.get("/mobile-data")).json.data_source, "bybit_direct");
  const asked = await exchange.requests();
  assert.deepEqual([asked["bybit-tickers"], asked["bybit-instruments"]], [1, 0]);
});

test("a poisoned list of contracts is fetched again", async () => {
  cache = await startCache();
  await link.order("refuse");
  const other = await world.edge({ cache });
  await other.get("/mobile-data");
  await until("the list is stored", () => cache.entry("/universe/"));
  await other.stop();
  for (const key of cache.entries.keys()) if (key.includes("/snapshot/")) cache.entries.delete(key);
  const entry = cache.entry("/universe/");
  forge(entry, changed(entry, (list) => ({ ...list, contracts: { "<script>": 8 } })));
  edge = await world.edge({ cache });
  assert.equal((await edge.get("/mobile-data")).json.data_source, "bybit_direct");
  assert.ok((await exchange.requests())["bybit-instruments"] >= 1);
});
