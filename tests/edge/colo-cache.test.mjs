// The colo's cache: it carries data from one isolate to the next, and can do no harm.

import assert from "node:assert/strict";
import { test } from "node:test";
import { exchangeRequests, isSnapshot, rewrite, sealOf, until, useWorld } from "./support.mjs";

const world = useWorld();

/** A cache that another isolate has filled, its snapshot's entry, and that isolate's answer. */
async function filledCache() {
  const cache = await world.cache();
  const other = await world.edge({ cache });
  const answer = await other.get("/mobile-data");
  assert.equal(answer.status, 200);
  await until("the snapshot is stored", () => cache.entry("/snapshot/"));
  await other.stop();
  return { cache, entry: cache.entry("/snapshot/"), answer };
}

async function noSource() {
  await world.link.order("refuse");
  await world.exchange.fail("bybit", { kind: "status", status: 503 });
}

test("a new isolate serves what another one of its colo stored, and asks nobody", async () => {
  const { cache, answer: first } = await filledCache();
  await noSource();
  const edge = await world.edge({ cache });
  const answer = await edge.get("/mobile-data");
  assert.equal(answer.status, 200);
  assert.equal(answer.text, first.text);
  assert.equal(answer.header("etag"), first.header("etag"));
  assert.match(answer.header("cache-status"), /^edge; hit; ttl=\d+$/);
  assert.equal(answer.header("proxy-status"), null);
  assert.equal(world.link.requests() + (await exchangeRequests(world.exchange)), 0);
});

test("many clients of a new isolate cause one look into the cache", async () => {
  const { cache } = await filledCache();
  const before = cache.lookups();
  const edge = await world.edge({ cache });
  const answers = await Promise.all(Array.from({ length: 40 }, () => edge.get("/mobile-data")));
  assert.ok(answers.every((answer) => answer.status === 200));
  assert.equal(cache.lookups() - before, 1);
  assert.equal(world.link.requests(), 0);
});

test("a stored entry is sealed, long-lived by its header and judged by its own time", async () => {
  const { cache, entry } = await filledCache();
  assert.equal(entry.headers["cache-control"], "max-age=172800");
  for (const [name, value] of Object.entries(sealOf(entry.body))) assert.equal(entry.headers[name], value, name);
  assert.match(entry.headers["x-stored-at"], /^\d{13}$/);
  assert.equal([...cache.entries.keys()].every((key) => key.startsWith("https://market-data-edge.internal/")), true);
});

const agingEntry = (entry) => rewrite(entry, (snapshot) => ({ ...snapshot, as_of_ms: snapshot.as_of_ms - 20_000 }));

test("where an aging entry lies, the first answer is a refresh's, if one comes in a moment", async () => {
  const { cache, entry } = await filledCache();
  agingEntry(entry);
  await world.link.order("delay", { ms: 50 });
  const edge = await world.edge({ cache, vars: { FIRST_WAIT_MS: "1800" } });
  const answer = await edge.get("/mobile-data");
  assert.equal(answer.json.freshness, "fresh");
  assert.match(answer.header("cache-status"), /edge; fwd=stale; fwd-status=200; stored/);
});

test("an aging entry is served, marked, when nothing younger comes in a moment, and replaced behind the answer", async () => {
  const { cache, entry } = await filledCache();
  agingEntry(entry);
  await world.link.order("hang");
  await world.exchange.fail("bybit", { kind: "hang" });
  const edge = await world.edge({ cache });
  const answer = await edge.get("/mobile-data");
  assert.equal(answer.json.freshness, "aging");
  assert.match(answer.header("cache-status"), /^edge; hit; ttl=-\d+$/);
  await world.recover();
  await until("a refresh has brought fresh data", async () => (await edge.get("/mobile-data")).json.freshness === "fresh");
});

test("a stale entry is served, marked, when every source fails", async () => {
  const { cache, entry } = await filledCache();
  rewrite(entry, (snapshot) => ({ ...snapshot, as_of_ms: snapshot.as_of_ms - 100_000 }));
  await noSource();
  const edge = await world.edge({ cache });
  const answer = await edge.get("/mobile-data");
  assert.equal(answer.status, 200);
  assert.equal(answer.json.data_source, "last_known_good");
  assert.equal(answer.header("cache-control"), "no-store");
});

/** A cache that holds the list of contracts that an isolate without an origin has fetched, and no snapshot. */
async function cacheWithList() {
  const cache = await world.cache();
  await world.link.order("refuse");
  const other = await world.edge({ cache });
  assert.equal((await other.get("/mobile-data")).json.data_source, "bybit_direct");
  await until("the list is stored", () => cache.entry("/universe/"));
  await other.stop();
  cache.drop(isSnapshot);
  return cache;
}

test("the list of contracts that one isolate fetched serves the next", async () => {
  const cache = await cacheWithList();
  const edge = await world.edge({ cache });
  assert.equal((await edge.get("/mobile-data")).json.data_source, "bybit_direct");
  const asked = await world.exchange.requests();
  assert.deepEqual([asked["bybit-tickers"], asked["bybit-instruments"]], [1, 0]);
});

test("a poisoned list of contracts is fetched again", async () => {
  const cache = await cacheWithList();
  const entry = cache.entry("/universe/");
  rewrite(entry, (list) => ({ ...list, contracts: { "<script>": 8 } }));
  const edge = await world.edge({ cache });
  assert.equal((await edge.get("/mobile-data")).json.data_source, "bybit_direct");
  assert.ok((await world.exchange.requests())["bybit-instruments"] >= 1);
});

/** A cold edge, on its own, that found an old list of contracts in its colo's cache and has asked for a new one. */
async function renewing(change) {
  const cache = await cacheWithList();
  const entry = cache.entry("/universe/");
  const twoHoursOld = (list) => ({ ...list, as_of_ms: list.as_of_ms - 2 * 3_600_000, contracts: change(list.contracts) });
  rewrite(entry, twoHoursOld);
  const list = () => JSON.parse(cache.entry("/universe/").body.toString());
  const old = list();
  const edge = await world.edge({ cache });
  assert.equal((await edge.get("/mobile-data")).json.data_source, "bybit_direct");
  return { edge, old, list };
}

test("a new list that lacks contracts of the one before is not believed", async () => {
  const { edge, old, list } = await renewing((contracts) => ({ ...contracts, GONEUSDT: null }));
  const line = await until("it is told", () => edge.logs().find(({ event }) => event === "universe_not_renewed"));
  assert.match(line.reason, /^1 of \d+ contracts are not in the new list of \d+/);
  assert.deepEqual(list(), old, "the list before did not stay");
});

test("a new list that lacks nothing takes the place of the one before", async () => {
  const { old, list } = await renewing(({ SOLUSDT, ...contracts }) => contracts);
  await until("the new list is stored", () => list().as_of_ms > old.as_of_ms);
  assert.ok("SOLUSDT" in list().contracts);
});
