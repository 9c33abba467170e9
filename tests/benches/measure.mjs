// CPU per request of two servers that are loaded in turn, and how a ratio of them is told.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { readFile, readdir } from "node:fs/promises";
import { promisify } from "node:util";

const run = promisify(execFile);

export const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 5);
export const SECONDS = Number(process.env.BENCH_SECONDS ?? 2);
export const CONNECTIONS = 16;

/** CPU time that a process has used, microseconds, to the nanosecond of the scheduler. Threads that ended are not counted. */
export async function cpuUs(pid) {
  const tasks = await readdir(`/proc/${pid}/task`);
  const spent = await Promise.all(tasks.map(async (task) => {
    const told = await readFile(`/proc/${pid}/task/${task}/schedstat`, "utf8").catch(() => "0");
    return Number(told.split(" ")[0]);
  }));
  return spent.reduce((sum, ns) => sum + ns, 0) / 1_000;
}

/** Loads a server for a while: CPU microseconds per request, and requests per second. */
export async function load({ url, pid }, path, { headers = {}, seconds = SECONDS, connections = CONNECTIONS } = {}) {
  const options = Object.entries(headers).flatMap(([name, value]) => ["-H", `${name}: ${value}`]);
  const before = await cpuUs(pid);
  const { stdout } = await run("wrk", ["-t1", `-c${connections}`, `-d${seconds}s`, ...options, url + path]);
  const requests = Number(/(\d+) requests in/.exec(stdout)[1]);
  assert.ok(requests > 0 && !/Non-2xx/.test(stdout.replace(/Non-2xx or 3xx responses: 0/, "")), stdout);
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(stdout)[1]);
  return { cpu: ((await cpuUs(pid)) - before) / requests, perSecond };
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)];
const rounded = (number) => Math.round(number * 1_000) / 1_000;

/** One line of JSON on standard output. Of several figures the least counts. */
export function tell({ name, unit, ours, peer, target, ...more }) {
  const [best, theirs] = [ours, peer].map((figures) => Math.min(...[figures].flat()));
  const ratio = rounded(best / theirs);
  const spread = Array.isArray(ours) ? { median_ratio: rounded(median(ours) / median(peer)) } : {};
  console.log(JSON.stringify({ name, ours: rounded(best), peer: rounded(theirs), ratio, target, unit, ...spread, ...more }));
}

/** Rounds that alternate between two servers, after each is warm. */
export async function compare({ name, ours, peer, target, path, headers = {}, ...more }) {
  for (const server of [ours, peer]) await load(server, path, { headers, seconds: 1 });
  const [our, their] = [[], []];
  for (let round = 0; round < ROUNDS; round += 1) {
    our.push(await load(ours, path, { headers }));
    their.push(await load(peer, path, { headers }));
  }
  const cpu = (figures) => figures.map((figure) => figure.cpu);
  const fastest = (figures) => Math.round(Math.max(...figures.map((figure) => figure.perSecond)));
  const speed = { requests_per_s: fastest(our), peer_requests_per_s: fastest(their) };
  tell({ name, unit: "CPU µs per request", ours: cpu(our), peer: cpu(their), target, ...speed, ...more });
}
