// Every state of the data has a look and a sentence of its own, and no state hides or invents a number.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { aged, direct, live } from "./browser.mjs";
import { AT_ONCE, open, top, untilTop } from "./open.mjs";

const ageIn = (seconds) => (/ s$/.test(seconds) ? Number(seconds.replace(" s", "")) : NaN);

export function statesSuite(world) {
  describe("the page says", { concurrency: AT_ONCE }, () => {
    const check = async (order, wanted, { headline, source, banner }) => {
      const { page, done } = await open(world, "market", { order });
      const shown = await untilTop(page, wanted);
      assert.equal(shown.headline, headline);
      assert.equal(shown.source, source);
      if (banner === null) assert.deepEqual(shown.banners, []);
      else assert.match(shown.banners.join(" "), banner);
      await done();
      return shown;
    };

    test("that data is live, how old it is and where it came from", async () => {
      const shown = await check(
        [live],
        { level: "fresh", link: "ok" },
        { headline: "Live", source: "Bybit via origin", banner: null },
      );
      assert.ok(ageIn(shown.age) <= 15, shown.age);
    });

    test("that the market is simulated", async () => {
      await check(
        [],
        { level: "fresh" },
        { headline: "Live", source: "Bybit via origin", banner: /Simulated market: these prices are invented/ },
      );
    });

    test("that data is aging", async () => {
      const shown = await check(
        [live, aged(25_000, "aging")],
        { level: "aging" },
        { headline: "Aging", source: "Bybit via origin", banner: /Newer data is on its way/ },
      );
      assert.ok(ageIn(shown.age) >= 25, shown.age);
    });

    test("that data is stale and the last known good", async () => {
      const order = [live, aged(100_000, "stale")];
      const shown = await check(
        order,
        { level: "stale" },
        { headline: "Stale", source: "last known good", banner: /Every source failed.*last known good.*true at \d/ },
      );
      assert.ok(ageIn(shown.age) >= 100, shown.age);
    });

    test("that data comes from the exchange directly, and names each part that is missing", async () => {
      const { page, done } = await open(world, "market", { order: [live, direct] });
      const shown = await untilTop(page, { level: "fresh" });
      assert.equal(shown.source, "Bybit, direct");
      assert.match(shown.banners.join(" "), /from the exchange directly: scores are momentum only/);
      for (const field of [
        "fear_greed_value",
        "total_market_cap",
        "btc_dominance",
        "defi_market_cap",
        "total_volume",
      ]) {
        assert.match(await page.textContent(`[data-field=${field}]`), /^unavailable only the origin knows it/, field);
      }
      assert.equal(await page.$(".dominance .stacked"), null, "a bar was drawn of shares that are unknown");
      await page.click("nav >> text=Scores");
      await page.waitForSelector(".scores .row");
      const rows = await page.$$(".scores .row");
      assert.equal((await page.$$(".scores .tag.momentum")).length, rows.length);
      assert.equal((await page.$$(".scores .ring.ticker_momentum")).length, rows.length);
      assert.equal((await page.$$(".scores .spark")).length, 0);
      await page.click(".scores .row");
      assert.match(await page.textContent("dialog .absent"), /This score is momentum/);
      await done();
    });

    test("that another exchange stands in", async () => {
      const secondary = ({ body }) => (body.data_source = "secondary_exchange");
      await check(
        [live, secondary],
        { level: "fresh" },
        { headline: "Live", source: "another exchange", banner: /another exchange than usual/ },
      );
    });

    test("that there is nothing, and what each source said", async () => {
      const { page, done } = await open(world, "market", { order: "refused" });
      const shown = await untilTop(page, { level: "none", link: "refused" });
      assert.equal(shown.headline, "No valid data");
      assert.equal(shown.age, null);
      assert.equal((await page.$$("main data")).length, 0, "a number is shown without data");
      assert.deepEqual(await page.$$eval("[data-source]", (all) => all.map((item) => item.dataset.source)), [
        "origin",
        "bybit-direct",
        "edge-last-good",
      ]);
      assert.match(await page.textContent(".no-data"), /No source has data that is complete and young enough/);
      await done();
    });

    test("that the server refuses, above the last good data", async () => {
      const { page, link, done } = await open(world, "market", { order: [live] });
      await untilTop(page, { level: "fresh" });
      link.order("refused");
      const shown = await untilTop(page, { link: "refused" });
      assert.equal(shown.headline, "No valid data");
      assert.match(shown.banners.join(" "), /no valid data at the moment.*what was true at \d/);
      assert.ok(await page.$("[data-field=btc_price]"));
      link.order([live]);
      await untilTop(page, { level: "fresh", link: "ok" });
      await done();
    });

    test("that it cannot reach the server, and that it can again", async () => {
      const { page, link, done } = await open(world, "market", { order: [live] });
      await untilTop(page, { link: "ok" });
      link.order("cut");
      const shown = await untilTop(page, { link: "unreachable" });
      assert.equal(shown.headline, "No connection");
      assert.match(shown.banners.join(" "), /server cannot be reached/);
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
      assert.match(before.banners.join(" "), /This device is offline/);
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
      assert.match(shown.banners.join(" "), /another version than this page: load the page again/);
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

    test("that a part is not there, while the rest is", async () => {
      const { page, done } = await open(world, "signals/alerts", { order: [live] });
      await page.route("**/api/dashboard/alerts", (route) =>
        route.fulfill({
          status: 503,
          headers: { "content-type": "application/problem+json", date: new Date().toUTCString() },
          body: JSON.stringify({
            type: "x",
            title: "No valid market data",
            status: 503,
            detail: "…",
            sources: [{ name: "analysis", outcome: "not_analysed", as_of_ms: null }],
          }),
        }),
      );
      await page.reload();
      await page.waitForSelector(".absent");
      assert.equal(await page.textContent(".absent"), "Unavailable: the analysis is not ready.");
      assert.equal((await untilTop(page, { level: "fresh" })).headline, "Live");
      await done();
    });
  });

  describe("a visit without a network", () => {
    test("opens the page and shows the last data, marked with its age and as kept on the device", async () => {
      const { browser, edge } = world;
      const context = await browser.newContext({ locale: "en-US", timezoneId: "UTC" });
      const page = await context.newPage();
      await page.goto(`${edge.url}/mobile`);
      await page.waitForSelector("[data-field=btc_price]");
      const price = await page.evaluate(async () => {
        await navigator.serviceWorker.ready;
        // Both what the page itself keeps and what the service worker keeps are there.
        while ((await (await caches.open("last-good-1")).keys()).length === 0)
          await new Promise((resolve) => setTimeout(resolve, 50));
        return document.querySelector("[data-field=btc_price]").value;
      });
      const kept = await page.evaluate(async () => {
        const found = [];
        for (const name of (await caches.keys()).filter((name) => name.startsWith("shell-")))
          found.push(...(await (await caches.open(name)).keys()));
        return found.map(({ url }) => new URL(url).pathname);
      });
      assert.ok(kept.includes("/mobile"));
      assert.deepEqual(
        kept.filter((path) => path.startsWith("/api") || path === "/mobile-data"),
        [],
        "the shell holds data",
      );
      await context.setOffline(true);
      await page.reload();
      await page.waitForSelector("[data-field=btc_price]");
      const shown = await top(page);
      assert.equal(shown.headline, "Offline");
      assert.match(shown.banners.join(" "), /offline.*Kept on this device since the last visit.*what was true at/);
      assert.ok(Number(price) > 0);
      const { asOf, age } = await page.$eval("[data-field=age]", (element) => ({
        asOf: Number(element.dataset.asOf),
        age: element.textContent,
      }));
      assert.ok(Math.abs(Date.now() - asOf - ageIn(age) * 1_000) < 3_000, `${age} for data of ${asOf}`);
      await context.close();
    });
  });
}
