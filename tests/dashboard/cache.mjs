// A cache in front of everything, as a company's proxy or a misconfigured CDN is one: it keeps what it was once answered,
// whatever lifetime that was given, and tells of it what its kind tells.

import { startServer } from "../edge/support/server.mjs";
import { OF_CONNECTION } from "../edge/support/link.mjs";
import { isData } from "./browser.mjs";

/** The headers of an answer that was kept for so many seconds, by each kind of cache. */
const HEADERS = {
  /** As RFC 9111 says: the answer's own age and the time that it was kept. */
  standard: (headers, keptS) => ({ ...headers, age: String(Number(headers.age ?? 0) + keptS) }),
  /** Nothing of its own. */
  silent: (headers) => headers,
};

/**
 * A cache of one kind in front of `target`. It keeps answers of the API for ever; with `keepsAll` also
 * those to other methods than GET, which no cache may, and with `refuses` it answers such a method itself, with 405.
 */
export async function startCacheInFront(target, kind, { keepsAll = false, refuses = null } = {}) {
  const kept = new Map();
  const server = await startServer(async (request, response) => {
    if (request.method === refuses) return void response.writeHead(405, { allow: "GET, HEAD" }).end();
    const { pathname } = new URL(request.url, target);
    const mayKeep = isData({ pathname }) && (keepsAll || request.method === "GET");
    const key = `${request.method} ${request.url}`;
    const found = (mayKeep && kept.get(key)) || (await answerOf(target + request.url, request.method));
    if (mayKeep) kept.set(key, found);
    const keptS = Math.floor((Date.now() - found.at) / 1_000);
    const headers = mayKeep ? HEADERS[kind](found.headers, keptS) : found.headers;
    response.sendDate = false;
    response.writeHead(found.status, headers);
    response.end(found.body);
  });
  return {
    url: server.url,
    /** When the body that it keeps was true. */
    asOf: () => JSON.parse(kept.get("GET /mobile-data").body.toString()).as_of_ms,
    stop: server.stop,
  };
}

async function answerOf(url, method) {
  const answer = await fetch(url, { method, headers: { "accept-encoding": "identity" } });
  const headers = Object.fromEntries(answer.headers);
  for (const name of [...OF_CONNECTION, "content-encoding"]) delete headers[name];
  return { at: Date.now(), status: answer.status, headers, body: Buffer.from(await answer.arrayBuffer()) };
}
