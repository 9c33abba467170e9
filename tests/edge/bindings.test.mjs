// The rate limiter and the data points: what they do when they work, and that they can do no harm when they do not.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { createTestHarness } from "wrangler";
import { ROOT, get, until } from "./support.mjs";

// A stand-in for both bindings. What the limiter does is told by the client's address.
const STAND_IN = `
  import { WorkerEntrypoint } from "cloudflare:workers";
  const asked = [];
  const points = [];
  export default class extends WorkerEntrypoint {
    async limit({ key }) {
      asked.push(key);
      switch (key) {
        case "203.0.113.1": return { success: false };
        case "203.0.113.2": throw new Error("no limiter today");
        case "203.0.113.3": return new Promise((resolve) => setTimeout(resolve, 60_000));
        case "203.0.113.4": return "nonsense";
        default: return { success: true };
      }
    }
    writeDataPoint(point) { points.push(point); }
    async fetch() { return Response.json({ asked: asked.splice(0), points: points.splice(0) }); }
  }`;

let directory, harness, base;

before(async () => {
  directory = await mkdtemp(path.join(tmpdir(), "bindings-"));
  await writeFile(path.join(directory, "stand-in.js"), STAND_IN);
  const compatibility_date = "2026-11-01";
  const standIn = { name: "stand-in", main: path.join(directory, "stand-in.js"), compatibility_date };
  const edge = {
    name: "edge",
    main: path.join(ROOT, "edge/build/index.js"),
    compatibility_date,
    services: ["RATE_LIMIT", "ANALYTICS"].map((binding) => ({ binding, service: "stand-in" })),
  };
  await writeFile(path.join(directory, "stand-in.json"), JSON.stringify(standIn));
  await writeFile(path.join(directory, "edge.json"), JSON.stringify(edge));
  // Nothing is held and nobody answers, so every request would wait, except just after a failure.
  const vars = { ORIGIN_URL: "http://127.0.0.1:1", BYBIT_BASE_URL: "http://127.0.0.1:1", METRICS_TOKEN: "t" };
  harness = createTestHarness({
    root: directory,
    workers: [
      { configPath: path.join(directory, "edge.json"), prebuiltWorkerDir: path.join(ROOT, "edge/build"), vars },
      { configPath: path.join(directory, "stand-in.json") },
    ],
  });
  base = (await harness.listen()).url.href.replace(/\/$/, "");
});

after(async () => {
  await harness?.close();
  if (directory) await rm(directory, { recursive: true });
});

/** What the stand-in was told since the last time. */
const told = async () => (await harness.getWorker("stand-in").fetch("http://stand-in/")).json();

/** The first answer to this client for which the limiter was asked, and what the stand-in was told meanwhile. */
async function limited(address) {
  await told();
  return until(`the limiter is asked about ${address}`, async () => {
    const answer = await get(`${base}/mobile-data`, { headers: { "cf-connecting-ip": address } });
    const { asked, points } = await told();
    return asked.length > 0 && { answer, asked, points };
  });
}

async function count(sample) {
  const page = await get(`${base}/metrics`, { headers: { authorization: "Bearer t" } });
  return Number(page.text.split("\n").find((line) => line.startsWith(`${sample} `))?.split(" ")[1] ?? 0);
}

test("a client that asks too often is told so, in a problem that no cache keeps", async () => {
  const { answer, asked } = await limited("203.0.113.1");
  assert.deepEqual([answer.status, asked], [429, ["203.0.113.1"]]);
  assert.equal(answer.header("content-type"), "application/problem+json");
  assert.equal(answer.header("cache-control"), "no-store");
  assert.match(answer.header("retry-after"), /^([3-9]|10)$/);
  assert.equal(answer.json.retry_after, Number(answer.header("retry-after")));
  for (const absent of ["cache-status", "etag", "age"]) assert.equal(answer.header(absent), null, absent);
  assert.equal(await count('edge_answers_total{state="rate_limited",source="none"}'), 1);
});

test("a limiter that fails, hangs or talks nonsense stops nobody", async () => {
  for (const [index, address] of ["203.0.113.2", "203.0.113.3", "203.0.113.4"].entries()) {
    const { answer } = await limited(address);
    assert.equal(answer.status, 503, "not the answer that there would be without a limiter");
    assert.equal(await count('edge_events_total{event="rate_limiter_failed"}'), index + 1, address);
  }
});

test("clients of one IPv6 network count as one", async () => {
  const { asked } = await limited("2001:db8:1:2:3:4:5:6");
  assert.deepEqual(asked, ["2001:db8:1:2::/64"]);
});

test("every answer that was not simply held is a data point", async () => {
  const { answer, points } = await limited("203.0.113.9");
  assert.equal(answer.status, 503);
  const point = points.find(({ doubles }) => doubles[0] === 503);
  assert.deepEqual(point.indexes, ["unavailable"]);
  const [state, target, source, shown] = point.blobs;
  assert.deepEqual([state, target, source, shown], ["unavailable", "mobile-data", "none", "none"]);
  assert.deepEqual(point.doubles.slice(0, 2), [503, -1]);
  assert.ok(point.doubles[2] >= 0);
});
