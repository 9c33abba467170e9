// Starts what the edge's tests need: the simulated exchange, the origin, a link that fails on command, the built Worker.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import http from "node:http";
import { createRequire } from "node:module";
import net from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

// Wrangler looks these up when it is loaded: no request to Cloudflare, no metrics, no questions.
Object.assign(process.env, { CLOUDFLARE_CF_FETCH_ENABLED: "false", WRANGLER_SEND_METRICS: "false", CI: "1" });
const { createTestHarness } = await import("wrangler");
const { default: workerdBinary } = createRequire(import.meta.url)("workerd");

export const ROOT = fileURLToPath(new URL("../..", import.meta.url));
const TARGET = process.env.CARGO_TARGET_DIR ?? path.join(ROOT, "target");
const BUILD = path.join(ROOT, "edge", "build");

/** Milliseconds beyond a bound that a busy machine may take. */
export const TOLERANCE_MS = 350;

/** What tickers alone can fill: path → projection. */
export const TICKER_ROUTES = {
  "/mobile-data": "mobile-data",
  "/api/dashboard/mobile-data": "dashboard-mobile-data",
  "/api/dashboard-cached/mobile-data": "dashboard-mobile-data",
  "/api/dashboard/symbols": "symbols",
  "/api/dashboard-cached/symbols": "symbols",
  "/api/dashboard/overview": "overview",
  "/api/dashboard-cached/overview": "overview",
  "/api/dashboard/market-overview": "market-overview",
  "/api/dashboard-cached/market-overview": "market-overview",
  "/api/market/overview": "market-overview",
  "/api/dashboard/market-movers": "market-movers",
  "/api/dashboard-cached/market-movers": "market-movers",
  "/api/dashboard/perpetuals-pulse": "perpetuals-pulse",
  "/api/bybit-direct/top-symbols": "top-symbols",
};

/** What only an analysed snapshot can fill. */
export const ANALYSIS_ROUTES = {
  "/api/dashboard/signals": "signals",
  "/api/dashboard/opportunities": "opportunities",
  "/api/dashboard-cached/opportunities": "opportunities",
  "/api/dashboard/alerts": "alerts",
  "/api/bitcoin-beta/realtime": "beta",
};

/** Calls `probe` until it gives something true, or fails with what it waited for. */
export async function until(what, probe, { withinMs = 10_000 } = {}) {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${withinMs} ms`);
    await pause(20);
  }
}

export function program(variable, name) {
  const file = process.env[variable] ?? path.join(TARGET, "debug", name);
  if (!existsSync(file)) throw new Error(`${file} is missing: cargo build -p origin -p tests --bins`);
  return file;
}

/** `pipes` more file descriptors from 3 on are read by the caller, and stderr with them. */
function run(file, args, env, pipes = 0) {
  const stderr = pipes ? "pipe" : process.env.TEST_LOGS ? "inherit" : "ignore";
  const child = spawn(file, args, {
    env: { PATH: process.env.PATH, RUST_LOG: "error", ...env },
    stdio: ["ignore", "pipe", stderr, ...Array(pipes).fill("pipe")],
  });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const stop = async () => {
    process.off("exit", kill);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGTERM");
    const forced = setTimeout(kill, 3_000);
    await gone;
    clearTimeout(forced);
  };
  return { child, stop };
}

export async function freePort() {
  const server = net.createServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  server.close();
  await once(server, "close");
  return port;
}

/** The simulated exchange and its control API. */
export async function startSimulator() {
  const { child, stop } = run(program("SIMULATOR_BIN", "exchange-simulator"), ["--listen", "127.0.0.1:0"], {});
  let url;
  for await (const line of createInterface({ input: child.stdout })) {
    url = /listening on (\S+)/.exec(line)?.[1];
    if (url) break;
  }
  if (!url) throw new Error("the exchange simulator ended before it listened");
  child.stdout.resume();
  const control = async (method, what, body) => {
    const response = await fetch(`${url}/control/${what}`, { method, body: body && JSON.stringify(body) });
    if (!response.ok) throw new Error(`${method} /control/${what}: ${response.status} ${await response.text()}`);
    return response;
  };
  return {
    url,
    stop,
    fail: (link, fault) => control("PUT", `faults/${link}`, fault),
    recover: () => control("DELETE", "faults"),
    /** How often each link was asked since the last `forget`. */
    requests: async () => (await (await control("GET", "requests")).json()).by_link,
    forget: () => control("DELETE", "requests"),
  };
}

/** The real origin, on the simulated exchange, ready to serve. */
export async function startOrigin(simulator, vars = {}) {
  const port = await freePort();
  const { stop } = run(program("ORIGIN_BIN", "origin"), [], {
    ORIGIN_LISTEN: `127.0.0.1:${port}`,
    DRAIN_DELAY_MS: "0",
    BYBIT_BASE_URL: simulator.url,
    COINGECKO_BASE_URL: simulator.url,
    FEAR_GREED_BASE_URL: simulator.url,
    ...vars,
  });
  const url = `http://127.0.0.1:${port}`;
  await until("the origin is ready", async () => (await fetch(`${url}/health/ready`).catch(() => null))?.ok);
  return { url, stop };
}

