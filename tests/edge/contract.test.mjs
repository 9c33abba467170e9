// What every client may rely on, in wrangler's runtime and with the configuration that is deployed.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { HEALTH_ROUTES, TICKER_ROUTES, maxBodyBytes, startEdge, startLink, startOrigin, startSimulator, startWrangler, until } from "./support.mjs";

describe("with a healthy origin", () => {
  let simulator, origin, link, edge;

  before(async () => {
    simulator = await startSimulator();
    origin = await startOrigin(simulator);
    link = await startLink(origin.url);
    // Long limits, so that nothing but a cold start asks the origin.
    const vars = { REFRESH_AFTER_S: "600", FRESH_S: "601", AGING_S: "602", STALE_S: "603" };
    edge = await startWrangler({ origin: link.url, bybit: simulator.url, vars });
  });

  after(async () => {
    await edge?.stop();
    await link?.stop();
    await origin?.stop();
    await simulator?.stop();
  });

  test("a cold edge answers with the origin's fresh data and says where it came from", async () => {
    const answer = await edge.get("/mobile-data");
    assert.equal(answer.status, 200);
    assert.equal(answer.header("content-type"), "application/json");
    assert.equal(answer.header("cache-control"), "max-age=5, stale-while-revalidate=10, stale-if-error=10");
    assert.match(
      answer.header("cache-status"),
      /^snapshot; hit; ttl=\d+, edge; fwd=uri-miss; fwd-status=200; stored; ttl=\d+$/,
    );
    assert.match(answer.header("server-timing"), /^origin;dur=\d+;desc="fetch"$/);
    assert.equal(answer.header("proxy-status"), null);
    assert.match(answer.header("age"), /^\d+$/);
    assert.match(answer.header("etag"), /^W\/"1-o\d+-\d+-fresh-mobile-data"$/);
    assert.equal(answer.header("x-data-source"), "origin");
    assert.equal(answer.header("x-data-freshness"), "fresh");
    assert.equal(answer.header("x-data-as-of"), String(answer.json.as_of_ms));
    assert.equal(answer.header("x-market-data"), "simulated");
    assert.equal(answer.json.data_source, "origin");
    assert.equal(answer.json.status, "success");
    assert.equal(answer.json.freshness, "fresh");
    assert.ok(answer.json.confluence_scores.length >= 30);
  });

  test("what is held is served as a hit, byte for byte the same", async () => {
    const [first, second] = [await edge.get("/mobile-data"), await edge.get("/mobile-data")];
    for (const answer of [first, second]) {
      assert.match(answer.header("cache-status"), /^edge; hit; ttl=\d+$/);
      assert.equal(answer.header("server-timing"), null);
    }
    assert.equal(first.text, second.text);
    assert.equal(first.header("etag"), second.header("etag"));
  });

  test("every path that tickers can fill answers with its own projection of the same snapshot", async () => {
    const { json: reference } = await edge.get("/mobile-data");
    for (const [path, projection] of Object.entries(TICKER_ROUTES)) {
      const answer = await edge.get(path);
      assert.equal(answer.status, 200, path);
      assert.ok(answer.header("etag").endsWith(`-fresh-${projection}"`), path);
      assert.equal(answer.json.status, "success", path);
      assert.equal(answer.json.as_of_ms, reference.as_of_ms, path);
      assert.ok(answer.text.length < maxBodyBytes(path), path);
    }
  });

  test("health tells the state of the data and is never kept", async () => {
    for (const path of HEALTH_ROUTES) {
      const answer = await edge.get(path);
      assert.equal(answer.status, 200);
      assert.equal(answer.header("cache-control"), "no-store");
      assert.equal(answer.json.status, "fresh");
      assert.equal(answer.json.data_source, "origin");
      assert.equal(answer.json.market_data, "simulated");
      assert.ok(Number.isInteger(answer.json.age_ms) && answer.json.age_ms >= 0);
      // Tickers of the whole market are half of it; what else is there by now is not this test's.
      assert.ok(answer.json.quality >= 0.5 && answer.json.quality <= 1);
    }
  });

  test("a client that holds the body gets 304 without one", async () => {
    for (const path of ["/mobile-data", "/api/dashboard/symbols"]) {
      const etag = (await edge.get(path)).header("etag");
      for (const held of [etag, etag.replace("W/", ""), `"other", ${etag}`, "*"]) {
        const answer = await edge.get(path, { headers: { "if-none-match": held } });
        assert.equal(answer.status, 304, held);
        assert.equal(answer.text, "");
        assert.equal(answer.header("etag"), etag);
        assert.ok(answer.header("cache-control").startsWith("max-age=5"));
        assert.match(answer.header("cache-status"), /^edge; hit; ttl=\d+$/);
        assert.match(answer.header("age"), /^\d+$/);
        assert.equal(answer.header("content-type"), null);
      }
      const other = await edge.get(path, { headers: { "if-none-match": '"other"' } });
      assert.equal(other.status, 200);
    }
  });

  test("HEAD is GET without the body", async () => {
    for (const path of ["/mobile-data", "/health", "/nothing-here"]) {
      // A refresh, or the next second, may come between the two.
      const [full, head] = await until(`GET and HEAD of ${path} speak of the same moment`, async () => {
        const both = [await edge.get(path), await edge.get(path, { method: "HEAD" })];
        const [one, other] = both.map((answer) => ["x-data-as-of", "cache-status"].map((name) => answer.header(name)).join());
        return one === other && both;
      });
      assert.equal(head.status, full.status);
      assert.equal(head.text, "");
      for (const name of ["content-type", "etag", "cache-control", "x-data-as-of", "cache-status"]) {
        assert.equal(head.header(name), full.header(name), `${name} of ${path}`);
      }
    }
  });

  test("OPTIONS answers a browser's preflight", async () => {
    for (const path of ["/mobile-data", "/health"]) {
      const answer = await edge.get(path, { method: "OPTIONS" });
      assert.equal(answer.status, 204);
      assert.equal(answer.text, "");
      assert.equal(answer.header("allow"), "GET, HEAD, OPTIONS");
      assert.equal(answer.header("access-control-allow-methods"), "GET, HEAD, OPTIONS");
      assert.equal(answer.header("access-control-allow-headers"), "If-None-Match, X-Request-Id");
      assert.equal(answer.header("access-control-max-age"), "86400");
    }
  });

  test("other methods are refused with 405 and the allowed ones", async () => {
    for (const method of ["POST", "PUT", "PATCH", "DELETE"]) {
      const answer = await edge.get("/mobile-data", { method });
      assert.equal(answer.status, 405, method);
      assert.equal(answer.header("allow"), "GET, HEAD, OPTIONS");
      assert.equal(answer.header("cache-status"), null);
    }
  });

  test("an unknown path is 404, and the origin's own paths are unknown here", async () => {
    for (const path of ["/", "/snapshot", "/metrics", "/mobile-data/", "/Mobile-Data", "/%256dobile-data"]) {
      const answer = await edge.get(path);
      assert.equal(answer.status, 404, path);
      assert.equal(answer.header("cache-status"), null);
    }
  });

  test("nothing that a client sends changes the body or asks the origin again", async () => {
    const reference = await edge.get("/mobile-data");
    link.forget();
    await simulator.forget();
    const queries = ["?t=1", "?t=2&symbols=XUSDT", "?__proto__=1", `?${"a".repeat(4_000)}`, "?url=http://127.0.0.1:1/"];
    const headers = [
      { "cache-control": "no-cache, no-store", pragma: "no-cache" },
      { "x-forwarded-host": "evil.example", "x-forwarded-for": "1.2.3.4", forwarded: "host=evil.example" },
      { range: "bytes=0-10" },
      { "if-modified-since": "Fri, 20 Nov 2099 11:49:06 GMT" },
      { "x-http-method-override": "DELETE", "x-original-url": "/admin" },
      { accept: "text/html", "accept-language": "xx", authorization: "Bearer x", cookie: "a=b" },
      { "x-market-data": "live", "x-data-as-of": "1", "cf-connecting-ip": "::1" },
    ];
    const answers = [
      ...(await Promise.all(queries.map((query) => edge.get(`/mobile-data${query}`)))),
      ...(await Promise.all(headers.map((all) => edge.get("/mobile-data", { headers: all })))),
    ];
    for (const answer of answers) {
      assert.equal(answer.status, 200);
      assert.equal(answer.text, reference.text);
      assert.equal(answer.header("etag"), reference.header("etag"));
    }
    assert.equal(link.requests(), 0, "the origin was asked");
  });
});

test("HEAD tells the size that GET would have", async () => {
  const simulator = await startSimulator();
  const edge = await startEdge({ origin: "http://127.0.0.1:1", bybit: simulator.url });
  try {
    for (const path of ["/mobile-data", "/nothing-here"]) {
      const full = await edge.get(path);
      const head = await edge.get(path, { method: "HEAD" });
      assert.equal(full.header("content-length"), String(Buffer.byteLength(full.text)));
      assert.equal(head.header("content-length"), full.header("content-length"));
    }
  } finally {
    await edge.stop();
    await simulator.stop();
  }
});
