// Many clients at once, on a thread of their own, so that they do not hold up whoever answers them.

import { once } from "node:events";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";
import { checkAnswer } from "../../promise/answer.mjs";
import { ask } from "../../promise/ask.mjs";

/**
 * Sends so many requests for the same path at once. Each answer is held against the promise; of each there is `status`,
 * `source`, `freshness`, `cacheStatus`, `text` and `tookMs`.
 */
export async function crowd(edge, count, path) {
  const worker = new Worker(new URL(import.meta.url), { workerData: { url: edge.url + path, limits: edge.limits, count } });
  const [answers] = await once(worker, "message");
  await worker.terminate();
  return answers;
}

async function client({ url, limits }) {
  const answer = await ask(url);
  checkAnswer(answer, { limits });
  const [source, freshness, cacheStatus] = ["x-data-source", "x-data-freshness", "cache-status"].map(answer.header);
  return { status: answer.status, source, freshness, cacheStatus, text: answer.text, tookMs: answer.tookMs };
}

if (!isMainThread && workerData?.url) {
  parentPort.postMessage(await Promise.all(Array.from({ length: workerData.count }, () => client(workerData))));
}
