// What a hit, a 304 and a fallback cost in bare workerd, beside the least that a Worker in JavaScript can do.
//
// CPU time of the workerd process per request, from /proc, in rounds that alternate between us and the peer; the best round of
// each counts. One line of JSON per ratio on standard output. Figures are for comparison within one run; they are no test.

import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { gzipSync } from "node:zlib";
import { CONNECTIONS, ROUNDS, SECONDS, compare, cpuUs, tell } from "../../benches/measure.mjs";
import { ask } from "../../promise/ask.mjs";
import { startCache } from "../support/cache.mjs";
import { startOrigin, startSimulator } from "../support/services.mjs";
import { builtModules, startEdge } from "../support/worker.mjs";
import { startWorkerd } from "../support/workerd.mjs";

const PATH = "/api/dashboard/mobile-data";

/** A colo may ask the exchange six times a minute. */
const DIRECT_INTERVAL_MS = 10_000;

/** What a Worker may weigh, compressed, on the free plan. */
const MAX_WORKER_BYTES = 3 * 1024 * 1024;

/** Nothing grows old during a run. */
const HELD = { REFRESH_AFTER_S: "3600", FRESH_S: "3601", AGING_S: "3602", STALE_S: "3603" };

const peer = (file) => ["esModule", fileURLToPath(new URL(file, import.meta.url))];

async function hits({ origin, simulator, stops }) {
  const edge = await startEdge({ origin: origin.url, bybit: simulator.url, vars: HELD });
  stops.push(edge.stop);
  const answer = await edge.get(PATH);
  assert.equal(answer.json.data_source, "origin");
  const etag = answer.header("etag");
  const folder = await mkdtemp(path.join(tmpdir(), "bench-"));
  stops.push(() => rm(folder, { recursive: true }));
  const [bodyFile, etagFile] = ["body.bin", "etag.txt"].map((name) => path.join(folder, name));
  await writeFile(bodyFile, answer.bytes);
  await writeFile(etagFile, etag);
  const files = { "body.bin": ["data", bodyFile], "etag.txt": ["text", etagFile] };
  const constant = await startWorkerd({ modules: { "constant.js": peer("constant.js"), ...files } });
  stops.push(constant.stop);
  const cache = await startCache();
  const cached = await startWorkerd({ modules: { "cached.js": peer("cached.js"), ...files }, cachePort: cache.port });
  stops.push(cached.stop, cache.stop);
  const digest = (bytes) => createHash("sha256").update(bytes).digest("hex");
  for (const worker of [constant, cached, cached]) {
    const theirs = await ask(worker.url + PATH);
    assert.equal(digest(theirs.bytes), digest(answer.bytes), "the peer sends other bytes");
  }
  assert.equal(cache.puts("/body"), 1);
  console.error(`${PATH}: ${answer.bytes.length} bytes, ${ROUNDS} rounds of ${SECONDS} s each way, ${CONNECTIONS} connections`);
  const hit = { ours: edge, path: PATH };
  await compare({ ...hit, name: "edge_hit_to_js_constant", peer: constant, target: 1.5 });
  await compare({ ...hit, name: "edge_304_to_js_304", peer: constant, target: 1.5, headers: { "if-none-match": etag } });
  await compare({ ...hit, name: "edge_hit_to_js_cache_api", peer: cached, target: 1.15 });
}

/** CPU of one request that goes to the exchange, microseconds. */
async function once(worker) {
  const before = await cpuUs(worker.pid);
  const answer = await ask(worker.url + PATH);
  assert.equal(answer.status, 200);
  // Until what follows the answer is done too.
  await pause(200);
  return (await cpuUs(worker.pid)) - before;
}

async function fallback({ stops }) {
  // An exchange of its own, whose counts no origin disturbs.
  const simulator = await startSimulator();
  stops.push(simulator.stop);
  const vars = { REFRESH_AFTER_S: "0", FRESH_S: "1", AGING_S: "2", STALE_S: "60" };
  const edge = await startEdge({ origin: "http://127.0.0.1:1", bybit: simulator.url, vars });
  const parse = await startWorkerd({ modules: { "parse.js": peer("parse.js") }, vars: { BYBIT_BASE_URL: simulator.url } });
  stops.push(edge.stop, parse.stop);
  const table = await (await fetch(`${simulator.url}/v5/market/tickers?category=linear`)).json();
  const rows = table.result.list.length;
  const [ours, theirs] = [[], []];
  console.error(`fallback of ${rows} rows: ${ROUNDS + 1} rounds of ${DIRECT_INTERVAL_MS / 1_000} s`);
  // The first one of each compiles, and fetches the list of contracts.
  for (let round = 0; round <= ROUNDS; round += 1) {
    await pause(DIRECT_INTERVAL_MS + 100);
    await simulator.forget();
    const cost = await once(edge);
    assert.equal((await simulator.requests())["bybit-tickers"], 1, "the exchange was not asked");
    const least = await once(parse);
    if (round > 0) {
      ours.push(cost);
      theirs.push(least);
    }
  }
  tell({ name: "edge_fallback_to_js_parse", unit: "CPU µs per fallback", ours, peer: theirs, target: 2, rows });
}

async function size() {
  const wasm = await readFile(builtModules()["index_bg.wasm"][1]);
  const script = await readFile(builtModules()["index.js"][1]);
  const packed = gzipSync(wasm, { level: 9 }).length + gzipSync(script, { level: 9 }).length;
  tell({ name: "worker_gzip_to_limit", unit: "bytes", ours: packed, peer: MAX_WORKER_BYTES, target: 1, wasm_bytes: wasm.length });
}

const stops = [];
try {
  await size();
  const simulator = await startSimulator();
  stops.push(simulator.stop);
  const origin = await startOrigin(simulator);
  stops.push(origin.stop);
  await hits({ origin, simulator, stops });
  await fallback({ stops });
} finally {
  for (const stop of stops.reverse()) await stop();
}
