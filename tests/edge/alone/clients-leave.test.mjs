// Clients that leave before their answer: nobody else notices, and nothing of them stays.

import assert from "node:assert/strict";
import net from "node:net";
import { test } from "node:test";
import { until, useWorld } from "../support.mjs";
import { inspect } from "../support/inspector.mjs";

const world = useWorld();

const PATHS = ["/mobile-data", "/api/market/overview", "/api/dashboard/symbols", "/health", "/api/dashboard/signals"];

/** Sends two requests at once: a client of whom the edge is about to read the second when the first is answered. */
function come(edge, path) {
  return new Promise((resolve, reject) => {
    const client = net.connect(edge.port, "127.0.0.1", () => {
      client.write(["/nothing-here", path].map((asked) => `GET ${asked} HTTP/1.1\r\nhost: edge\r\n\r\n`).join(""));
    });
    client.once("data", () => resolve(client));
    client.once("error", reject);
  });
}

function go(client) {
  return new Promise((resolve) => {
    client.on("close", resolve);
    client.resetAndDestroy();
  });
}

/** Connections are reset when the edge is at work for all of them: a request that it never read would leave nothing behind. */
async function comeAndGoAtOnce(edge, count) {
  const clients = await Promise.all(Array.from({ length: count }, (_, index) => come(edge, PATHS[index % PATHS.length])));
  // What came before these is read before they are answered: workerd has one thread for the Worker.
  for (let asked = 0; asked < 3; asked += 1) await edge.get("/nothing-here");
  await Promise.all(clients.map(go));
}

test("clients that follow and go away harm nobody", async () => {
  await world.link.order("delay", { ms: 250 });
  const edge = await world.edge();
  const leader = edge.get("/mobile-data");
  await until("the leader's request reaches the origin", () => world.link.requests() === 1);
  await comeAndGoAtOnce(edge, 100);
  assert.equal((await leader).status, 200);
  assert.equal((await edge.get("/mobile-data")).status, 200);
  assert.equal(world.link.requests(), 1);
});

const ROUNDS = 4;
const CLIENTS = 250;

/** JavaScript's heap grows by what its collector pleases to leave, but not by this much for each client that left. */
const BYTES_PER_CLIENT = 256;

/**
 * A client that starts a refresh and waits for it: its answer to come. Until the last failure is forgotten, clients are turned
 * away at once and start nothing.
 */
async function leader(edge) {
  const before = world.link.requests();
  for (;;) {
    let isAnswered = false;
    const answer = edge.get("/mobile-data").finally(() => {
      isAnswered = true;
    });
    await until("the client is answered, or the origin asked", () => isAnswered || world.link.requests() > before);
    if (world.link.requests() > before) return { answer };
    await answer;
  }
}

const TOKEN = "a-token-of-the-tests";

/** How many requests for data the edge has finished. Its log tells only of some, where many end alike. */
async function finished(edge) {
  const page = await edge.get("/metrics", { headers: { authorization: `Bearer ${TOKEN}` } });
  assert.equal(page.status, 200);
  const counts = [...page.text.matchAll(/^edge_answers_total\{state="(?!refused)[^}]*\} (\d+)$/gm)];
  return counts.reduce((sum, [, count]) => sum + Number(count), 0);
}

test("a thousand clients that go away while they wait leave the memory as it was", async () => {
  await world.link.order("hang");
  await world.exchange.fail("bybit", { kind: "hang" });
  const edge = await world.edge({ inspector: true, vars: { METRICS_TOKEN: TOKEN } });
  const isolate = await inspect(edge);
  try {
    const rounds = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      const { answer } = await leader(edge);
      const before = await finished(edge);
      await comeAndGoAtOnce(edge, CLIENTS);
      assert.equal((await answer).status, 503);
      // A request whose client is gone is finished all the same, which is what gives its memory back.
      await until("every request is finished", async () => await finished(edge) >= before + CLIENTS + 1);
      rounds.push(await isolate.memory());
    }
    const [, first] = rounds;
    const last = rounds.at(-1);
    const told = JSON.stringify(rounds);
    assert.equal(last.wasmBytes, first.wasmBytes, told);
    assert.equal(last.references, first.references, told);
    assert.ok(last.heapBytes < first.heapBytes + (ROUNDS - 2) * CLIENTS * BYTES_PER_CLIENT, told);
  } finally {
    isolate.close();
  }
});
