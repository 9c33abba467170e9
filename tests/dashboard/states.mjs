// Every state of the data has a look and a sentence of its own, and no state hides or invents a number. States that failing
// sources bring about are made by failing sources, in faults.mjs; here are those that take a live market, the better part
// of a minute, a broken server or another release, so answers are changed on their way.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { aged, live } from "./browser.mjs";
import { AT_ONCE, ageIn, open, untilTop } from "./open.mjs";

export function statesSuite(world) {
  describe("the page says", { concurrency: AT_ONCE }, () => {
    const check = async (order, wanted, { headline, source, state, marks = [] }) => {
      const { page, done } = await open(world, "market", { order });
      // A moment before that the server's time is not known.
      const shown = await untilTop(page, { isChecked: true, ...wanted });
      assert.equal(shown.headline, headline);
      assert.equal(shown.source, source);
      assert.match(shown.state, state);
      assert.deepEqual(shown.marks, marks);
      await done();
      return shown;
    };

    test("that data is live, how old it is and where it came from", async () => {
      const shown = await check(
        [live],
        { level: "fresh", link: "ok" },
        { headline: "Live", source: "Bybit via origin", state: /^$/ },
      );
      assert.ok(ageIn(shown.age) <= 15, shown.age);
    });

    test("that the market is simulated", async () => {
      await check(
        [],
        { level: "fresh" },
        { headline: "Live", source: "Bybit via origin", state: /^$/, marks: ["Simulated data. Not real prices."] },
      );
    });

    test("that data is aging", async () => {
      const shown = await check(
        [live, aged(25_000, "aging")],
        { level: "aging" },
        { headline: "Delayed", source: "Bybit via origin", state: /^The server has nothing newer than \d\d:\d\d:\d\d yet\.$/ },
      );
      assert.ok(ageIn(shown.age) >= 25, shown.age);
    });

    test("that it cannot reach the server, and that it can again", async () => {
      const { page, link, done } = await open(world, "market", { order: [live] });
      await untilTop(page, { level: "fresh", link: "ok" });
      link.order("cut");
      const shown = await untilTop(page, { link: "unreachable" });
      assert.equal(shown.headline, "No connection");
      assert.match(shown.state, /^Can't connect\. Retrying… Last update \d\d:\d\d:\d\d\.$/);
      link.order([live]);
      await untilTop(page, { level: "fresh", link: "ok" });
      await done();
    });

    test("that the device is offline, while the age of the data goes on", async () => {
      const { page, context, done } = await open(world, "market", { order: [live] });
      await untilTop(page, { level: "fresh" });
      await context.setOffline(true);
      const before = await untilTop(page, { link: "offline" });
      assert.equal(before.headline, "Offline");
      assert.match(before.state, /^This device is offline\. Last update/);
      await page.waitForFunction(
        (age) => Number.parseInt(document.querySelector("[data-field=age]").textContent, 10) > age,
        ageIn(before.age),
      );
      assert.ok(await page.$("[data-field=btc_price]"), "the last data is no longer readable");
      await done();
    });

    test("that an answer was no data", async () => {
      const garbage = ({ body }) => (body.as_of_ms = "now");
      const { page, done } = await open(world, "market", { order: [garbage] });
      const shown = await untilTop(page, { level: "none", link: "faulty" });
      assert.equal(shown.headline, "Server error");
      assert.equal((await page.$$("main data")).length, 0);
      await done();
    });

    test("that it is of another version than the server", async () => {
      const newer = ({ body }) => "schema_version" in body && (body.schema_version += 1);
      const { page, done } = await open(world, "market", { order: [newer] });
      const shown = await untilTop(page, { level: "none", link: "faulty" });
      assert.match(shown.state, /^Update available: load the page again\./);
      await done();
    });

    test("that a body cannot be shown, and shows the next one that can", async () => {
      const broken = ({ body, path }) => path === "/mobile-data" && delete body.market_breadth;
      const { page, link, done } = await open(world, "market", { order: [broken] });
      await page.waitForSelector("main .absent");
      assert.equal(await page.textContent("main"), "What the server sent cannot be shown here.");
      link.order([]);
      await page.waitForSelector("[data-field=breadth_up]");
      await done();
    });
  });
}
