// What the page says of its figures is true of them on every screen: whose they are, how old each part is, in which order, and
// what they are not. The sentences themselves are tested without a browser, in rules/screens.test.mjs.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { NOT_ADVICE } from "../../edge/dashboard/src/words.ts";
import { SCREENS, aged, live, ofExchange } from "./browser.mjs";
import { AT_ONCE, open, untilTop } from "./open.mjs";

const textOf = (page, selector) => page.textContent(selector);

/** The exchanges that may stand in for Bybit, and what the page says of their figures. */
const OTHERS = [
  {
    order: [live, ofExchange("okx", "turnover_estimated")],
    source: "OKX, while Bybit is down",
    caveat: /Turnover is estimated\./,
    turnover: /Perpetuals turnover.*24 h, estimated, \d+ contracts on OKX$/,
    heatMap: /area: estimated turnover/,
    breadth: /^\d+ contracts$/,
    sheet: /24 h, estimated/,
    attribution: /^Prices by OKX\. /,
  },
  {
    order: [live, ofExchange("binance", "spot_market")],
    source: "Binance spot, while Bybit is down",
    caveat: /Spot prices and volumes, no perpetuals\./,
    turnover: /Spot turnover.*24 h, spot, \d+ pairs on Binance spot$/,
    heatMap: /area: spot turnover/,
    breadth: /^\d+ pairs$/,
    sheet: /24 h, spot/,
    attribution: /^Prices by Binance spot\. /,
  },
];

export function wordsSuite(world) {
  describe("the words", { concurrency: AT_ONCE }, () => {
    for (const { order, source, caveat, turnover, heatMap, breadth, sheet, attribution } of OTHERS) {
      test(`say on every screen that the figures are of ${source}`, async () => {
        const { page, done } = await open(world, "market", { order });
        for (const screen of SCREENS) {
          await page.click(`nav a[href="#/${screen}"]`);
          const { state } = await untilTop(page, { source });
          assert.match(state, caveat, screen);
        }
        await page.click(`nav a[href="#/market"]`);
        const figures = await page.$$eval(".figure", (all) => all.map((figure) => figure.textContent));
        assert.ok(figures.some((figure) => turnover.test(figure.replace(/\$[\d.]+[KMBT]/, ""))), figures.join("\n"));
        assert.match(await textOf(page, ".card:has(.heatmap) .note"), heatMap);
        assert.match(await textOf(page, "[data-field=breadth_total]"), breadth);
        assert.match(await textOf(page, ".sources ~ .attribution"), attribution);
        assert.ok(!(await textOf(page, "main")).includes("on Bybit"));
        await page.click(`nav a[href="#/scores"]`);
        await page.click(".scores .row");
        assert.match(await textOf(page, "dialog .sheet-head"), sheet);
        assert.match(await textOf(page, "dialog [data-field=state]"), caveat);
        await done();
      });
    }

    test("name the exchange of the last known good", async () => {
      const { page, done } = await open(world, "market", { order: [live, aged(100_000, "stale")] });
      const { state } = await untilTop(page, { source: "last known good, of Bybit", headline: "Stale" });
      assert.match(state, /^No source has anything newer than \d\d:\d\d:\d\d\.$/);
      await done();
    });

    for (const [place, path] of [
      ["signals", "/api/dashboard/signals"],
      ["signals/opportunities", "/api/dashboard/opportunities"],
      ["signals/alerts", "/api/dashboard/alerts"],
      ["perps", "/api/dashboard/perpetuals-pulse"],
    ]) {
      test(`say of ${place} that it is older than the rest, on itself`, async () => {
        const old = (answer) => answer.path === path && aged(40_000, "aging")(answer);
        const { page, done } = await open(world, place, { order: [live, old] });
        await page.waitForSelector("main .part-age.behind");
        assert.match(
          await textOf(page, "main .part-age"),
          /^As of \d\d:\d\d:\d\d, \d+ s ago\. Older than the prices on top\.$/,
        );
        await untilTop(page, { level: "fresh", headline: "Live" });
        // Between two answers it may grow old on a slow machine.
        await page.waitForSelector("main .dated[data-level=aging]");
        await done();
      });
    }

    test("say of a page that is opened again that it is not refreshed yet, and nothing of sources", async () => {
      const { page, link, done } = await open(world, "market", { order: [live, aged(100_000, "stale")] });
      await untilTop(page, { level: "stale" });
      await page.waitForFunction(async () => (await (await caches.open("last-good-2")).match("/mobile-data")) !== undefined);
      link.order("silent");
      await page.reload();
      await page.waitForSelector("[data-field=btc_price]");
      const { state, link: way } = await untilTop(page, { headline: "Stale", isChecked: true });
      assert.equal(way, "ok");
      assert.match(state, /^As of \d\d:\d\d:\d\d, not refreshed yet\. Saved on this device\.$/);
      await done();
    });

    test("say by what the scores are sorted, and since when they are held", async () => {
      const { page, link, done } = await open(world, "scores", { hold: true });
      await page.waitForSelector(".scores .row");
      assert.equal(await textOf(page, "[data-field=order]"), "Sorted by highest score.");
      const order = () => page.$$eval(".scores li", (all) => all.map((row) => row.dataset.symbol));
      const before = await order();
      link.change(({ body }) => {
        const scores = body.confluence_scores;
        const last = scores.at(-1);
        body.confluence_scores = [{ ...last, score: 99 }, ...scores.slice(0, -1)];
        body.as_of_ms += 1;
      });
      await page.waitForFunction(() => /held still/.test(document.querySelector("[data-field=order]").textContent));
      assert.match(await textOf(page, "[data-field=order]"), /^Sorted by highest score at \d\d:\d\d:\d\d, held still\.$/);
      assert.deepEqual(await order(), before, "a row moved away under a finger");
      await page.click(".resort");
      assert.equal(await textOf(page, "[data-field=order]"), "Sorted by highest score.");
      assert.equal((await order())[0], before.at(-1));
      await done();
    });

    test("say beside every verdict that it is no advice, and of no score that it is reliable", async () => {
      const { page, done } = await open(world, "signals", { hold: true });
      await page.waitForSelector(".group .row");
      assert.equal(await textOf(page, "main .not-advice"), NOT_ADVICE);
      assert.match(await textOf(page, ".group .row .why"), /inputs \d+%$/);
      await page.click(".choice >> text=Stand-outs");
      await page.waitForSelector(".opportunity, .absent");
      assert.equal(await textOf(page, "main .not-advice"), NOT_ADVICE);
      assert.doesNotMatch(await page.innerText("main"), /reliab|probab|potential|confiden/i);
      await page.goto(`${world.edge.url}/mobile#/scores/ETHUSDT`);
      await page.waitForSelector("dialog .dimensions");
      assert.equal(await textOf(page, "dialog .not-advice"), NOT_ADVICE);
      assert.match(await textOf(page, ".figure:has([data-field=reliability])"), /^Inputs\d+%(there and fresh|\d+ of \d+ missing)$/);
      assert.doesNotMatch(await page.innerText("dialog"), /reliab|probab|confiden/i);
      await done();
    });
  });
}
