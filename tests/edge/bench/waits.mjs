// What a client sees who asks at this pace, with and without the moment that it waits for younger data: the age of what it gets
// and the time that takes. One line of JSON for each pace. BENCH_SECONDS (60) says how long each client asks.

import { setTimeout as sleep } from "node:timers/promises";
import { startWorld } from "../support/world.mjs";
import { firstData } from "../support.mjs";

const SECONDS = Number(process.env.BENCH_SECONDS ?? 60);
const PACES = [1 / 3, 1, 100];
const WAITS = { at_once: "0", waits: "600" };

const quantile = (sorted, share) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];

function summary(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const [median, high] = [0.5, 0.99].map((share) => Math.round(quantile(sorted, share)));
  return { median, p99: high };
}

/** Asks `edge` so often a second, however long its answers take. */
async function poll(edge, pace) {
  const [ages, latencies, asked] = [[], [], []];
  const began = performance.now();
  for (let count = 0; count / pace < SECONDS; count += 1) {
    await sleep(Math.max(0, began + (count / pace) * 1_000 - performance.now()));
    asked.push(
      edge.get("/mobile-data").then(({ json, tookMs }) => {
        ages.push(Date.now() - json.as_of_ms);
        latencies.push(tookMs);
      }),
    );
  }
  await Promise.all(asked);
  return { answers: ages.length, age_ms: summary(ages), latency_ms: summary(latencies) };
}

const world = await startWorld();
try {
  for (const pace of PACES) {
    // Both ways beside each other, so that they meet the same machine.
    const measured = await Promise.all(
      Object.entries(WAITS).map(async ([name, FIRST_WAIT_MS]) => {
        const edge = await world.edge({ vars: { FIRST_WAIT_MS, DIRECT_EXERCISE_PERCENT: "0" } });
        try {
          await firstData(edge);
          return [name, await poll(edge, pace)];
        } finally {
          await edge.stop();
        }
      }),
    );
    console.log(JSON.stringify({ requests_per_second: Number(pace.toFixed(2)), ...Object.fromEntries(measured) }));
  }
} finally {
  await world.stop();
}
