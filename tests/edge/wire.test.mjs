// HTTP as it stands on the wire: whatever a client sends, origin and edge answer it alike. One table, asked of both.
//
// Left out is what never reaches our code at one of them: at the edge the runtime reads the host, and refuses what is no
// HTTP; it compresses nothing, for the platform in front of it does.

import assert from "node:assert/strict";
import { test } from "node:test";
import { STILL_LIMITS, checkAnswer, firstData, get, startOrigin, useWorld } from "./support.mjs";

/** An origin with one snapshot for the whole file, which stays fresh. */
const STILL_ORIGIN = { TICKERS_INTERVAL_MS: "60000", ...STILL_LIMITS };

/** What differs for a reason: framing is the server's, and the edge names no request that it refuses at once. */
const NOT_COMPARED = new Set(["connection", "keep-alive", "transfer-encoding", "content-length", "x-request-id"]);

const LIMITS = { refresh: 600, fresh: 601, aging: 602, stale: 603 };

const world = useWorld({ start: (simulator) => startOrigin(simulator, STILL_ORIGIN) });
let edge;

/** An edge that holds the origin's snapshot, and asks for no other. */
async function warm() {
  edge = await world.edge({ vars: STILL_LIMITS });
  await firstData(edge);
}

/** Sends a target as it is written, without a library's idea of it. */
async function atOrigin(target, init) {
  const answer = await get(world.origin.url, { path: target, ...init });
  checkAnswer(answer, { limits: LIMITS });
  return answer;
}

const atEdge = (target, init) => edge.get("/", { path: target, ...init });

const names = (answer) => [...new Set(answer.lines.map(([name]) => name))].filter((name) => !NOT_COMPARED.has(name)).sort();

/** The answers of both, which are alike. */
async function both(target, init = {}, status) {
  const [ours, theirs] = [await atEdge(target, init), await atOrigin(target, init)];
  const what = `${init.method ?? "GET"} ${target.slice(0, 100)} ${JSON.stringify(init.headers ?? {})}`;
  assert.deepEqual([ours.status, theirs.status], [status, status], `${what}: edge and origin`);
  assert.deepEqual(names(ours), names(theirs), `${what}: headers of edge and origin`);
  assert.equal(ours.header("content-type"), theirs.header("content-type"), what);
  assert.equal(ours.header("vary"), theirs.header("vary"), what);
  assert.equal(ours.header("allow"), theirs.header("allow"), what);
  if (status >= 400 && init.method !== "HEAD") assert.deepEqual(ours.json, theirs.json, what);
  return [ours, theirs];
}

const SAME = [
  "/mobile-data", "/./mobile-data", "//mobile-data", "/.//mobile-data", "/a/../mobile-data", "/a/%2E%2e/mobile-data",
  "/../../mobile-data", "/%6dobile-data", "/%6Dobile%2ddata", "/.\\mobile-data", "/mobile-data?", "/mobile-data?t=1&&=&%ff",
  "/mobile-data?limit=0&timeframe=x", "/mobile-data#part", "http://b.example/./mobile-data",
];

const UNKNOWN = [
  "/", "/mobile-data/", "/mobile-data/.", "/mobile-data/..", "/Mobile-Data", "/mobile-data%2f", "/mobile-data%00", "/%256dobile-data",
  "/mobile-data;v=1", "/%zz", "/%", "/...", `/${"a".repeat(8_000)}`, "/{a}",
  // The last is a letter outside ASCII, unencoded: each of its bytes is a character here.
  "/api/dashboard/confluence-analysis/%3Cscript%3E", "/\u00e5\u00b8\u0081",
];

test("paths that mean the same answer the same, by every method", async () => {
  await warm();
  const [{ text }] = await both("/mobile-data", {}, 200);
  for (const target of SAME) {
    const answers = await both(target, {}, 200);
    for (const answer of answers) assert.equal(answer.text, text, target);
    await both(target, { method: "HEAD" }, 200);
    await both(target, { method: "POST" }, 405);
    await both(target, { method: "OPTIONS" }, 204);
  }
  await both("/api//dashboard-cached/./overview", {}, 200);
  await both("/api//dashboard/alerts/recent?limit=0", {}, 400);
  await both("/api//dashboard/alerts/recent?limit=0", { method: "PUT" }, 405);
  await both("/api//dashboard/beta-chart?timeframe=2&timeframe=1", {}, 400);
});

test("what is not there is not there by any method, and a preflight does not hide it", async () => {
  await warm();
  for (const target of UNKNOWN) {
    await both(target, {}, 404);
    await both(target, { method: "HEAD" }, 404);
    await both(target, { method: "POST" }, 404);
    await both(target, { method: "OPTIONS" }, 204);
  }
  // A place for any contract, of which this one is none.
  const place = "/api/dashboard/confluence-analysis/\u00e5\u00b8\u0081USDT";
  await both(place, {}, 404);
  await both(place, { method: "POST" }, 405);
});

test("conditional requests are judged alike", async () => {
  await warm();
  const [{ headers }] = await both("/mobile-data", {}, 200);
  const etag = headers.get("etag");
  const opaque = etag.replace("W/", "");
  const held = [etag, opaque, "*", `"a,b", ,${etag}`, ["\"x\"", etag], `${etag}, nonsense`];
  for (const value of held) {
    await both("/mobile-data", { headers: { "if-none-match": value } }, 304);
    await both("/mobile-data", { method: "HEAD", headers: { "if-none-match": value } }, 304);
  }
  const other = [`"a,${opaque.replaceAll('"', "")},b"`, `w/${opaque}`, `W/${etag}`, opaque.replaceAll('"', ""), `"x, ${etag}`, '*, "x"', ""];
  for (const value of other) await both("/mobile-data", { headers: { "if-none-match": value } }, 200);
  const ignored = [
    { "if-modified-since": "Fri, 20 Nov 2099 11:49:06 GMT" }, { "if-unmodified-since": "Fri, 20 Nov 1999 11:49:06 GMT" },
    { range: "bytes=0-10", "if-range": etag }, { accept: "text/html, */*;q=0", "accept-language": "xx" }, { "if-match": "*" },
  ];
  for (const headers of ignored) await both("/mobile-data", { headers }, 200);
  for (const method of ["GET", "HEAD"]) {
    for (const value of [etag, opaque, '"x"']) {
      await both("/mobile-data", { method, headers: { "if-match": value, "if-none-match": etag } }, 412);
    }
    await both("/nothing", { method, headers: { "if-match": '"x"' } }, 404);
  }
});

test("a page of another site may send any ordinary header", async () => {
  await warm();
  const preflight = { origin: "https://a.example", "access-control-request-method": "GET" };
  const check = async (requested, allowed) => {
    const headers = { ...preflight, ...(requested === undefined ? {} : { "access-control-request-headers": requested }) };
    for (const answer of await both("/mobile-data", { method: "OPTIONS", headers }, 204)) {
      assert.equal(answer.header("access-control-allow-headers"), allowed, requested);
      assert.equal(answer.header("access-control-allow-origin"), "*");
      assert.equal(answer.header("access-control-max-age"), "86400");
      assert.equal(answer.header("vary"), "Access-Control-Request-Headers");
      assert.equal(answer.header("access-control-allow-private-network"), null);
    }
  };
  await check("cache-control,pragma", "cache-control, pragma");
  await check("authorization,content-type,sentry-trace,baggage,traceparent,b3", "authorization, content-type, sentry-trace, baggage, traceparent, b3");
  for (const hostile of ["a b", "a;b", "<script>", "a".repeat(2_000), "", undefined]) await check(hostile, "If-None-Match, X-Request-Id");
});
