// TLS in front of the origins: a real Caddy with the project's file, real origins behind it, and an edge that asks through it.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import https from "node:https";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { ROOT, checkAnswer, claimLoopback, get, run, startEdge, startOrigin, startSimulator, until } from "../edge/support.mjs";

const start = promisify(execFile);
const FILE = path.join(ROOT, "origin/ops/caddy/Caddyfile");
const [HTTP, HTTPS] = [21_080, 21_443];
const SECRET = "hunter2-hunter2-hunter2";
const BEARER = { authorization: `Bearer ${SECRET}` };

/** Data is old after a moment, and may be shown for minutes. */
const LIMITS = { REFRESH_AFTER_S: "0", FRESH_S: "2", AGING_S: "3", STALE_S: "300" };

let folder, simulator, origins, caddy, loopback, authority, agent;

/** A Caddy in front of these origins, at an address of its own, which signs its certificate itself. */
async function startCaddy(hosts) {
  const written = await readFile(FILE, "utf8");
  const changed = written
    .replaceAll("origin-1:8080 origin-2:8080", hosts.join(" "))
    .replace("\tadmin off\n", `\tadmin off\n\tdefault_bind ${loopback.host}\n\thttp_port ${HTTP}\n\thttps_port ${HTTPS}\n`);
  assert.ok(!changed.includes("origin-1") && changed.includes("default_bind"), "the file has other origins, or no options");
  const file = path.join(folder, "Caddyfile");
  await writeFile(file, changed);
  const program = run("caddy", ["run", "--config", file, "--adapter", "caddyfile"], { HOME: folder, XDG_DATA_HOME: folder, ORIGIN_DOMAIN: loopback.host }, 1);
  const lines = [];
  for (const stream of [program.child.stdout, program.child.stderr]) createInterface({ input: stream }).on("line", (line) => lines.push(line));
  return { lines, stop: program.stop };
}

const through = (path, init = {}) => get(`https://${loopback.host}:${HTTPS}${path}`, { agent, ...init });

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "tls-"));
  simulator = await startSimulator();
  loopback = await claimLoopback();
  origins = await Promise.all([1, 2].map(() => startOrigin(simulator, { ORIGIN_SECRET: SECRET, TICKERS_INTERVAL_MS: "500", ...LIMITS })));
  caddy = await startCaddy(origins.map(({ url }) => new URL(url).host));
  authority = await until("Caddy has an authority", () => readFile(path.join(folder, "caddy/pki/authorities/local/root.crt"), "utf8").catch(() => null));
  agent = new https.Agent({ ca: authority, keepAlive: true });
  await until("Caddy passes on", async () => (await through("/health").catch(() => null))?.status === 200, { withinMs: 30_000 });
});

after(async () => {
  agent?.destroy();
  await caddy?.stop();
  await Promise.all((origins ?? []).map((origin) => origin.stop()));
  await simulator?.stop();
  await loopback?.release();
  await rm(folder, { recursive: true, force: true });
});

test("the file is written as Caddy writes it, and the image is of the version that is tested", async () => {
  const { stdout } = await start("caddy", ["fmt", FILE]);
  assert.equal(stdout, await readFile(FILE, "utf8"));
  const { stdout: version } = await start("caddy", ["version"]);
  const compose = await readFile(path.join(ROOT, "origin/ops/container/compose.yaml"), "utf8");
  assert.equal(/^ {4}image: caddy:([\d.]+)-alpine$/m.exec(compose)[1], /^v([\d.]+)/.exec(version)[1]);
});

test("who has the secret gets the snapshot over TLS, and who has not gets a 401", async () => {
  for (const path of ["/snapshot", "/metrics", "/.//%73napshot"]) {
    const answer = await through(path, { headers: BEARER });
    assert.equal(answer.status, 200, path);
    for (const headers of [{}, { authorization: "Bearer wrong-wrong-wrong-wrong" }]) {
      const refused = await through(path, { headers });
      assert.equal(refused.status, 401, path);
      assert.equal(refused.header("www-authenticate"), 'Bearer realm="origin"');
      checkAnswer(refused);
    }
  }
  const { json } = await through("/snapshot", { headers: BEARER });
  assert.ok(Object.keys(json.universe.contracts).length > 30);
});

