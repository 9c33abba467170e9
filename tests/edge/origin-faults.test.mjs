// The origin fails in every way it can: clients get Bybit's own data within the bound, and are told why.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { TOLERANCE_MS, assertSound, startWorld, until } from "./support.mjs";

const JSON_TYPE = { "content-type": "application/json" };
const MINUTE = 60_000;

let world, link, exchange;

before(async () => {
  world = await startWorld();
  ({ link, exchange } = world);
});

after(() => world?.stop());

const hourAhead = (snapshot) => ({ ...snapshot, as_of_ms: snapshot.as_of_ms + 60 * MINUTE });
const tenMinutesOld = (snapshot) => ({ ...snapshot, as_of_ms: snapshot.as_of_ms - 10 * MINUTE });
const without = (name) => (headers) => Object.fromEntries(Object.entries(headers).filter(([key]) => key !== name));

/** [what happens, order, more, outcome, RFC 9209 error or null, status or null] */
const FAULTS = [
  ["it refuses connections", "refuse", {}, "connection_failed", "connection_terminated", null],
  ["it resets connections", "reset", {}, "connection_failed", "connection_terminated", null],
  ["it never answers", "hang", {}, "timeout", "http_response_timeout", null],
  ["it is slow", "delay", { ms: 2_000 }, "timeout", "http_response_timeout", null],
  ["its body never ends", "hang_body", {}, "timeout", "http_response_timeout", null],
  ["its body breaks off", "truncate", {}, "incomplete_body", "http_response_incomplete", 200],
  ...[500, 502, 503, 504, 403, 404, 429, 204, 301].map((status) => [
    `it answers ${status}`, "answer", { status, headers: status === 301 ? { location: "/snapshot" } : {} },
    `http_${status}`, null, status,
  ]),
  ["it answers 503 with data", "answer", { status: 503, headers: JSON_TYPE, body: "{}" }, "http_503", null, 503],
  ["it sends a web page as success", "answer",
    { status: 200, headers: { "content-type": "text/html" }, body: "<html>Welcome</html>" }, "content_type", null, 200],
  ["it sends a web page as JSON", "answer",
    { status: 200, headers: JSON_TYPE, body: "<html>Welcome</html>" }, "not_json", null, 200],
  ["it sends nothing", "answer", { status: 200, headers: JSON_TYPE, body: "" }, "not_json", null, 200],
  ["it sends the predecessor's placeholder", "answer",
    { status: 200, headers: JSON_TYPE, body: '{"status":"cache_warmer_generated","confluence_scores":[]}' },
    "placeholder", null, 200],
  ["it sends an error in place of a snapshot", "answer",
    { status: 200, headers: JSON_TYPE, body: '{"error":"boom"}' }, "placeholder", null, 200],
  ["it sends ten megabytes", "answer",
    { status: 200, headers: JSON_TYPE, body: `{"schema_version":1,"x":"${"x".repeat(10_000_000)}"}` },
    "too_large", "http_response_body_size", 200],
  ["its JSON is encoded twice", "rewrite", { text: (text) => JSON.stringify(text) }, "encoded_twice", null, 200],
  ["its JSON is cut short", "rewrite", { text: (text) => text.slice(0, text.length / 2) }, "not_json", null, 200],
  ["its data is ten minutes old, by its headers", "rewrite",
    { headers: (headers) => ({ ...headers, "x-data-as-of": String(Date.now() - 10 * MINUTE) }) }, "stale", null, 200],
  ["its data is ten minutes old, by the body alone", "rewrite",
    { json: tenMinutesOld, headers: without("x-data-as-of") }, "stale", null, 200],
  ["its data is ten minutes old behind a fresh header", "rewrite", { json: tenMinutesOld }, "stale", null, 200],
  ["its data is an hour ahead", "rewrite", { json: hourAhead }, "from_the_future", null, 200],
  ["its time is in seconds", "rewrite",
    { json: (s) => ({ ...s, as_of_ms: Math.floor(s.as_of_ms / 1_000) }) }, "implausible_time", null, 200],
  ["its version is another", "rewrite", { json: (s) => ({ ...s, schema_version: 2 }) }, "schema_version", null, 200],
  ["a price is zero", "rewrite",
    { json: (s) => ({ ...s, overview: { ...s.overview, btc_price: 0 } }) }, "shape", null, 200],
  ["all prices are zero", "rewrite",
    { json: (s) => ({ ...s, scores: s.scores.map((row) => ({ ...row, price: 0 })) }) }, "shape", null, 200],
  ["it has no scores", "rewrite", { json: (s) => ({ ...s, scores: [] }) }, "too_few_scores", null, 200],
  ["a placeholder stands among its symbols", "rewrite",
    { json: (s) => ({ ...s, scores: s.scores.map((row, i) => (i === 5 ? { ...row, symbol: "SYSTEM_STATUS" } : row)) }) },
    "malformed_symbol", null, 200],
  ["a share stands among its symbols", "rewrite",
    { json: (s) => ({ ...s, scores: s.scores.map((row, i) => (i === 5 ? { ...row, symbol: "AAPLUSDT" } : row)) }) },
    "foreign_symbol", null, 200],
];

