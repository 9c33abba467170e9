// Takes a picture of each screen and state, in the light and in the dark; scripts/screenshots calls this.

import { mkdir } from "node:fs/promises";
import path from "node:path";
import { SCREENS, aged, between, direct, launch, live, ofExchange, phone } from "./browser.mjs";

const [url, folder] = process.argv.slice(2);

/** Answers about one path are old, all others are not. */
const oldAt = (path) => (answer) => answer.path === path && aged(40_000, "aging")(answer);

const READY = {
  market: ".tile",
  scores: ".scores .row",
  signals: ".group .row, .absent",
  beta: ".line-chart canvas, .absent",
  perps: "[data-field=funding_paid]",
};

const SHOTS = [
  ...SCREENS.map((screen) => ({ name: screen, place: screen, order: [live], ready: READY[screen] })),
  { name: "stand-outs", place: "signals/opportunities", order: [live], ready: ".opportunity, .absent" },
  { name: "alerts", place: "signals/alerts", order: [live], ready: ".alert, .absent" },
  {
    name: "breakdown",
    place: "scores/ETHUSDT",
    order: [live],
    ready: "dialog .dimensions, dialog .absent",
    act: (page) => page.click("dialog details[data-dimension=orderbook] summary").catch(() => undefined),
  },
  { name: "state-simulated", place: "market", order: [] },
  { name: "state-aging", place: "market", order: [live, aged(25_000, "aging")] },
  { name: "state-stale", place: "market", order: [live, aged(100_000, "stale")] },
  { name: "state-direct", place: "market", order: [live, direct], isWhole: true },
  { name: "state-direct-perps", place: "perps", order: [live, direct] },
  { name: "state-direct-scores", place: "scores", order: [live, direct] },
  { name: "state-okx", place: "market", order: [live, ofExchange("okx", "turnover_estimated")], isWhole: true },
  { name: "state-spot", place: "market", order: [live, ofExchange("binance", "spot_market")], isWhole: true },
  { name: "state-spot-scores", place: "scores", order: [live, ofExchange("binance", "spot_market")] },
  { name: "state-old-part", place: "signals", order: [live, oldAt("/api/dashboard/signals")] },
  { name: "state-offline", place: "market", order: [live], act: (page) => page.context().setOffline(true) },
  { name: "state-no-data", place: "market", order: "refused", ready: ".no-data" },
  {
    name: "state-refused",
    place: "market",
    order: [live],
    act: async (page, link) => (link.order("refused"), page.waitForSelector(".pill[data-link=refused]")),
  },
];

/** How high a screen must be for all of the page, or of the sheet over it, to be seen at once. */
async function wholeHeight(page, least) {
  const needed = await page.evaluate(() => {
    const sheet = document.querySelector("dialog[open]");
    // A sheet leaves a part of the screen free.
    return sheet === null ? document.documentElement.scrollHeight : sheet.scrollHeight / 0.9;
  });
  return Math.max(least, Math.ceil(needed));
}

const browser = await launch();
const SIZES = {
  phone: { width: 390, height: 844 },
  narrow: { width: 320, height: 640 },
  desktop: { width: 1280, height: 900 },
  // A reader who wants text twice as large.
  "phone-large-text": { width: 390, height: 844 },
  "narrow-large-text": { width: 320, height: 640 },
};

/** The browser's own text size, which all sizes of the page follow. */
async function setTextSize(page, standard) {
  const session = await page.context().newCDPSession(page);
  await session.send("Page.setFontSizes", { fontSizes: { standard, fixed: 13 } });
}
for (const colorScheme of ["light", "dark"]) {
  for (const [size, viewport] of Object.entries(SIZES)) {
    // What is cut is cut in either colour.
    if (size.endsWith("large-text") && colorScheme === "dark") continue;
    await mkdir(path.join(folder, `${size}-${colorScheme}`), { recursive: true });
    for (const { name, place, order, ready = READY[place], act, isWhole } of SHOTS) {
      // The states look the same everywhere; one size of them is enough.
      if (size !== "phone" && name.startsWith("state-")) continue;
      const context = await phone(browser, {
        viewport,
        colorScheme,
        isMobile: size !== "desktop",
      });
      const page = await context.newPage();
      if (size.endsWith("large-text")) await setTextSize(page, 32);
      const link = await between(page);
      link.order(order);
      await page.goto(`${url}/mobile#/${place}`);
      await page.waitForSelector(ready, { timeout: 15_000 });
      await act?.(page, link);
      const picture = (suffix) => path.join(folder, `${size}-${colorScheme}`, `${name}${suffix}.png`);
      await page.screenshot({ path: picture("") });
      if (!name.startsWith("state-") || isWhole) {
        await page.setViewportSize({ ...viewport, height: await wholeHeight(page, viewport.height) });
        await page.screenshot({ path: picture("-whole") });
      }
      await context.close();
    }
  }
}
await browser.close();
