// Whatever a client sends: the same body as everyone's or a refusal, the same keys in the colo's cache, no request more.

import assert from "node:assert/strict";
import http from "node:http";
import { after, test } from "node:test";
import fc from "fast-check";
import { ALL_ROUTES, LIMITS, checkAnswer, get, until, useWorld } from "./support.mjs";

const world = useWorld();

/** What the Worker's keys look like, all of them: a kind and a version. */
const KEY = /^https:\/\/market-data-edge\.internal\/[a-z-]+\/\d+$/;

const agent = new http.Agent({ keepAlive: true });
after(() => agent.destroy());

// --- What clients send -------------------------------------------------------------------------------------------------

const word = fc.stringMatching(/^[!#$&'*+.^_`|~0-9A-Za-z/:;=?@-]{0,40}$/);
const path = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...ALL_ROUTES) },
  { weight: 1, arbitrary: fc.constantFrom("/", "//mobile-data", "/mobile-data/", "/mobile-data//", "/MOBILE-DATA", "/%6dobile-data",
    "/./mobile-data", "/x/../mobile-data", "/mobile-data/..", "/mobile-data;v=1", "/mobile-data%00", "/snapshot", "/metrics", "/snapshot/1") },
  { weight: 1, arbitrary: fc.webPath().map((any) => (any.startsWith("/") ? any : `/${any}`)) },
);
const query = fc.oneof(
  fc.constant(""), fc.constantFrom("?", "?t=1", "?__proto__=1", "?url=http://127.0.0.1:1/", "?symbols=XUSDT&limit=0", "??", "?%00"),
  fc.webQueryParameters().map((any) => `?${any}`), fc.integer({ min: 1, max: 6_000 }).map((length) => `?${"a".repeat(length)}`),
);
const method = fc.oneof(
  { weight: 8, arbitrary: fc.constant("GET") },
  { weight: 2, arbitrary: fc.constant("HEAD") },
  { weight: 2, arbitrary: fc.constantFrom("OPTIONS", "POST", "PUT", "PATCH", "DELETE") },
);
const host = fc.oneof(fc.constantFrom("edge", "evil.example", "127.0.0.1:1", "market-data-edge.internal", "localhost:99999"), fc.domain());
const header = fc.oneof(
  fc.tuple(
    fc.constantFrom(
      "x-forwarded-host", "x-forwarded-for", "x-forwarded-proto", "x-original-url", "x-rewrite-url", "forwarded", "via",
      "x-http-method-override", "x-method-override", "authorization", "cookie", "origin", "referer", "user-agent",
      "accept", "accept-language", "accept-encoding", "cf-connecting-ip", "cf-ipcountry", "cf-cache-status", "x-market-data",
      "x-data-as-of", "x-stored-fnv1a", "age", "surrogate-control", "x-no-cache", "if-unmodified-since", "if-match",
    ),
    word,
  ),
  fc.constantFrom(
    ["cache-control", "no-cache"], ["cache-control", "no-store, max-age=0"], ["cache-control", "only-if-cached"], ["pragma", "no-cache"],
    ["range", "bytes=0-10"], ["if-none-match", '"x"'], ["if-none-match", "*"], ["if-none-match", "W/"], ["if-range", '"x"'],
    ["if-modified-since", "Fri, 20 Nov 2099 11:49:06 GMT"], ["accept", "text/html"],
    ["accept-encoding", "identity;q=0, *;q=0"], ["x-junk", "a".repeat(8_000)],
  ),
);
const request = fc.record({ method, path, query, host, headers: fc.uniqueArray(header, { selector: ([name]) => name, maxLength: 5 }) });

// --- What comes of it --------------------------------------------------------------------------------------------------

const refresh = { REFRESH_AFTER_S: "0", FRESH_S: "30" };

async function send(edge, { method, path, query, host, headers }, limits) {
  const answer = await get(edge.url, { method, agent, path: path + query, headers: { host, ...Object.fromEntries(headers) } });
  checkAnswer(answer, { limits });
  return answer;
}

