// A variable that cannot be used: a named error in the log, a plain problem to the client, and no data.

import assert from "node:assert/strict";
import { afterEach, test } from "node:test";
import { startEdge, until } from "./support.mjs";

let edge;
afterEach(() => edge?.stop());

const NOBODY = "http://127.0.0.1:1";

for (const [what, vars, reason] of [
  ["a limit that is no number", { FRESH_S: "soon" }, 'FRESH_S is "soon", which is not a whole number of seconds, 86400 at most'],
  ["limits that do not ascend", { FRESH_S: "60" }, /^REFRESH_AFTER_S, FRESH_S, AGING_S, STALE_S: freshness limits must ascend/],
  ["an address that is none", { ORIGIN_URL: "origin" }, /^ORIGIN_URL is "origin", which is not an http\(s\) address/],
  ["a secret that is too short", { ORIGIN_SECRET: "hunter2" }, "ORIGIN_SECRET (not shown, for it is a secret): a secret in it is 7 bytes long, and one has 16 at least"],
  ["a secret that everybody on the way could read", { ORIGIN_URL: "http://origin.example", ORIGIN_SECRET: "hunter2-hunter2-hunter2" }, 'ORIGIN_URL is "http://origin.example", over which ORIGIN_SECRET would go unencrypted: use https, or unset the secret'],
  ["no origin", { ORIGIN_URL: undefined }, "ORIGIN_URL is not set"],
]) {
  test(`${what}: 500 without internals, and the log names variable and value`, async () => {
    edge = await startEdge({ origin: NOBODY, bybit: NOBODY, vars, expected: [500] });
    for (const path of ["/mobile-data", "/health"]) {
      const answer = await edge.get(path);
      assert.equal(answer.status, 500);
      assert.ok(!answer.text.includes("_S"), "the client was told internals");
      assert.ok(!answer.text.includes("hunter"), "the client was told a secret");
    }
    const line = await until("the log names it", () => edge.logs().find((line) => line.event === "bad_configuration"));
    if (typeof reason === "string") assert.equal(line.reason, reason);
    else assert.match(line.reason, reason);
    assert.doesNotMatch(edge.lines.join("\n"), /hunter/);
    assert.equal((await edge.get("/nothing-here")).status, 404);
  });
}