describe("the origin fails on a cold edge", () => {
  for (const [what, kind, more, outcome, error, status] of FAULTS) {
    test(`${what}: Bybit's own data within the bound, and the reason`, async () => {
      await link.order(kind, more);
      const edge = await world.edge();
      try {
        const answer = await edge.get("/mobile-data");
        assert.equal(answer.status, 200);
        assert.ok(answer.tookMs < 1_800 + TOLERANCE_MS, `${answer.tookMs} ms`);
        assert.equal(answer.json.data_source, "bybit_direct");
        assert.equal(answer.header("x-data-source"), "bybit_direct");
        assert.equal(answer.json.freshness, "fresh");
        assertSound(answer.json);
        assert.ok(answer.json.degraded.includes(`origin_${outcome}`), answer.json.degraded.join());
        const member =
          `edge${error ? `; error=${error}` : ""}; next-hop="origin"` +
          `${status ? `; received-status=${status}` : ""}; details="${outcome}"`;
        assert.equal(answer.header("proxy-status"), member);
        assert.match(
          answer.header("cache-status"),
          /^edge; fwd=uri-miss; fwd-status=200; stored; ttl=\d+; detail=bybit-direct$/,
        );
        assert.match(answer.header("server-timing"), /^origin;dur=\d+;desc="fetch", bybit-direct;dur=\d+;desc="fetch"$/);
        assert.ok(link.requests() <= 1, "the origin was asked again, or a redirect was followed");
        assert.equal((await exchange.requests())["bybit-tickers"], 1);
      } finally {
        await edge.stop();
      }
    });
  }
});

test("a failing origin is told in the log, once, in one line", async () => {
  await link.order("answer", { status: 503 });
  const edge = await world.edge();
  try {
    await edge.get("/mobile-data");
    const lines = await until("the line is written", () => {
      const found = edge.logs().filter((line) => line.event === "refresh");
      return found.length > 0 && found;
    });
    assert.equal(lines.length, 1);
    assert.equal(lines[0].via, "bybit-direct");
    assert.deepEqual(lines[0].asked.map(({ source, outcome }) => [source, outcome]), [["origin", "http_503"], ["bybit-direct", "ok"]]);
  } finally {
    await edge.stop();
  }
});

test("the edge goes back to the origin as soon as it answers again", async () => {
  await link.order("refuse");
  const edge = await world.edge({ vars: { REFRESH_AFTER_S: "0", FRESH_S: "30" } });
  try {
    const down = await edge.get("/mobile-data");
    assert.equal(down.json.data_source, "bybit_direct");
    await link.order("pass");
    const back = await until("data comes from the origin", async () => {
      const answer = await edge.get("/mobile-data");
      assert.equal(answer.status, 200);
      return answer.json.data_source === "origin" && answer;
    });
    assert.ok(back.json.as_of_ms >= down.json.as_of_ms, "time went back");
    assert.ok(!back.json.degraded.some((reason) => reason.startsWith("origin_")));
  } finally {
    await edge.stop();
  }
});

test("data that was held is never replaced by older data", async () => {
  await link.order("pass");
  const edge = await world.edge({ vars: { REFRESH_AFTER_S: "0", FRESH_S: "30" } });
  try {
    const first = await edge.get("/mobile-data");
    await link.order("rewrite", {
      json: (s) => ({ ...s, as_of_ms: s.as_of_ms - 20_000 }),
      headers: (headers) => ({ ...headers, "x-data-as-of": String(Number(headers["x-data-as-of"]) - 20_000) }),
    });
    link.forget();
    await until("the origin was asked twice", async () => {
      const answer = await edge.get("/mobile-data");
      assert.ok(answer.json.as_of_ms >= first.json.as_of_ms, "time went back");
      return link.requests() >= 2;
    });
  } finally {
    await edge.stop();
  }
});
