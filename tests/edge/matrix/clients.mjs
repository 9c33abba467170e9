// Clients misbehave, and isolates go: nobody else notices.

import assert from "node:assert/strict";
import { once } from "node:events";
import net from "node:net";
import { until } from "../support/process.mjs";
import { fromOrigin } from "./expect.mjs";

const FROM_ORIGIN = { origin: 1, "bybit-tickers": 0 };

const REQUEST = "GET /mobile-data HTTP/1.1\r\nhost: edge\r\n\r\n";

/** [what a client sends, headers, path] */
const HOSTILE = [
  ["another host", { host: "evil.example" }],
  ["a forwarded host", { "x-forwarded-host": "evil.example", forwarded: "host=evil.example" }],
  ["a query", {}, "/mobile-data?symbols=XUSDT&__proto__=1"],
  ["no-cache", { "cache-control": "no-cache, no-store", pragma: "no-cache" }],
  ["huge headers", { "x-junk": "a".repeat(12_000), cookie: "b".repeat(4_000) }],
  ["a range", { range: "bytes=0-10" }],
  ["another method in a header", { "x-http-method-override": "DELETE", "x-original-url": "/admin" }],
];

const hostile = ([sends, headers, at = "/mobile-data"]) => ({
  id: "E4", fault: `a client sends ${sends} to a cold edge`, withinMs: 450,
  given: () => {},
  ask: (scene) => scene.edge.get(at, { headers }),
  expect: async (answer, scene) => {
    await fromOrigin()(answer, scene);
    const plain = await scene.edge.get("/mobile-data");
    assert.equal(plain.header("etag"), answer.header("etag"));
    assert.equal(plain.text, answer.text, "one client's request changed another's answer");
    const keys = [...new Set(scene.cache.log().map(({ key }) => key))];
    assert.ok(keys.every((key) => /^https:\/\/market-data-edge\.internal\/[a-z-]+\/\d+$/.test(key)), keys.join());
  },
  calls: FROM_ORIGIN,
});

/** Opens a connection, sends a request, and does `then` with it. */
async function client(scene, then) {
  const socket = net.connect(scene.edge.port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  socket.write(REQUEST);
  await then(socket);
}

const isAsked = (scene) => until("the origin is asked", () => scene.link.requests() === 1);

export const CLIENT_ROWS = [
  ...HOSTILE.map(hostile),
  {
    id: "E5", fault: "the isolate is killed while it waits for the origin, and the origin with it", withinMs: 450,
    given: () => {},
    ask: async (scene) => {
      assert.equal((await scene.edge.get("/mobile-data")).status, 200);
      await until("the snapshot is kept", () => scene.cache.entry("/snapshot/"));
      const crashed = await scene.start({ vars: { REFRESH_AFTER_S: "0" } });
      await scene.link.order("hang");
      scene.link.forget();
      // The one that waits is cut off when the isolate is killed, maybe before that is known here.
      const cut = crashed.get("/mobile-data").then(() => crashed.get("/mobile-data")).catch(() => {});
      await isAsked(scene).finally(() => crashed.kill());
      await cut;
      await scene.link.order("refuse");
      scene.link.forget();
      // However long that took, what the colo holds is not old enough to be renewed.
      scene.edge = await scene.start({ vars: { REFRESH_AFTER_S: "60", FRESH_S: "61", AGING_S: "62" } });
      return scene.edge.get("/mobile-data");
    },
    expect: (answer, scene) => {
      assert.equal(answer.status, 200);
      assert.equal(answer.json.data_source, "origin");
      assert.match(answer.header("cache-status"), /^edge; hit; ttl=\d+$/);
      assert.equal(answer.json.sequence, JSON.parse(scene.cache.entry("/snapshot/").body).sequence);
    },
    calls: { origin: 0, "bybit-tickers": 0 },
  },
  {
    id: "L4", fault: "the client that leads resets its connection", withinMs: 450,
    given: ({ link }) => link.order("delay", { ms: 250 }),
    ask: async (scene) => {
      let followers;
      await client(scene, async (socket) => {
        await isAsked(scene);
        followers = Promise.all(Array.from({ length: 20 }, () => scene.edge.get("/mobile-data")));
        socket.resetAndDestroy();
      });
      const answers = await followers;
      assert.ok(answers.every(({ status, json }) => status === 200 && json.data_source === "origin"));
      return answers[0];
    },
    expect: (answer) => assert.match(answer.header("cache-status"), /^edge; (fwd=uri-miss; .*collapsed|hit); ttl=\d+$/),
    calls: FROM_ORIGIN,
  },
  {
    id: "L4", fault: "twenty clients read nothing of what they asked for", withinMs: 450,
    given: () => {},
    ask: async (scene) => {
      const slow = [];
      for (let opened = 0; opened < 20; opened += 1) {
        await client(scene, (socket) => {
          socket.pause();
          // More than fits into the buffers on the way.
          socket.write(REQUEST.repeat(50));
          slow.push(socket);
        });
      }
      try {
        return await scene.edge.get("/mobile-data");
      } finally {
        for (const socket of slow) socket.destroy();
      }
    },
    expect: (answer) => assert.equal(answer.json.data_source, "origin"),
    calls: FROM_ORIGIN,
  },
];
