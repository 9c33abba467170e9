// Going back leads to where the reader was, and never to what was closed.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { AT_ONCE, open } from "./open.mjs";

const scrolled = (page, least) => page.waitForFunction((y) => scrollY >= y, least);

const untilHash = (page, hash) => page.waitForFunction((wanted) => location.hash === wanted, hash);

export function placesSuite(world) {
  describe("going back", { concurrency: AT_ONCE }, () => {
    test("closes a sheet where it was opened, and never opens it again", async () => {
      const { page, done } = await open(world, "market", { hold: true });
      await page.waitForSelector(".tile");
      await page.click("nav >> text=Signals");
      await page.waitForSelector(".group .row");
      const row = page.locator(".group .row").nth(30);
      await row.scrollIntoViewIfNeeded();
      const before = await page.evaluate(() => scrollY);
      assert.ok(before > 0);
      for (const close of [() => page.click("dialog .close"), () => page.goBack()]) {
        await row.click();
        await page.waitForSelector("dialog .dimensions");
        assert.equal(await page.getAttribute("main", "data-screen"), "signals");
        await close();
        await page.waitForSelector("dialog", { state: "detached" });
        await untilHash(page, "#/signals");
        assert.equal(await page.evaluate(() => scrollY), before);
      }
      await page.goBack();
      await untilHash(page, "#/market");
      assert.equal(await page.$("dialog"), null, "a closed sheet is open again");
      await done();
    });

    test("from an address that named a contract leaves the page, once its sheet is closed", async () => {
      const { page, done } = await open(world, "scores/ETHUSDT", { hold: true });
      await page.waitForSelector("dialog .dimensions");
      const length = await page.evaluate(() => history.length);
      await page.click("dialog .close");
      await page.waitForSelector("dialog", { state: "detached" });
      assert.equal(await page.evaluate(() => location.hash), "#/scores");
      assert.equal(await page.evaluate(() => history.length), length);
      await done();
    });

    test("from another screen keeps how far down the reader was", async () => {
      const { page, done } = await open(world, "scores", { hold: true });
      await page.waitForSelector(".scores .row");
      await page.evaluate(() => scrollTo(0, 1_200));
      await scrolled(page, 1_200);
      await page.click("nav >> text=Market");
      await page.waitForSelector(".tile");
      assert.equal(await page.evaluate(() => scrollY), 0);
      await page.goBack();
      await page.waitForSelector(".scores .row");
      await scrolled(page, 1_200);
      await done();
    });
  });
}
