// The rate limiter and the data points: what they do when they work, and that they can do no harm when they do not.

import assert from "node:assert/strict";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { createTestHarness } from "wrangler";
import { ROOT, get, until, useWorld } from "./support.mjs";

const world = useWorld();

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

let harness, base;

before(async () => {
  // Nothing is held and nobody answers, so every request would wait, except just after a failure.
  harness = await startHarness({ ORIGIN_URL: "http://127.0.0.1:1", BYBIT_BASE_URL: "http://127.0.0.1:1", METRICS_TOKEN: "t" });
  base = harness.base;
});

after(() => harness?.stop());

/** The edge with both bindings at the stand-in. */
async function startHarness(vars) {
  const directory = await mkdtemp(path.join(tmpdir(), "bindings-"));
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
  const workers = createTestHarness({
    root: directory,
    workers: [
      { configPath: path.join(directory, "edge.json"), prebuiltWorkerDir: path.join(ROOT, "edge/build"), vars },
      { configPath: path.join(directory, "stand-in.json") },
    ],
  });
  return {
    base: (await workers.listen()).url.href.replace(/\/$/, ""),
    /** What the stand-in was told since the last time. */
    told: async () => (await workers.getWorker("stand-in").fetch("http://stand-in/")).json(),
    stop: async () => {
      await workers.close();
      await rm(directory, { recursive: true });
    },
  };
}

/** The first answer to this client for which the limiter was asked, and what the stand-in was told meanwhile. */
async function limited(address) {
  await harness.told();
  return until(`the limiter is asked about ${address}`, async () => {
    const answer = await get(`${base}/mobile-data`, { headers: { "cf-connecting-ip": address } });
    const { asked } = await harness.told();
    return asked.length > 0 && { answer, asked };
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

test("a client that asks too often gets what may be shown, and what is younger goes to those who come later", async () => {
  const REFUSED = "203.0.113.1";
  const edge = world.kept(
    await startHarness({ ORIGIN_URL: world.link.url, BYBIT_BASE_URL: "http://127.0.0.1:1", REFRESH_AFTER_S: "0", FRESH_S: "1" }),
  );
  const ask = (address) => get(`${edge.base}/mobile-data`, { headers: { "cf-connecting-ip": address } });
  await until("the edge has data", async () => (await ask("203.0.113.9")).status === 200);
  await world.link.order("hang");
  await until("it is no longer fresh", async () => (await ask("203.0.113.9")).json.freshness === "aging");
  await edge.told();
  const held = await until("the limiter is asked", async () => {
    const answer = await ask(REFUSED);
    assert.deepEqual([answer.status, answer.json.freshness], [200, "aging"]);
    return (await edge.told()).asked.includes(REFUSED) && answer.json.as_of_ms;
  });
  await world.link.order("pass");
  // An origin that was silent some times is left alone for up to 15 s.
  await until("a refresh that this client began brings younger data", async () => (await ask(REFUSED)).json.as_of_ms > held, {
    withinMs: 40_000,
  });
});

test("an answer that was not simply held is a data point, of ten in ten seconds each", async () => {
  await harness.told();
  const points = [];
  const point = await until("a failure is told", async () => {
    await get(`${base}/mobile-data`, { headers: { "cf-connecting-ip": "203.0.113.9" } });
    points.push(...(await harness.told()).points);
    return points.find(({ doubles }) => doubles[0] === 503);
  });
  assert.deepEqual(point.indexes, ["unavailable"]);
  const [state, target, source, shown] = point.blobs;
  assert.deepEqual([state, target, source, shown], ["unavailable", "mobile-data", "none", "none"]);
  assert.deepEqual(point.doubles.slice(0, 2), [503, -1]);
  assert.ok(point.doubles[2] >= 0);
  assert.ok(point.doubles[3] >= 1, "it stands for itself and those that were left out before it");
});
