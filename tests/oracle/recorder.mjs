// A proxy in front of the simulated services that keeps every answer as the origin got it, with the moment at which it was
// sent on; that may rewrite answers on the way; and that can refuse what the scores rest on, so that nothing of it changes.

import { appendFileSync, mkdirSync, writeFileSync } from "node:fs";
import path from "node:path";
import { passedOn, startServer } from "../edge/support.mjs";

/** What a contract's score rests on beside the ticker table. */
const INPUTS = new Set(["kline", "orderbook", "recent-trade", "open-interest", "account-ratio", "history"]);

/** The last word of an input's path; nothing for another path. */
const inputOf = (pathname) => (pathname.startsWith("/v5/market/") && INPUTS.has(path.basename(pathname)) ? path.basename(pathname) : null);

/**
 * A proxy to `target` that records into `folder`. `rewrite(pathname, query, body)` may change the JSON of an answer.
 */
export async function startRecorder(target, folder, rewrite) {
  mkdirSync(path.join(folder, "answers"), { recursive: true });
  let count = 0, open = true, underWay = 0, answered = 0;
  const loaded = new Map();

  const handle = async (request, response) => {
    const { pathname, searchParams } = new URL(request.url, target);
    const kind = inputOf(pathname);
    if (kind && !open) {
      response.writeHead(503).end();
      return;
    }
    if (kind) underWay += 1;
    try {
      const { status, headers, body } = await passedOn(target + request.url);
      const sent = status === 200 && rewrite ? rewritten(pathname, searchParams, body, rewrite) : body;
      if (response.destroyed) return; // The origin did not wait for it.
      const file = `answers/${count++}.json`;
      writeFileSync(path.join(folder, file), sent);
      response.writeHead(status, { ...headers, "content-length": sent.length });
      response.end(sent);
      const line = { received_ms: Date.now(), status, url: request.url, file };
      appendFileSync(path.join(folder, "answers.jsonl"), `${JSON.stringify(line)}\n`);
      if (kind && status === 200) note(kind, searchParams);
    } finally {
      if (kind) underWay -= 1;
    }
  };
  const note = (kind, query) => {
    answered += 1;
    // The record of a day's open interest is of every contract, and no input of a score.
    if (query.get("intervalTime") === "15min") return;
    const symbol = query.get("symbol");
    const known = loaded.get(symbol) ?? new Map();
    const input = `${kind} ${query.get("interval") ?? ""}`;
    loaded.set(symbol, known.set(input, (known.get(input) ?? 0) + 1));
  };
  const server = await startServer((request, response) => handle(request, response).catch(() => response.destroy()));
  return {
    url: server.url,
    stop: server.stop,
    /** How often each input of each contract was answered: symbol → input → count. */
    loaded,
    /** How many inputs were answered. */
    sent: () => answered,
    /** Refuses inputs from now on; resolves when none is under way any more. */
    close: async (until) => {
      open = false;
      await until("no input is under way", () => underWay === 0);
    },
  };
}

function rewritten(pathname, query, body, rewrite) {
  const changed = rewrite(pathname, query, JSON.parse(body));
  return changed === undefined ? body : Buffer.from(JSON.stringify(changed));
}