function assertKeys(cache) {
  const keys = new Set(cache.log().map(({ key }) => key));
  for (const key of keys) assert.match(key, KEY, "a client's words reached a key");
  // One kind, one key: none is made for a client.
  assert.equal(new Set([...keys].map((key) => new URL(key).pathname.split("/")[1])).size, keys.size, [...keys].join());
}

const isRead = ({ method }) => method === "GET" || method === "HEAD";
const isRoute = ({ path }) => ALL_ROUTES.includes(meant(path));

/** The path that another one means: with what percent signs hide, without dots, with single slashes. */
function meant(path) {
  const plain = path.replace(/%([0-9a-f]{2})/gi, (coded, digits) => {
    const character = String.fromCharCode(Number.parseInt(digits, 16));
    return /[\w.~-]/.test(character) ? character : coded;
  });
  return new URL(`http://edge${plain}`).pathname.replaceAll(/\/{2,}/g, "/");
}

/** The statuses that a read of a route may have; no tag of ours is strong enough for `If-Match`. */
function statusesOf({ headers }) {
  const wanted = new Map(headers).get("if-match");
  return wanted === undefined || wanted === "*" ? [200, 304, 503] : [200, 304, 412, 503];
}

/** The body that everyone gets at a path: by its entity tag. */
const bodies = new Map();

function assertSameBody(asked, answer) {
  if (answer.status !== 200 || asked.method !== "GET" || !answer.headers.has("etag")) return;
  const etag = answer.header("etag");
  if (!bodies.has(etag)) bodies.set(etag, answer.text);
  assert.equal(answer.text, bodies.get(etag), `another body under ${etag}`);
}

test("on an edge that holds data, no request of a client costs more than the passing of time does", async () => {
  const cache = await world.cache();
  const edge = await world.edge({ cache, vars: refresh });
  assert.equal((await edge.get("/mobile-data")).status, 200);
  const began = performance.now();
  await fc.assert(
    fc.asyncProperty(request, async (asked) => {
      const answer = await send(edge, asked, { ...LIMITS, fresh: 30 });
      assertSameBody(asked, answer);
      if (asked.method === "OPTIONS") assert.equal(answer.status, 204);
      else if (!isRoute(asked)) assert.equal(answer.status, 404);
      else if (!isRead(asked)) assert.equal(answer.status, 405);
      else assert.ok(statusesOf(asked).includes(answer.status), `${answer.status}`);
      assertKeys(cache);
    }),
    { numRuns: 500 },
  );
  // A refresh that found nothing newer rests for a second, and one that did is due again at once: each takes its time.
  const seconds = (performance.now() - began) / 1_000;
  assert.ok(world.link.requests() <= seconds + 2, `${world.link.requests()} requests in ${seconds} s`);
  assert.ok(cache.puts() <= world.link.requests());
  // One at the start, and one before each write, which never replaces what is better.
  assert.ok(cache.lookups() <= 1 + world.link.requests(), `${cache.lookups()} look-ups`);
});

test("on a cold edge, a request costs one refresh if it reads data, and nothing if it does not", async () => {
  await fc.assert(
    fc.asyncProperty(request, async (asked) => {
      const cache = await world.cache();
      const edge = await world.edge({ cache });
      const answer = await send(edge, asked, LIMITS);
      const isServed = isRead(asked) && answer.status !== 404;
      assert.equal(world.link.requests(), isServed ? 1 : 0, "requests to the origin");
      assert.equal(cache.lookups(), isServed ? 1 : 0, "look-ups");
      if (isServed) await until("the snapshot is kept", () => cache.puts() === 1);
      assert.equal((await edge.get("/mobile-data")).status, 200);
      assert.equal(world.link.requests(), 1);
      assertKeys(cache);
      await edge.stop();
      await cache.stop();
    }),
    { numRuns: 25, examples: [[{ method: "GET", path: "/mobile-data", query: "?a=1", host: "evil.example", headers: [["cache-control", "no-store"]] }]] },
  );
});
