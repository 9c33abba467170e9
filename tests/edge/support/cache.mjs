// A colo's cache behind workerd, which fails on command.

import { startServer } from "./server.mjs";

/**
 * A colo's cache, as workerd speaks to one: look up with GET, store with PUT (the body is a whole HTTP response), delete with
 * PURGE. `entries` may be read and overwritten.
 *
 * Orders: keep · hang (no look-up is ever answered) · fail (every look-up is a 500) · reset (every look-up's connection is
 * reset) · truncate (entries break off) · hang_put · refuse_put (413) · swallow_put (said to be stored and not) · reset_put.
 */
export async function startCache() {
  const state = { order: "keep", log: [] };
  const entries = new Map();
  const server = await startServer((request, response) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      const key = `https://${request.headers.host}${request.url}`;
      state.log.push({ method: request.method, key });
      serve({ state, entries, key }, request, response, Buffer.concat(parts));
    });
  });
  const count = (method, part) => state.log.filter((entry) => entry.method === method && entry.key.includes(part)).length;
  return {
    port: server.port,
    entries,
    /** How often what has `part` in its key was looked up, and stored. */
    lookups: (part = "/snapshot/") => count("GET", part),
    puts: (part = "/snapshot/") => count("PUT", part),
    /** Everything that was asked of it: [{method, key}]. */
    log: () => state.log,
    /** The entry whose key holds `part`. */
    entry: (part) => [...entries].find(([key]) => key.includes(part))?.[1],
    /** Forgets the entries whose key `isDropped`. */
    drop: (isDropped) => {
      for (const key of [...entries.keys()]) if (isDropped(key)) entries.delete(key);
    },
    order: (order) => {
      state.order = order;
    },
    stop: server.stop,
  };
}

/** Whether a key is that of the snapshot. */
export const isSnapshot = (key) => key.includes("/snapshot/");

function serve({ state, entries, key }, request, response, body) {
  const reply = (status, hit, headers = {}, bytes = undefined) =>
    response.writeHead(status, { ...headers, "cf-cache-status": hit }).end(bytes);
  switch (request.method) {
    case "PUT":
      return put({ state, entries, key }, request, reply, body);
    case "PURGE":
      return reply(entries.delete(key) ? 200 : 404, "DYNAMIC");
  }
  const entry = entries.get(key);
  switch (state.order) {
    case "hang":
      return;
    case "fail":
      return reply(500, "MISS");
    case "reset":
      return request.socket.resetAndDestroy();
    case "truncate":
      if (!entry) return reply(504, "MISS");
      response.writeHead(entry.status, { ...entry.headers, "cf-cache-status": "HIT" });
      return response.write(entry.body.subarray(0, 1_000), () => request.socket.destroy());
    default:
      return entry ? reply(entry.status, "HIT", entry.headers, entry.body) : reply(504, "MISS");
  }
}

function put({ state, entries, key }, request, reply, body) {
  switch (state.order) {
    case "hang_put":
      return;
    case "reset_put":
      return request.socket.resetAndDestroy();
    case "refuse_put":
      return reply(413, "DYNAMIC");
    case "swallow_put":
      return reply(204, "DYNAMIC");
    default:
      entries.set(key, parseResponse(body));
      return reply(204, "DYNAMIC");
  }
}

function parseResponse(raw) {
  const end = raw.indexOf("\r\n\r\n");
  const [statusLine, ...lines] = raw.subarray(0, end).toString("latin1").split("\r\n");
  const headers = Object.fromEntries(lines.map((line) => line.split(/:\s*/, 2).map((part) => part.trim().toLowerCase())));
  if (headers["transfer-encoding"]) throw new Error("a stored response is chunked, which this cache does not read");
  return { status: Number(statusLine.split(" ")[1]), headers, body: raw.subarray(end + 4) };
}

function fnv1a(bytes) {
  let hash = 0xcbf29ce484222325n;
  for (const byte of bytes) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * 0x100000001b3n);
  return hash.toString(16).padStart(16, "0");
}

/** The seal that the Worker puts on what it stores. */
export const sealOf = (body) => ({ "x-stored-length": String(body.length), "x-stored-fnv1a": fnv1a(body) });

/** Puts other bytes into an entry, with a seal that fits them. */
export function forge(entry, body) {
  entry.body = Buffer.from(body);
  Object.assign(entry.headers, { "content-length": String(entry.body.length), ...sealOf(entry.body) });
}

/** Changes the snapshot in an entry, and seals it again. */
export const rewrite = (entry, change) => forge(entry, JSON.stringify(change(JSON.parse(entry.body.toString()))));
