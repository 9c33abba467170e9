// What one origin holds: CPU and answers per second beside the least that a server of its make can do with the same bytes,
// what collecting costs meanwhile, the bodies' sizes, and memory.
//
// The origin is analysed in full; then the exchange goes away, so that nothing changes while answers are counted. Both are
// loaded in turn; the best round of each counts. One line of JSON per figure. Figures are for comparison within one run.

import assert from "node:assert/strict";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { startAnalysedOrigin, startSimulator } from "../edge/support/services.mjs";
import { listening, program, run } from "../edge/support/process.mjs";
import { ask } from "../promise/ask.mjs";
import { CONNECTIONS, ROUNDS, SECONDS, compare, cpuUs, load } from "./measure.mjs";

/** Nothing grows old during a run. */
const HELD = { REFRESH_AFTER_S: "3600", FRESH_S: "3601", AGING_S: "3602", STALE_S: "3603" };

/** How long collecting is watched: some fifteen rounds. */
const COLLECTING_SECONDS = 30;

const MANY_CONNECTIONS = 1_000;

/** What a server may cost beside one that does nothing but answer. */
const TARGET = 2;

const SIZED = ["/mobile-data", "/api/dashboard/mobile-data", "/snapshot"];
const CODINGS = ["identity", "gzip", "br"];

const figure = (name, values) => console.log(JSON.stringify({ name, ...values }));

async function memory(pid) {
  const status = await readFile(`/proc/${pid}/status`, "utf8");
  const mib = (field) => Math.round(Number(new RegExp(`^${field}:\\s+(\\d+) kB`, "m").exec(status)[1]) / 1_024);
  return { resident_mib: mib("VmRSS"), highest_mib: mib("VmHWM") };
}

/** The same bytes from a server that does nothing else. */
async function startPeer(folder, { sent, header }, stops) {
  const file = path.join(folder, `${Math.random()}.body`);
  await writeFile(file, sent);
  const { child, stop } = run(program("CONSTANT_BIN", "examples/constant-answers"), [file, header("etag"), header("content-encoding")].filter(Boolean), {});
  stops.push(stop);
  return { url: await listening({ child }), pid: child.pid };
}

async function sizes(origin) {
  for (const target of SIZED) {
    const sent = await Promise.all(CODINGS.map((coding) => ask(origin.url + target, { headers: { "accept-encoding": coding } })));
    figure("body", { target, ...Object.fromEntries(CODINGS.map((coding, at) => [`${coding}_bytes`, sent[at].sent.length])) });
  }
}

async function collecting(origin) {
  const before = await cpuUs(origin.pid);
  await pause(COLLECTING_SECONDS * 1_000);
  const busy = ((await cpuUs(origin.pid)) - before) / (COLLECTING_SECONDS * 1_000_000);
  figure("origin_collecting", { cores: Math.round(busy * 1_000) / 1_000, ...(await memory(origin.pid)) });
}

async function answers(origin, name, target, headers, folder, stops) {
  const answer = await ask(origin.url + target, { headers });
  assert.equal(answer.status, 200);
  const peer = await startPeer(folder, answer, stops);
  const theirs = await ask(peer.url + target, { headers });
  assert.ok(theirs.sent.equals(answer.sent), "the peer sends other bytes");
  const same = { ours: origin, peer, path: target, target: TARGET };
  await compare({ ...same, name: `origin_${name}_to_axum_constant`, headers, bytes: answer.sent.length });
  if (answer.header("etag") && name === "mobile_data") {
    const held = { ...headers, "if-none-match": answer.header("etag") };
    for (const server of [origin, peer]) assert.equal((await ask(server.url + target, { headers: held })).status, 304);
    await compare({ ...same, name: "origin_304_to_axum_304", headers: held, bytes: 0 });
  }
}

const stops = [];
try {
  const folder = await mkdtemp(path.join(tmpdir(), "serve-"));
  stops.push(() => rm(folder, { recursive: true }));
  const simulator = await startSimulator();
  stops.push(simulator.stop);
  const origin = await startAnalysedOrigin(simulator, HELD);
  stops.push(origin.stop);
  await sizes(origin);
  await collecting(origin);
  await simulator.stop();
  console.error(`${ROUNDS} rounds of ${SECONDS} s each way, ${CONNECTIONS} connections`);
  await answers(origin, "mobile_data", "/mobile-data", {}, folder, stops);
  await answers(origin, "mobile_data_gzip", "/mobile-data", { "accept-encoding": "gzip" }, folder, stops);
  await answers(origin, "snapshot", "/snapshot", {}, folder, stops);
  figure("origin_loaded", { connections: CONNECTIONS, ...(await memory(origin.pid)) });
  await load(origin, "/mobile-data", { connections: MANY_CONNECTIONS });
  figure("origin_loaded", { connections: MANY_CONNECTIONS, ...(await memory(origin.pid)) });
} finally {
  for (const stop of stops.reverse()) await stop();
}
