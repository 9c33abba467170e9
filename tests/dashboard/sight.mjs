// What the reader must know before believing a number is in sight wherever the reader is, and nothing looks better than it is.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { aged, live } from "./browser.mjs";
import { AT_ONCE, open, untilTop } from "./open.mjs";

const NARROW = { viewport: { width: 320, height: 640 } };

/** Whether an element can be seen now: nothing lies over its middle, and its middle is on the screen. */
const isSeen = (page, selector) =>
  page.$eval(selector, (element) => {
    const { left, top, width, height } = element.getBoundingClientRect();
    const found = document.elementFromPoint(left + width / 2, top + height / 2);
    return found !== null && (element === found || element.contains(found));
  });

async function assertSeen(page, head) {
  for (const part of ["[data-field=headline]", "[data-field=age]", "[data-mark=simulated]"])
    assert.ok(await isSeen(page, `${head} ${part}`), `${part} is out of sight`);
}

/** How much colour an element's figures have left. */
const saturation = (page, selector) =>
  page.$eval(selector, (element) => {
    let left = 1;
    for (let at = element; at !== null; at = at.parentElement) {
      const [, share = "1"] = /saturate\(([\d.]+)\)/.exec(getComputedStyle(at).filter) ?? [];
      left *= Number(share);
    }
    return left;
  });

export function sightSuite(world) {
  describe("in sight is", { concurrency: AT_ONCE }, () => {
    test("what the figures are and how old, however far the reader goes", async () => {
      const { page, done } = await open(world, "scores", { hold: true, device: NARROW });
      await page.waitForSelector(".scores .row");
      await page.evaluate(() => scrollTo(0, document.body.scrollHeight));
      await assertSeen(page, "header");
      await page.click(".scores [data-symbol=ETHUSDT] .row");
      await page.waitForSelector("dialog .missing");
      await assertSeen(page, "dialog");
      await page.$eval("dialog", (sheet) => sheet.scrollTo(0, sheet.scrollHeight));
      await assertSeen(page, "dialog");
      assert.ok(await isSeen(page, "dialog .close"), "the sheet cannot be closed from here");
      await done();
    });

    test("no colour that is live over figures that are not, in the sheet as on the page", async () => {
      const { page, done } = await open(world, "scores/ETHUSDT", { order: [live, aged(100_000, "stale")] });
      await untilTop(page, { level: "stale" });
      await page.waitForSelector("dialog .dimensions");
      for (const figure of ["main .scores .num", "dialog .sheet-head .num", "dialog .dimensions .num"])
        assert.ok((await saturation(page, figure)) < 0.3, figure);
      assert.equal(await saturation(page, "dialog [data-field=headline]"), 1);
      await done();
    });

    test("that one part is older than the rest, on that part alone", async () => {
      const old = ({ body, path }) => path.includes("/breakdown/") && aged(100_000, "stale")({ body });
      const { page, done } = await open(world, "scores/ETHUSDT", { order: [live, old] });
      await page.waitForSelector("dialog .dimensions");
      assert.ok((await saturation(page, "dialog .dimensions .num")) < 0.3);
      assert.equal(await saturation(page, "dialog .sheet-head .num"), 1);
      await done();
    });

    test("a way to ask again, when there is nothing to show, which asks", async () => {
      const { page, link, done } = await open(world, "market", { order: "refused" });
      await untilTop(page, { level: "none", link: "refused" });
      assert.equal(await page.innerText(".no-data h2"), "No live data right now");
      assert.ok(!(await page.innerText("main")).includes("last good"), "the details are not folded away");
      link.order([]);
      const [asked] = await Promise.all([page.waitForRequest(/\/mobile-data$/), page.click("text=Try again")]);
      assert.equal(asked.method(), "GET");
      await page.waitForSelector("[data-field=btc_price]");
      await done();
    });
  });
}