/** The same, once it has loaded months of candles and analysed every contract it watches. */
export async function startAnalysedOrigin(simulator) {
  const origin = await startOrigin(simulator, { BYBIT_REQUESTS_PER_5S: "300" });
  const answers = (path) => async () => (await fetch(`${origin.url}${path}`)).ok;
  try {
    for (const path of Object.keys(ANALYSIS_ROUTES)) await until(`the origin has ${path}`, answers(path), { withinMs: 240_000 });
  } catch (error) {
    await origin.stop();
    throw error;
  }
  return origin;
}

/**
 * The link between edge and origin: passes requests on to `target`, or does what `order` says instead.
 *
 * Orders: pass · refuse · reset · hang · hang_body · truncate (connection cut in the body) · delay {ms} ·
 * answer {status, headers, body} · rewrite {json(object) → object, text(string) → string, headers(object) → object}.
 */
export async function startLink(target) {
  const state = { order: { kind: "pass" }, requests: 0 };
  const sockets = new Set();
  const server = http.createServer((request, response) => {
    state.requests += 1;
    handle(target, state.order, request, response).catch(() => response.destroy());
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address();
  const unplug = async () => {
    if (!server.listening) return;
    const closed = once(server, "close");
    server.close();
    for (const socket of sockets) socket.destroy();
    await closed;
  };
  return {
    url: `http://127.0.0.1:${port}`,
    requests: () => state.requests,
    forget: () => {
      state.requests = 0;
    },
    /** Sets the order for all requests from now on. */
    order: async (kind, more = {}) => {
      state.order = { kind, ...more };
      if (kind === "refuse") return unplug();
      if (!server.listening) {
        server.listen(port, "127.0.0.1");
        await once(server, "listening");
      }
    },
    stop: unplug,
  };
}

async function handle(target, order, request, response) {
  switch (order.kind) {
    case "hang":
      return;
    case "reset":
      request.socket.resetAndDestroy();
      return;
    case "answer":
      response.writeHead(order.status, order.headers ?? {});
      response.end(order.body);
      return;
    case "delay":
      await pause(order.ms);
  }
  const passed = await fetch(`${target}${request.url}`, { headers: { "accept-encoding": "identity" } });
  let headers = Object.fromEntries(passed.headers);
  for (const name of ["connection", "keep-alive", "transfer-encoding", "content-length"]) delete headers[name];
  let body = await passed.text();
  if (order.kind === "rewrite") {
    if (order.json) body = JSON.stringify(order.json(JSON.parse(body)));
    if (order.text) body = order.text(body);
    if (order.headers) headers = order.headers(headers);
  }
  const bytes = Buffer.from(body);
  response.writeHead(passed.status, { ...headers, "content-length": bytes.length });
  if (order.kind !== "hang_body" && order.kind !== "truncate") {
    response.end(bytes);
    return;
  }
  response.write(bytes.subarray(0, bytes.length / 2), () => {
    if (order.kind === "truncate") request.socket.destroy();
  });
}

/**
 * A colo's cache behind workerd, as it speaks to one: look up with GET, store with PUT (the body is a whole HTTP response),
 * delete with PURGE. `entries` may be read and overwritten; `order` is one of
 * keep · hang (no look-up is ever answered) · hang_put · fail (every look-up is a 500) · truncate (entries break off).
 */
export async function startCache() {
  const state = { order: "keep", lookups: 0 };
  const entries = new Map();
  const sockets = new Set();
  const server = http.createServer((request, response) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      const key = `https://${request.headers.host}${request.url}`;
      const reply = (status, hit, headers = {}, body = undefined) =>
        response.writeHead(status, { ...headers, "cf-cache-status": hit }).end(body);
      switch (request.method) {
        case "PUT":
          if (state.order === "hang_put") return;
          entries.set(key, parseResponse(Buffer.concat(parts)));
          return reply(204, "DYNAMIC");
        case "PURGE":
          return reply(entries.delete(key) ? 200 : 404, "DYNAMIC");
        default:
          state.lookups += 1;
          if (state.order === "hang") return;
          if (state.order === "fail") return reply(500, "MISS");
          const entry = entries.get(key);
          if (entry && state.order === "truncate") {
            response.writeHead(entry.status, { ...entry.headers, "cf-cache-status": "HIT" });
            response.write(entry.body.subarray(0, 1_000), () => request.socket.destroy());
            return;
          }
          return entry ? reply(entry.status, "HIT", entry.headers, entry.body) : reply(504, "MISS");
      }
    });
  });
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    port: server.address().port,
    entries,
    lookups: () => state.lookups,
    /** The entry whose key holds `part`. */
    entry: (part) => [...entries].find(([key]) => key.includes(part))?.[1],
    order: (order) => {
      state.order = order;
    },
    stop: async () => {
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}

