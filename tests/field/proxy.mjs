// A proxy in front of the simulated services that rewrites what they answer, and remembers what it was before.

import { passedOn, startServer } from "../edge/support.mjs";

const TICKERS = "/v5/market/tickers";

/** How many tables are remembered; more than any answer is behind. */
const REMEMBERED = 1_000;

/**
 * A proxy to `target`. `spoil` takes the rewritings that hold from now on, each `{path, ask, json, bytes}`: of a request for
 * `path` the question (`ask(url)` → url), and the answer as an object (`json(body)` → body) or as it is sent (`bytes(buffer)` →
 * buffer).
 */
export async function startSpoiler(target) {
  let spoils = [];
  const tables = new Map();
  const handle = async (request, response) => {
    const { pathname } = new URL(request.url, target);
    const spoil = spoils.find(({ path }) => path === pathname);
    const { status, headers, body } = await passedOn(target + (spoil?.ask?.(request.url) ?? request.url));
    const sent = rewritten(body, spoil);
    if (pathname === TICKERS) {
      const { time, result } = JSON.parse(body);
      tables.set(time, { rows: result.list, spoil });
      if (tables.size > REMEMBERED) tables.delete(tables.keys().next().value);
    }
    response.writeHead(status, { ...headers, "content-length": sent.length });
    response.end(sent);
  };
  const server = await startServer((request, response) => handle(request, response).catch(() => response.destroy()));
  return {
    url: server.url,
    spoil: (...rewritings) => {
      spoils = rewritings;
    },
    /** Of the table that was sent with this time: its rows before anything was spoiled, and what spoiled them. */
    table: (time) => tables.get(time),
    stop: server.stop,
  };
}

function rewritten(body, { json, bytes } = {}) {
  const changed = json ? Buffer.from(JSON.stringify(json(JSON.parse(body)))) : body;
  return bytes ? bytes(changed) : changed;
}
