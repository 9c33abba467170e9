// Opens the page as a phone does and remembers everything that it must not do.

import assert from "node:assert/strict";
import { between, phone } from "./browser.mjs";

/** So many phones at once: most of a test is waiting for the page's next question. */
export const AT_ONCE = 4;

/** A phone with the page at one place; `order` is what is done to the answers on their way. */
export async function open({ browser, edge }, place, { order = [], hold = false, device = {} } = {}) {
  const context = await phone(browser, device);
  const page = await context.newPage();
  const complaints = [];
  const strangers = [];
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    // The browser itself reports every refused question as an error; here those are wanted.
    if (message.type() === "error" && !message.text().startsWith("Failed to load resource"))
      complaints.push(message.text());
  });
  context.on("request", (request) => {
    if (new URL(request.url()).origin !== new URL(edge.url).origin) strangers.push(request.url());
  });
  const link = await between(page, { hold });
  link.order(order);
  await page.goto(`${edge.url}/mobile#/${place}`);
  await page.waitForSelector("nav.tabs");
  return {
    page,
    context,
    link,
    /** Closes the page, and fails if it complained or asked anybody else. */
    done: async () => {
      await context.close();
      assert.deepEqual(complaints, [], "the page complained");
      assert.deepEqual(strangers, [], "the page asked somebody else");
      assert.ok(link.mostOpen() <= 1, `${link.mostOpen()} questions were under way at once`);
    },
  };
}

/** What the top of the page says. */
export function top(page) {
  return page.evaluate(() => {
    const text = (selector) => document.querySelector(selector)?.textContent ?? null;
    const { level, link } = document.querySelector(".pill").dataset;
    return {
      level,
      link,
      headline: text("[data-field=headline]"),
      age: text("[data-field=age]"),
      source: text("[data-field=data_source]"),
      banners: [...document.querySelectorAll(".banner")].map((banner) => banner.textContent),
    };
  });
}

/** Waits until the top of the page is as `wanted` says: `{level, link}`. */
export async function untilTop(page, wanted) {
  const selector = Object.entries(wanted).map(([name, value]) => `[data-${name}="${value}"]`);
  await page.waitForSelector(`.pill${selector.join("")}`, { timeout: 20_000 });
  return top(page);
}