function parseResponse(raw) {
  const end = raw.indexOf("\r\n\r\n");
  const [statusLine, ...lines] = raw.subarray(0, end).toString("latin1").split("\r\n");
  const headers = Object.fromEntries(lines.map((line) => line.split(/:\s*/, 2).map((part) => part.trim().toLowerCase())));
  if (headers["transfer-encoding"]) throw new Error("a stored response is chunked, which this cache does not read");
  return { status: Number(statusLine.split(" ")[1]), headers, body: raw.subarray(end + 4) };
}

function checkBuilt() {
  if (!existsSync(path.join(BUILD, "index_bg.wasm"))) throw new Error(`${BUILD} is missing: scripts/build-edge`);
}

/** The built Worker as wrangler runs it, with the configuration that is deployed. */
export async function startWrangler({ origin, bybit, vars = {} }) {
  checkBuilt();
  const worker = {
    configPath: path.join(ROOT, "wrangler.toml"),
    prebuiltWorkerDir: BUILD,
    vars: { ORIGIN_URL: origin, BYBIT_BASE_URL: bybit, ...vars },
  };
  const harness = createTestHarness({ root: ROOT, workers: [worker] });
  const { url } = await harness.listen();
  const base = url.href.replace(/\/$/, "");
  return { url: base, stop: () => harness.close(), get: (at, init) => get(base + at, init) };
}

const text = (value) => JSON.stringify(String(value));

/**
 * The built Worker in bare workerd: one cold isolate that opens real connections, so that a refused one is refused, and
 * whose cache is `cache` or nothing.
 */
export async function startEdge({ origin, bybit, vars = {}, cache }) {
  checkBuilt();
  const wrangler = await readFile(path.join(ROOT, "wrangler.toml"), "utf8");
  const date = /^compatibility_date = "(.+)"$/m.exec(wrangler)[1];
  const all = { ORIGIN_URL: origin, BYBIT_BASE_URL: bybit, ...vars };
  const bindings = Object.entries(all).filter(([, value]) => value !== undefined);
  const config = `
    using Workerd = import "/workerd/workerd.capnp";
    const config :Workerd.Config = (
      services = [
        ( name = "edge", worker = .edge ),
        ( name = "internet", network = ( allow = ["private", "local"] ) ),
        ( name = "cache", external = ( address = "127.0.0.1:${cache?.port ?? 1}", http = () ) ),
      ],
      sockets = [ ( name = "http", address = "127.0.0.1:0", http = (), service = "edge" ) ],
    );
    const edge :Workerd.Worker = (
      modules = [
        ( name = "index.js", esModule = embed ${text(path.join(BUILD, "index.js"))} ),
        ( name = "index_bg.wasm", wasm = embed ${text(path.join(BUILD, "index_bg.wasm"))} ),
      ],
      compatibilityDate = "${date}",
      bindings = [ ${bindings.map(([name, value]) => `( name = ${text(name)}, text = ${text(value)} )`).join(", ")} ],
      globalOutbound = "internet",
      cacheApiOutbound = "cache",
    );`;
  const directory = await mkdtemp(path.join(tmpdir(), "edge-"));
  const file = path.join(directory, "config.capnp");
  await writeFile(file, config);
  const { child, stop } = run(workerdBinary, ["serve", "-I/", "--control-fd=3", file], {}, 1);
  const logs = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      logs.push(line);
      if (process.env.TEST_LOGS) console.error(line);
    });
  }
  const ended = once(child, "exit").then(() => {
    throw new Error(`workerd ended before it listened:\n${logs.join("\n")}`);
  });
  const listening = (async () => {
    for await (const line of createInterface({ input: child.stdio[3] })) {
      const event = JSON.parse(line);
      if (event.event === "listen") return event.port;
    }
  })();
  const port = await Promise.race([listening, ended]);
  ended.catch(() => {});
  const base = `http://127.0.0.1:${port}`;
  return {
    url: base,
    port,
    get: (at, init) => get(base + at, init),
    /** The lines that the Worker wrote, parsed. */
    logs: () => logs.flatMap((line) => (line.startsWith("{") ? [JSON.parse(line)] : [])),
    stop: async () => {
      await stop();
      await rm(directory, { recursive: true });
    },
  };
}

