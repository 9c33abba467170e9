// Many clients, one refresh: whatever one client does, the sources are asked once and nobody else notices.

import assert from "node:assert/strict";
import net from "node:net";
import { after, afterEach, before, test } from "node:test";
import { TOLERANCE_MS, startWorld, until } from "./support.mjs";

let world, link, exchange;
let edge;

before(async () => {
  world = await startWorld();
  ({ link, exchange } = world);
});

after(() => world?.stop());

afterEach(async () => {
  await edge?.stop();
  await world.recover();
});

async function coldEdge(vars) {
  edge = await world.edge({ vars });
}

const all = (count, at = "/mobile-data") => Promise.all(Array.from({ length: count }, () => edge.get(at)));

test("many cold clients at once cause one request to the origin", async () => {
  await link.order("delay", { ms: 150 });
  await coldEdge();
  const answers = await all(60);
  assert.equal(link.requests(), 1);
  assert.ok(answers.every((answer) => answer.status === 200 && answer.json.data_source === "origin"));
  assert.equal(new Set(answers.map((answer) => answer.text)).size, 1, "clients saw different bodies");
  const statuses = answers.map((answer) => answer.header("cache-status"));
  assert.equal(statuses.filter((status) => / stored;/.test(status)).length, 1, "one request led");
  const followers = statuses.filter((status) => /^edge; fwd=uri-miss; fwd-status=200; collapsed; ttl=\d+$/.test(status));
  const hits = statuses.filter((status) => /^edge; hit; ttl=\d+$/.test(status));
  assert.equal(followers.length + hits.length, 59);
  assert.ok(followers.length > 0);
});

test("many cold clients cause one request each way when the origin hangs, and none waits past the bound", async () => {
  await link.order("hang");
  await coldEdge();
  const answers = await all(60);
  assert.equal(link.requests(), 1);
  const asked = await exchange.requests();
  assert.deepEqual([asked["bybit-tickers"], asked["bybit-instruments"] >= 1], [1, true]);
  for (const answer of answers) {
    assert.equal(answer.status, 200);
    assert.equal(answer.json.data_source, "bybit_direct");
    assert.ok(answer.tookMs < 1_800 + TOLERANCE_MS, `${answer.tookMs} ms`);
  }
});

test("many clients share one failure when everything hangs", async () => {
  await link.order("hang");
  await exchange.fail("bybit", { kind: "hang" });
  await coldEdge();
  const answers = await all(60);
  assert.equal(link.requests(), 1);
  assert.equal((await exchange.requests())["bybit-tickers"], 1);
  for (const answer of answers) {
    assert.equal(answer.status, 503);
    assert.ok(answer.tookMs < 1_800 + TOLERANCE_MS, `${answer.tookMs} ms`);
  }
});

test("a client that leads and goes away harms nobody who follows", async () => {
  await link.order("delay", { ms: 250 });
  await coldEdge();
  const leader = net.connect(edge.port, "127.0.0.1");
  leader.on("error", () => {});
  leader.write("GET /mobile-data HTTP/1.1\r\nhost: edge\r\n\r\n");
  await until("the leader's request reaches the origin", () => link.requests() === 1);
  const followers = all(20);
  leader.resetAndDestroy();
  const answers = await followers;
  assert.ok(answers.every((answer) => answer.status === 200 && answer.json.data_source === "origin"));
  assert.equal(link.requests(), 1);
});

test("clients that follow and go away harm nobody", async () => {
  await link.order("delay", { ms: 250 });
  await coldEdge();
  const leader = edge.get("/mobile-data");
  await until("the leader's request reaches the origin", () => link.requests() === 1);
  for (let gone = 0; gone < 20; gone += 1) {
    const client = net.connect(edge.port, "127.0.0.1", () => {
      client.write("GET /mobile-data HTTP/1.1\r\nhost: edge\r\n\r\n", () => client.resetAndDestroy());
    });
    client.on("error", () => {});
  }
  assert.equal((await leader).status, 200);
  const [after] = await all(1);
  assert.equal(after.status, 200);
  assert.equal(link.requests(), 1);
});

test("data past the refresh age is answered at once and refreshed once behind the answer", async () => {
  await coldEdge({ REFRESH_AFTER_S: "0", FRESH_S: "30" });
  const first = await edge.get("/mobile-data");
  await until("the origin has newer data", async () => {
    const { headers } = await fetch(`${world.origin.url}/snapshot`);
    return Number(headers.get("x-data-as-of")) > first.json.as_of_ms;
  });
  await link.order("delay", { ms: 200 });
  link.forget();
  const answers = await all(30);
  for (const answer of answers) {
    assert.equal(answer.json.as_of_ms, first.json.as_of_ms, "somebody waited for the refresh");
    assert.match(answer.header("cache-status"), /^edge; hit; ttl=\d+$/);
  }
  await until("the refresh has brought newer data", async () => (await edge.get("/mobile-data")).json.as_of_ms > first.json.as_of_ms);
  assert.equal(link.requests(), 1);
});

test("a busy edge asks an origin that has nothing newer about once a second and not for every request", async () => {
  await coldEdge({ REFRESH_AFTER_S: "0", FRESH_S: "30" });
  const frozen = await (await fetch(`${world.origin.url}/snapshot`)).text();
  await link.order("answer", { status: 200, headers: { "content-type": "application/json" }, body: frozen });
  const began = performance.now();
  let answered = 0;
  while (performance.now() - began < 1_500) {
    assert.equal((await edge.get("/mobile-data")).status, 200);
    answered += 1;
  }
  assert.ok(answered > 50, `${answered} answers`);
  assert.ok(link.requests() <= 3, `${link.requests()} requests for ${answered} answers`);
});

test("a hundred clients that go away leave the edge as it was", async () => {
  await link.order("delay", { ms: 100 });
  await coldEdge();
  await Promise.all(
    Array.from(
      { length: 100 },
      () =>
        new Promise((resolve) => {
          const client = net.connect(edge.port, "127.0.0.1", () => {
            client.write("GET /api/dashboard/overview HTTP/1.1\r\nhost: edge\r\n\r\n", () => client.resetAndDestroy());
          });
          client.on("error", () => {});
          client.on("close", resolve);
        }),
    ),
  );
  const answer = await edge.get("/api/dashboard/overview");
  assert.equal(answer.status, 200);
  assert.ok(link.requests() <= 1);
});
