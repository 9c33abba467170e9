// The Worker's WebAssembly crashes: that costs the requests that are in it, and the next one finds a new instance.

import assert from "node:assert/strict";
import { fileURLToPath } from "node:url";
import { test } from "node:test";
import { builtModules, get, startWorkerd, until, useWorld } from "./support.mjs";

const world = useWorld();

const module = (name) => ["esModule", fileURLToPath(new URL(`./support/${name}`, import.meta.url))];

/** A cold edge that crashes on command. */
async function crashingEdge() {
  world.link.forget();
  const vars = { ORIGIN_URL: world.link.url, BYBIT_BASE_URL: world.exchange.url, DIRECT_EXERCISE_PERCENT: "0" };
  const modules = { "crashing.js": module("crashing.js"), "capture.js": module("capture.js"), ...builtModules() };
  const edge = world.kept(await startWorkerd({ modules, vars }));
  const ask = (init) => get(`${edge.url}/mobile-data`, init);
  return {
    ask,
    crash: async () => assert.equal((await ask({ headers: { "X-Crash": "now" } })).status, 500),
    data: () => until("the edge serves data", async () => (await ask()).status === 200),
  };
}

test("a crash costs the request that it happens in, and the next is served by a new instance", async () => {
  const edge = await crashingEdge();
  await edge.data();
  for (let crashes = 1; crashes <= 3; crashes += 1) {
    const before = world.link.requests();
    await edge.crash();
    await edge.data();
    assert.ok(world.link.requests() > before, "a new instance holds nothing, so it asks the origin");
  }
});

test("a crash under a request that waits ends that request, and the next is served by a new instance", async () => {
  const edge = await crashingEdge();
  await world.link.order("delay", { ms: 250 });
  const waiting = edge.ask();
  await until("the request reaches the origin", () => world.link.requests() === 1);
  await edge.crash();
  assert.equal((await waiting).status, 500);
  await world.recover();
  await edge.data();
});

test("a crash in an instance's first request costs that one", async () => {
  const edge = await crashingEdge();
  await edge.crash();
  await edge.data();
});