/**
 * Everything around the edge: an origin, the link to it, and an exchange of the edge's own, whose counts the origin does
 * not disturb. Both exchanges show the same market.
 */
export async function startWorld({ start = startOrigin } = {}) {
  const [exchangeOfOrigin, exchange] = await Promise.all([startSimulator(), startSimulator()]);
  const origin = await start(exchangeOfOrigin);
  const link = await startLink(origin.url);
  return {
    origin,
    link,
    exchange,
    /** A cold edge, with everything in order and nothing counted. */
    edge: async (options = {}) => {
      link.forget();
      await exchange.forget();
      return startEdge({ origin: link.url, bybit: exchange.url, ...options });
    },
    recover: async () => {
      await link.order("pass");
      await exchange.recover();
    },
    stop: async () => {
      await link.stop();
      await origin.stop();
      await Promise.all([exchangeOfOrigin.stop(), exchange.stop()]);
    },
  };
}

/** How often the exchange was asked for anything. */
export async function exchangeRequests(exchange) {
  return Object.values(await exchange.requests()).reduce((sum, count) => sum + count, 0);
}

/** One request: the response, its body as text and JSON where it is, and how long it took. */
export async function get(url, init = {}) {
  const started = performance.now();
  const response = await fetch(url, { redirect: "manual", ...init });
  const text = await response.text();
  const tookMs = performance.now() - started;
  let json;
  if (response.headers.get("content-type")?.includes("json") && text) json = JSON.parse(text);
  return { status: response.status, headers: response.headers, header: (name) => response.headers.get(name), text, json, tookMs };
}

/** The answer where the data is good but was made from tickers alone: a problem that says so, and nothing like data. */
export function assertNotAnalysed(answer, outcome) {
  assert.equal(answer.status, 503);
  assert.equal(answer.header("content-type"), "application/problem+json");
  assert.equal(answer.header("cache-control"), "no-store");
  assert.equal(answer.header("access-control-allow-origin"), "*");
  for (const absent of ["etag", "age", "cache-status", "x-data-as-of", "x-data-freshness"]) {
    assert.equal(answer.header(absent), null, absent);
  }
  assert.match(answer.header("retry-after"), /^([3-9]|10)$/);
  const { title, detail, ...rest } = answer.json;
  assert.ok(title && detail);
  assert.deepEqual(rest, {
    type: "urn:market-data:problem:no-valid-data",
    status: 503,
    retry_after: Number(answer.header("retry-after")),
    sources: [{ name: "analysis", outcome, as_of_ms: null }],
  });
}

/** Every number in a body, with the way to it. */
function* numbers(value, at = "$") {
  if (typeof value === "number") yield [at, value];
  else if (value && typeof value === "object") {
    for (const [key, inner] of Object.entries(value)) yield* numbers(inner, `${at}.${key}`);
  }
}

/** What no body may ever hold, whoever made it. */
export function assertSound(body) {
  assert.equal(body.status, "success");
  assert.ok(body.confluence_scores.length >= 30, `${body.confluence_scores.length} scores`);
  for (const row of body.confluence_scores) {
    assert.ok(row.price > 0 && row.turnover_24h > 0 && row.high_24h > 0 && row.low_24h > 0, JSON.stringify(row));
    assert.match(row.symbol, /^[\p{L}\p{N}]+USDT$/u);
  }
  assert.ok(body.market_overview.btc_price > 0);
  assert.ok(body.market_overview.total_turnover > 0);
  assert.equal(typeof body.market_overview.market_regime, "string");
  assert.ok(Array.isArray(body.top_movers.gainers) && Array.isArray(body.top_movers.losers));
  for (const [at, number] of numbers(body)) {
    assert.ok(Number.isFinite(number), at);
    // The predecessor's constant, shown whenever it knew nothing.
    if (at.includes("dominance")) assert.notEqual(number, 57.0, at);
  }
  for (const text of ["SYSTEM_STATUS", "INITIALIZING", "cache_warmer_generated", "<"]) {
    assert.ok(!JSON.stringify(body).includes(text), text);
  }
}
