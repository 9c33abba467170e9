// The origin fails and comes back; the matrix has what clients get meanwhile.

import assert from "node:assert/strict";
import { test } from "node:test";
import { until, useWorld } from "./support.mjs";

const world = useWorld();

test("a failing origin is told in the log, once, in one line", async () => {
  await world.link.order("answer", { status: 503 });
  const edge = await world.edge();
  await edge.get("/mobile-data");
  const lines = await until("the line is written", () => {
    const found = edge.logs().filter((line) => line.event === "refresh");
    return found.length > 0 && found;
  });
  assert.equal(lines.length, 1);
  assert.equal(lines[0].via, "bybit-direct");
  assert.deepEqual(lines[0].asked.map(({ source, outcome }) => [source, outcome]), [["origin", "http_503"], ["bybit-direct", "ok"]]);
});

test("the edge goes back to the origin as soon as it answers again", async () => {
  await world.link.order("refuse");
  const edge = await world.edge({ vars: { REFRESH_AFTER_S: "0", FRESH_S: "30" } });
  const down = await edge.get("/mobile-data");
  assert.equal(down.json.data_source, "bybit_direct");
  await world.link.order("pass");
  const back = await until("data comes from the origin", async () => {
    const answer = await edge.get("/mobile-data");
    assert.equal(answer.status, 200);
    return answer.json.data_source === "origin" && answer;
  });
  assert.ok(back.json.as_of_ms >= down.json.as_of_ms, "time went back");
  assert.ok(!back.json.degraded.some((reason) => reason.startsWith("origin_")));
});

test("data that was held is never replaced by older data", async () => {
  await world.link.order("pass");
  const edge = await world.edge({ vars: { REFRESH_AFTER_S: "0", FRESH_S: "30" } });
  const first = await edge.get("/mobile-data");
  await world.link.order("rewrite", {
    json: (s) => ({ ...s, as_of_ms: s.as_of_ms - 20_000 }),
    headers: (headers) => ({ ...headers, "x-data-as-of": String(Number(headers["x-data-as-of"]) - 20_000) }),
  });
  world.link.forget();
  await until("the origin was asked twice", async () => {
    const answer = await edge.get("/mobile-data");
    assert.ok(answer.json.as_of_ms >= first.json.as_of_ms, "time went back");
    return world.link.requests() >= 2;
  });
});
