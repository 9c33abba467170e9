// What a hit, a 304 and a fallback cost in bare workerd, beside the least that a Worker in JavaScript can do.
//
// CPU time of the workerd process per request, from /proc, in rounds that alternate between us and the peer; the best round of
// each counts. One line of JSON per ratio on standard output. Figures are for comparison within one run; they are no test.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdtemp, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { gzipSync } from "node:zlib";
import { ask } from "../../promise/ask.mjs";
import { startCache } from "../support/cache.mjs";
import { startOrigin, startSimulator } from "../support/services.mjs";
import { builtModules, startEdge } from "../support/worker.mjs";
import { startWorkerd } from "../support/workerd.mjs";

const run = promisify(execFile);

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
const SECONDS = Number(process.env.BENCH_SECONDS ?? 2);
const CONNECTIONS = 16;
const PATH = "/api/dashboard/mobile-data";

/** A colo may ask the exchange six times a minute. */
const DIRECT_INTERVAL_MS = 10_000;

/** What a Worker may weigh, compressed, on the free plan. */
const MAX_WORKER_BYTES = 3 * 1024 * 1024;

/** Nothing grows old during a run. */
const HELD = { REFRESH_AFTER_S: "3600", FRESH_S: "3601", AGING_S: "3602", STALE_S: "3603" };

/** CPU time that a process has used, microseconds, to the nanosecond of the scheduler. Threads that ended are not counted. */
async function cpuUs(pid) {
  const tasks = await readdir(`/proc/${pid}/task`);
  const spent = await Promise.all(tasks.map(async (task) => {
    const told = await readFile(`/proc/${pid}/task/${task}/schedstat`, "utf8").catch(() => "0");
    return Number(told.split(" ")[0]);
  }));
  return spent.reduce((sum, ns) => sum + ns, 0) / 1_000;
}

/** Loads a Worker for a while: CPU microseconds per request. */
async function load({ url, pid }, headers = {}, seconds = SECONDS) {
  const options = Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const before = await cpuUs(pid);
  const { stdout } = await run("wrk", ["-t1", `-c${CONNECTIONS}`, `-d${seconds}s`, ...options, url + PATH]);
  const requests = Number(/(\d+) requests in/.exec(stdout)[1]);
  assert.ok(requests > 0 && !/Non-2xx/.test(stdout.replace(/Non-2xx or 3xx responses: 0/, "")), stdout);
  return ((await cpuUs(pid)) - before) / requests;
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const rounded = (number) => Math.round(number * 1_000) / 1_000;

function tell({ name, unit, ours, peer, target, ...more }) {
  const [best, theirs] = [ours, peer].map((figures) => Math.min(...[figures].flat()));
  const ratio = rounded(best / theirs);
  const spread = Array.isArray(ours) ? { median_ratio: rounded(median(ours) / median(peer)) } : {};
  console.log(JSON.stringify({ name, ours: rounded(best), peer: rounded(theirs), ratio, target, unit, ...spread, ...more }));
}

/** Rounds that alternate between two Workers, after each is warm. */
async function compare(name, ours, peer, target, headers = {}) {
  for (const worker of [ours, peer]) await load(worker, headers, 1);
  const [our, their] = [[], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    our.push(await load(ours, headers));
    their.push(await load(peer, headers));
  }
  tell({ name, unit: "CPU µs per request", ours: our, peer: their, target });
}

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
  await compare("edge_hit_to_js_constant", edge, constant, 1.5);
  await compare("edge_304_to_js_304", edge, constant, 1.5, { "if-none-match": etag });
  await compare("edge_hit_to_js_cache_api", edge, cached, 1.15);
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
