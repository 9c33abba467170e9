// Everybody can use the page: by keyboard, by ear, on a narrow phone and on a wide screen, in the light and in the dark.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { describe, test } from "node:test";
import { PHONE, SCREENS, direct, live } from "./browser.mjs";
import { AT_ONCE, open, untilTop } from "./open.mjs";

const AXE = await readFile(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");

const READY = {
  market: ".tile",
  scores: ".scores .row",
  signals: ".group .row",
  beta: ".line-chart canvas",
  perps: "[data-field=funding_paid]",
};

async function violations(page) {
  if (!(await page.evaluate(() => "axe" in globalThis))) await page.evaluate(AXE);
  const { violations: found } = await page.evaluate(() => globalThis.axe.run());
  return found.map(({ id, nodes }) => [
    id,
    nodes.slice(0, 3).map(({ html, failureSummary }) => `${html} ${failureSummary}`),
  ]);
}

const focused = (page) => page.evaluate(() => document.activeElement.textContent.trim());

export function accessSuite(world) {
  describe("axe finds nothing in the light and in the dark", { concurrency: AT_ONCE }, () => {
    const check = async (page) => {
      for (const colorScheme of ["light", "dark"]) {
        await page.emulateMedia({ colorScheme });
        assert.deepEqual(await violations(page), [], colorScheme);
      }
    };
    for (const screen of SCREENS) {
      test(`on ${screen}`, async () => {
        const { page, done } = await open(world, screen);
        await page.waitForSelector(READY[screen]);
        await check(page);
        await done();
      });
    }

    test("in a breakdown", async () => {
      const { page, done } = await open(world, "scores/ETHUSDT");
      await page.waitForSelector(".dimensions");
      await page.click("dialog details[data-dimension] summary");
      await check(page);
      await done();
    });

    test("when parts are missing or all is", async () => {
      const { page, link, done } = await open(world, "market", { order: [live, direct] });
      await page.waitForSelector(".tile");
      await check(page);
      link.order("refused");
      await page.evaluate(() => caches.delete("last-good-2"));
      await page.reload();
      await untilTop(page, { level: "none", link: "refused" });
      await check(page);
      await done();
    });
  });

  describe("by keyboard", { concurrency: AT_ONCE }, () => {
    test("the content can be skipped to, then come the screens, then the content", async () => {
      const { page, done } = await open(world, "scores", { hold: true });
      await page.waitForSelector(".scores .row");
      const order = [];
      for (let n = 0; n < 7; n += 1) {
        await page.keyboard.press("Tab");
        order.push(
          (await focused(page)) || (await page.evaluate(() => document.activeElement.getAttribute("aria-label"))),
        );
      }
      assert.deepEqual(order, ["Skip to the content", "Market", "Scores", "Signals", "Beta", "Perps", "Find a pair"]);
      await done();
    });

    test("a sheet opens, keeps the focus, closes with Escape and gives the focus back", async () => {
      const { page, done } = await open(world, "scores", { hold: true });
      await page.focus(".scores [data-symbol=ETHUSDT] a");
      await page.keyboard.press("Enter");
      await page.waitForSelector("dialog[open] .dimensions");
      for (let n = 0; n < 5; n += 1) {
        await page.keyboard.press("Tab");
        // Between its last and its first stop a modal dialog lets the browser's own controls be reached.
        assert.ok(
          await page.evaluate(
            () => document.activeElement === document.body || document.activeElement.closest("dialog") !== null,
          ),
        );
      }
      await page.keyboard.press("Escape");
      await page.waitForSelector("dialog", { state: "detached" });
      assert.equal(new URL(page.url()).hash, "#/scores");
      await page.waitForFunction(() => document.activeElement.closest("[data-symbol]")?.dataset.symbol === "ETHUSDT");
      await done();
    });

    test("a change of screen takes the focus to its title", async () => {
      const { page, done } = await open(world, "market", { hold: true });
      await page.click("nav >> text=Perps");
      await page.waitForSelector(READY.perps);
      assert.equal(await focused(page), "Perpetuals");
      assert.match(await page.title(), /^Perpetuals/);
      assert.equal(await page.getAttribute("nav [aria-current=page]", "href"), "#/perps");
      await done();
    });
  });

  describe("in a browser of another language", () => {
    test("words and digits are of one script", async () => {
      const { page, link, done } = await open(world, "market", { hold: true, device: { locale: "ar-EG" } });
      await page.waitForSelector("[data-field=btc_price]");
      const { btc_price: price } = link.body("/mobile-data").market_overview;
      const english = new Intl.NumberFormat("en-US", { maximumSignificantDigits: 10 });
      assert.equal(await page.textContent("[data-field=btc_price]"), english.format(price));
      assert.doesNotMatch(await page.innerText("body"), /[\u0600-\u06ff]/);
      await done();
    });
  });

  describe("on a screen of", { concurrency: AT_ONCE }, () => {
    for (const [width, height] of [
      [320, 568],
      [390, 844],
      [768, 1024],
      [1440, 900],
    ]) {
      test(`${width} pixels nothing is wider than the screen, at twice the size of text either`, async () => {
        const { page, context, done } = await open(world, "market", {
          hold: true,
          device: { viewport: { width, height }, isMobile: false },
        });
        const session = await context.newCDPSession(page);
        const check = async (what, screen) => {
          for (const standard of width > PHONE.width ? [16] : [16, 32]) {
            await session.send("Page.setFontSizes", { fontSizes: { standard, fixed: 13 } });
            await page.waitForFunction(
              (size) => Number.parseFloat(getComputedStyle(document.documentElement).fontSize) === size,
              standard,
            );
            assert.deepEqual(await page.evaluate(overflows, what), [], `${screen} at ${standard} px`);
          }
        };
        for (const screen of SCREENS) {
          await page.click(`nav a[href="#/${screen}"]`);
          await page.waitForSelector(READY[screen]);
          await check("body", screen);
        }
        await page.click(`nav a[href="#/scores"]`);
        await page.click(".scores [data-symbol=ETHUSDT] .row");
        await page.waitForSelector("dialog .dimensions");
        await check("dialog", "a sheet");
        await done();
      });
    }
  });
}

/** Runs in the page: what is wider than the screen, broken within a word, or written over what stands beside it. */
function overflows(what) {
  const within = document.querySelector(what);
  const found = [];
  const mayScroll = ".table-frame *, .choice *, .heatmap *, .report, .hidden, .hidden *, .skip";
  for (const element of within.querySelectorAll("*")) {
    const isFolded = element.closest("details:not([open])") !== null && element.closest("summary") === null;
    if (isFolded || element.matches(mayScroll) || element.closest("svg") !== null) continue;
    const { left, right, width } = element.getBoundingClientRect();
    if (width > 0 && (right > innerWidth + 1 || left < -1)) found.push(`${element.tagName}.${element.className} ${right}`);
  }
  for (const element of within.querySelectorAll("header h1, main *, dialog *")) {
    const words = element.textContent.trim().split(/[\s-]+/).length;
    const isText = element.childElementCount === 0 && !element.matches(mayScroll) && element.closest("svg") === null;
    if (!isText || !element.checkVisibility({ contentVisibilityAuto: true })) continue;
    const range = document.createRange();
    range.selectNodeContents(element);
    const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top)));
    if (lines.size > words) found.push(`"${element.textContent}" has ${lines.size} lines`);
  }
  const texts = [...within.querySelectorAll("main .num, main dt, main strong, dialog .num, dialog dt")].filter(
    (element) => !element.matches(mayScroll) && element.checkVisibility({ contentVisibilityAuto: true }),
  );
  const boxes = texts.map((element) => [element, element.getBoundingClientRect()]);
  for (const [index, [one, a]] of boxes.entries()) {
    for (const [other, b] of boxes.slice(index + 1, index + 12)) {
      const across = Math.min(a.right, b.right) - Math.max(a.left, b.left);
      const down = Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top);
      if (across > 2 && down > 4 && !one.contains(other) && !other.contains(one))
        found.push(`"${one.textContent}" over "${other.textContent}"`);
    }
  }
  return [...new Set(found)];
}
