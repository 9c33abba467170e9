// What the page says when sources really fail: an edge of its own in bare workerd, on a link to the origin that can be cut
// and an exchange that can be told to fail. No answer is changed on its way.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { startFront } from "./front.mjs";
import { AT_ONCE, untilTop, visit } from "./open.mjs";
import { withParts } from "./parts.mjs";
import { startEdge, startLink, startSimulator } from "../edge/support.mjs";

/** Short, so that data passes through every class within seconds; the page's own limits are longer and stay out of it. */
const LIMITS = { REFRESH_AFTER_S: "1", FRESH_S: "2", AGING_S: "4", STALE_S: "12" };

const BROKEN = { kind: "status", status: 503 };

/** Without an origin: an edge that never reached one, so that it holds nothing of it. */
async function withoutOrigin(world, kept) {
  const exchange = await kept(startSimulator());
  const edge = await kept(startEdge({ origin: "http://127.0.0.1:1", bybit: exchange.url }));
  return kept(startFront({ files: world.edge.url, data: edge.url }));
}

export function faultsSuite(world) {
  describe("when sources fail, the page says", { concurrency: AT_ONCE }, () => {
    test("each step down when one source after the other fails, and the way up again", () =>
      withParts(async (kept) => {
        const exchange = await kept(startSimulator());
        const link = await kept(startLink(world.origin.url));
        const vars = { ...LIMITS, OKX_BASE_URL: exchange.url };
        const edge = await kept(startEdge({ origin: link.url, bybit: exchange.url, vars }));
        const front = await kept(startFront({ files: world.edge.url, data: edge.url }));
        const around = { browser: world.browser, edge: front };

        const { page, done } = await visit(around, "market");
        const usual = await untilTop(page, { source: "Bybit via origin" });
        assert.deepEqual(usual.marks, ["Simulated data. Not real prices."]);

        await link.order("refuse");
        const direct = await untilTop(page, { source: "Bybit, direct" });
        assert.match(direct.state, /Scores are unavailable\.$/);

        await exchange.fail("bybit-tickers", BROKEN);
        const secondary = await untilTop(page, { source: "OKX, while Bybit is down" });
        assert.match(secondary.state, /Turnover is estimated\./);

        await exchange.fail("okx-tickers", BROKEN);
        const stale = await untilTop(page, { source: "last known good, of OKX", level: "stale", link: "ok" });
        assert.equal(stale.headline, "Stale");
        assert.match(stale.state, /^No source has anything newer than \d\d:\d\d:\d\d\. Turnover is estimated\./);

        const refused = await untilTop(page, { link: "refused" });
        assert.equal(refused.headline, "Not updating");
        assert.match(refused.state, /^No live data\. Retrying… Last update \d\d:\d\d:\d\d\./);
        assert.ok(await page.$("[data-field=btc_price]"), "the last data is no longer readable");
        const newcomer = await visit(around, "market");
        const nothing = await untilTop(newcomer.page, { level: "none", link: "refused" });
        assert.equal(nothing.headline, "No data");
        assert.equal(nothing.age, null);
        assert.equal((await newcomer.page.$$("main data")).length, 0, "a number is shown without data");
        const named = await newcomer.page.$$eval("[data-source]", (all) => all.map((item) => item.dataset.source));
        for (const source of ["origin", "bybit-direct"]) assert.ok(named.includes(source), `${source} is not among ${named}`);
        await newcomer.done();

        await exchange.recover();
        await link.order("pass");
        await untilTop(page, { source: "Bybit via origin", link: "ok" });
        await done();
      }));

    test("that data comes from the exchange directly, and names each part that is missing", () =>
      withParts(async (kept) => {
        const front = await withoutOrigin(world, kept);
        const { page, done } = await visit({ browser: world.browser, edge: front }, "market");
        await untilTop(page, { source: "Bybit, direct" });
        for (const field of ["fear_greed_value", "total_market_cap", "btc_dominance", "defi_market_cap", "total_volume"]) {
          assert.match(await page.textContent(`[data-field=${field}]`), /^unavailable only the origin collects it/, field);
        }
        assert.equal(await page.$(".dominance .stacked"), null, "a bar was drawn of shares that are unknown");
        await page.click("nav >> text=Scores");
        await page.waitForSelector(".scores .row");
        const rows = await page.$$(".scores .row");
        assert.equal((await page.$$(".scores .momentum")).length, rows.length);
        for (const ofScores of [".ring", ".spark", ".tag", "[data-field=score]"])
          assert.equal((await page.$$(`.scores ${ofScores}`)).length, 0, `${ofScores} beside momentum`);
        assert.match(await page.textContent(".of-other-kind"), /^No contract has a score right now/);
        const sides = await page.$$eval(".choice button", (all) => all.map((button) => button.textContent));
        assert.deepEqual(sides.slice(1), ["Long 0", "Neutral 0", "Short 0"]);
        await page.click(".scores .row");
        assert.match(await page.textContent("dialog .absent"), /^No score right now/);
        assert.equal((await page.$$("dialog .ring, dialog .tag")).length, 0);
        await page.keyboard.press("Escape");
        // A list of alerts that nobody looked for would look like a quiet market.
        await page.click("nav >> text=Signals");
        await page.click(".choice >> text=Alerts");
        assert.equal(await page.textContent(".absent"), "Unavailable: only the origin collects it.");
        await page.click("nav >> text=Perps");
        assert.match(
          await page.textContent("[data-field=long_pct]"),
          /^unavailable the exchange's tickers alone do not tell/,
        );
        assert.match(
          await page.textContent(".not-looked-at"),
          /^Not looked at: funding against what was paid before, the premium against its last day, long and short accounts\.$/,
        );
        await done();
      }));
  });
}
