// The age that the page tells is never below the true one, whatever stands between it and the server and however wrong the
// device's clock is.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startCacheInFront } from "./cache.mjs";
import { ageIn, untilTop, visit } from "./open.mjs";
import { withParts } from "./parts.mjs";
import { until } from "../edge/support.mjs";

const HOUR_MS = 3_600_000;

/** The page's own word for data of this age is not "Live" any more. */
const KEPT_MS = 16_000;

/** What the rules say of every other kind of cache is in rules/data.test.mjs. */
const CASES = [
  { kind: "standard", deviceIsOffBy: -HOUR_MS, device: "slow" },
  { kind: "silent", deviceIsOffBy: -HOUR_MS, device: "slow", keepsAll: true },
  { kind: "silent", deviceIsOffBy: HOUR_MS, device: "fast" },
];

export function agesSuite(world) {
  describe("the age is at least the true one behind", { concurrency: CASES.length }, () => {
    for (const { kind, deviceIsOffBy, device, keepsAll = false } of CASES) {
      const name = `a cache that is ${kind}${keepsAll ? " and keeps even what nobody may" : ""}`;
      test(`${name}, on a device whose clock is ${device}`, () =>
        withParts(async (kept) => {
          const cache = await kept(startCacheInFront(world.edge.url, kind, { keepsAll }));
          await fetch(`${cache.url}/mobile-data`);
          if (keepsAll) await fetch(`${cache.url}/mobile-data`, { method: "OPTIONS" });
          await until("the answer was kept for long", () => Date.now() - cache.asOf() > KEPT_MS, { withinMs: 60_000 });
          const prepare = (page) => page.addInitScript(setClock, deviceIsOffBy);
          const { page, done } = await visit({ browser: world.browser, edge: cache }, "market", { prepare });
          const { age, level, asOf, realNow } = await (await page.waitForFunction(readAge)).jsonValue();
          const trueAge = Math.floor((realNow - asOf) / 1_000);
          assert.equal(asOf, cache.asOf());
          // It is drawn once a second, and later on a busy machine.
          assert.ok(age >= trueAge - 1 && age <= trueAge + 6, `the page says ${age} s, but it is ${trueAge} s`);
          assert.equal(level, "aging");
          await done();
        }));
    }

    test("a proxy that tells no time: it is a least one, and nothing is called live", () =>
      withParts(async (kept) => {
        const proxy = await kept(startCacheInFront(world.edge.url, "silent", { refuses: "OPTIONS" }));
        const { page, done } = await visit({ browser: world.browser, edge: proxy }, "market");
        const shown = await untilTop(page, { link: "ok", level: "aging" });
        // It is kept for ever, so on a busy machine it is past the fresh limit before it is seen.
        const isYoung = ageIn(shown.age) <= 15;
        assert.equal(shown.headline, isYoung ? "Unchecked" : "Delayed");
        assert.match(shown.state, isYoung ? /^Age not checked yet\.$/ : /\. Age not checked yet\.$/);
        assert.match(shown.age, /^≥ \d/);
        assert.equal(await page.locator("main [data-level=fresh]").count(), 0);
        await done();
      }));
  });
}

/** Runs in the page before anything else. */
function setClock(offMs) {
  const real = Date.now;
  globalThis.realNow = real;
  Date.now = () => real() + offMs;
}

/** Runs in the page: what it says of the age once the server's time was asked for. */
function readAge() {
  const wasAsked = performance
    .getEntriesByType("resource")
    .some(({ name, responseEnd }) => /\/mobile-data\?\w+$/.test(name) && responseEnd > 0);
  const shown = document.querySelector("[data-field=age]");
  const age = / s$/.test(shown?.textContent ?? "") ? Number.parseInt(shown.textContent, 10) : NaN;
  if (!wasAsked || Number.isNaN(age)) return null;
  return {
    age,
    level: document.querySelector(".pill").dataset.level,
    asOf: Number(shown.dataset.asOf),
    realNow: globalThis.realNow(),
  };
}