test("clients get what the origin says and nothing of Caddy's, compressed where they want it, and are sent to TLS without it", async () => {
  for (const headers of [{}, { "accept-encoding": "br" }]) {
    const answer = await through("/mobile-data", { headers });
    assert.equal(answer.status, 200);
    checkAnswer(answer, { limits: { refresh: 0, fresh: 2, aging: 3, stale: 300 } });
    for (const name of ["server", "via", "alt-svc"]) assert.equal(answer.header(name), null, name);
    assert.equal(answer.header("content-encoding"), headers["accept-encoding"] ?? null);
    const held = await through("/mobile-data", { headers: { "if-none-match": "*" } });
    assert.equal(held.status, 304);
  }
  const plain = await get(`http://${loopback.host}:${HTTP}/snapshot`, { headers: BEARER });
  assert.equal(plain.status, 308);
  assert.match(plain.header("location"), new RegExp(`^https://${loopback.host}(:${HTTPS})?/snapshot$`));
  assert.equal(plain.text, "");
  await assert.rejects(get(`https://${loopback.host}:${HTTPS}/health`), /certificate/, "anybody believes it");
});

test("an edge reaches the origin through it, with the secret alone", async (t) => {
  for (const [secret, source] of [[SECRET, "origin"], ["wrong-wrong-wrong-wrong", "bybit_direct"]]) {
    const origin = `https://${loopback.host}:${HTTPS}`;
    const edge = await startEdge({ origin, bybit: simulator.url, trusted: authority, vars: { ORIGIN_SECRET: secret } });
    t.after(edge.stop);
    const answer = await until(`data comes from ${source}`, async () => {
      const answer = await edge.get("/mobile-data");
      return answer.json?.data_source === source && answer;
    });
    if (source !== "origin") assert.match(answer.header("proxy-status"), /next-hop="origin"; received-status=401; details="http_401"/);
  }
});

test("where no origin is ready, clients get what the origins have to say", async () => {
  await simulator.fail("bybit-tickers", { kind: "status", status: 503 });
  await until("no origin is ready", async () => {
    const ready = await Promise.all(origins.map(({ url }) => fetch(`${url}/health/ready`)));
    return ready.every(({ status }) => status === 503);
  });
  const notReady = (host) => caddy.lines.some((line) => line.includes('"status_code":503') && line.includes(`"host":"${host}"`));
  await until("Caddy knows", () => origins.every(({ url }) => notReady(new URL(url).host)));
  const ready = await through("/health/ready");
  assert.equal(ready.status, 503);
  checkAnswer(ready);
  const old = await through("/mobile-data");
  assert.equal(old.status, 200);
  assert.equal(old.header("x-data-freshness"), "stale");
  checkAnswer(old, { limits: { refresh: 0, fresh: 2, aging: 3, stale: 300 } });
  assert.equal((await through("/snapshot")).status, 401);
  await simulator.recover();
  await until("data is fresh again", async () => (await through("/mobile-data")).header("x-data-freshness") === "fresh");
});

test("nobody notices that one of the origins ends", async () => {
  let asking = true;
  const statuses = new Map();
  const asked = (async () => {
    while (asking) {
      const { status } = await through("/mobile-data");
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
    }
  })();
  await origins[0].stop();
  const before = statuses.get(200) ?? 0;
  await until("the other answers", () => (statuses.get(200) ?? 0) > before + 200);
  asking = false;
  await asked;
  assert.deepEqual([...statuses.keys()], [200]);
});

test("the secret is in no line that Caddy writes", () => {
  assert.ok(caddy.lines.length > 0);
  assert.doesNotMatch(caddy.lines.join("\n"), /hunter2/);
});
