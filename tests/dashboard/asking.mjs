// How the page asks the real edge: with what it holds, one question at a time, rarely when that is no use, and not at all
// while nobody sees it. When each question is due is the poller's, and its own tests move its clock; these prove the wiring.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { describe, test } from "node:test";
import { chromium } from "playwright-core";
import { CHROMIUM, LAUNCH_ARGUMENTS, between } from "./browser.mjs";
import { startFront } from "./front.mjs";
import { AT_ONCE, questions, untilTop, visit, watch } from "./open.mjs";
import { withParts } from "./parts.mjs";
import { STILL_LIMITS, firstData, startEdge } from "../edge/support.mjs";

/** The page's pace for what every screen needs, milliseconds. */
const PACE_MS = 3_000;

const NOBODY = "http://127.0.0.1:1";

/**
 * A browser with tabs, of which only the front one is seen. Playwright holds every page of the browsers that it starts for
 * seen; of one that it is connected to it lets the tabs be.
 */
async function withTabs(use) {
  const profile = await mkdtemp(path.join(tmpdir(), "tabs-"));
  const child = spawn(
    CHROMIUM,
    [...LAUNCH_ARGUMENTS, "--headless", "--remote-debugging-port=0", `--user-data-dir=${profile}`, "about:blank"],
    { stdio: ["ignore", "ignore", "pipe"] },
  );
  const gone = once(child, "exit");
  try {
    const browser = await chromium.connectOverCDP(await debuggingAddress(child), { noDefaults: true });
    await use(browser.contexts()[0]);
    await browser.close();
  } finally {
    child.kill();
    await gone;
    await rm(profile, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function debuggingAddress(child) {
  for await (const line of createInterface({ input: child.stderr })) {
    const [, address] = /listening on (ws:\S+)/.exec(line) ?? [];
    if (address) return address;
  }
  throw new Error("Chromium ended before it listened");
}

const untilSeen = (page, state) =>
  page.waitForFunction((wanted) => document.visibilityState === wanted, state, { polling: 100 });

/** Waits until a page has asked so many times more; gives what was asked in all. */
async function untilAsked(page, more) {
  const least = (await questions(page)).length + more;
  for (;;) {
    const asked = await questions(page);
    if (asked.length >= least) return asked;
    await page.waitForTimeout(100);
  }
}

export function askingSuite(world) {
  describe("the page asks", { concurrency: AT_ONCE }, () => {
    test("nothing while it is hidden, and at once when it is seen again", () =>
      withTabs(async (context) => {
        const watched = watch(context, world.edge.url);
        const [page, other] = [await context.newPage(), await context.newPage()];
        await page.bringToFront();
        await page.goto(`${world.edge.url}/mobile`);
        await untilTop(page, { link: "ok" });
        await page.evaluate(() => {
          globalThis.shownAt = [];
          document.addEventListener("visibilitychange", () => {
            if (document.visibilityState === "visible") globalThis.shownAt.push(performance.now());
          });
        });

        await other.bringToFront();
        await other.goto(`${world.edge.url}/mobile`);
        await untilSeen(page, "hidden");
        // A question may have been under way; then time goes on for a page that is seen, and none follows here.
        await untilAsked(other, 1);
        const before = await questions(page);
        await untilAsked(other, 3);
        assert.deepEqual(await questions(page), before, "a hidden page asked");

        await page.bringToFront();
        await untilSeen(page, "visible");
        const asked = await untilAsked(page, 1);
        const [shownAt] = await page.evaluate(() => globalThis.shownAt);
        const waited = asked[before.length].from - shownAt;
        assert.ok(waited >= 0 && waited < PACE_MS, `it was asked ${waited} ms after the page was seen again`);
        watched.check();
      }));

    test("with the ETag of what it holds, and takes the answer that nothing changed", () =>
      withParts(async (kept) => {
        const still = await kept(startEdge({ origin: world.origin.url, bybit: NOBODY, vars: STILL_LIMITS }));
        await firstData(still);
        const front = await kept(startFront({ files: world.edge.url, data: still.url }));
        const answers = [];
        const prepare = async (page) => {
          page.on("response", (response) => {
            const isOfData = response.request().method() === "GET" && new URL(response.url()).pathname === "/mobile-data";
            if (isOfData) answers.push(response);
          });
        };
        const { page, done } = await visit({ browser: world.browser, edge: front }, "market", { prepare });
        await untilAsked(page, 2);
        assert.equal((await untilTop(page, { link: "ok" })).source, "Bybit via origin");
        const etag = answers[0].headers()["etag"];
        assert.ok(etag.startsWith('W/"'), etag);
        for (const [index, answer] of answers.entries()) {
          assert.equal(answer.status(), index === 0 ? 200 : 304);
          assert.equal(answer.request().headers()["if-none-match"], index === 0 ? undefined : etag);
        }
        assert.ok(answers.length > 1, "it asked once");
        await done();
      }));

    test("ever less often while the server cannot be reached", async () => {
      let link;
      const prepare = async (page) => {
        await page.clock.install();
        await page.addInitScript(watchQuestions);
        link = await between(page);
      };
      const { page, done } = await visit(world, "market", { prepare });
      await untilTop(page, { link: "ok" });
      // From here on the page's clock stands still but for what this test adds to it, and never while a question is open.
      const noneOpen = async () => {
        while ((await page.evaluate(() => globalThis.openQuestions)) > 0) await page.waitForTimeout(5);
      };
      // The step to there is shorter than the page's patience, which would end a question that is under way.
      await page.clock.pauseAt((await page.evaluate(() => Date.now())) + 4_000);
      await noneOpen();
      link.order("cut");
      let failedAt = [];
      while (failedAt.length < 5) {
        await page.clock.runFor(500);
        await noneOpen();
        failedAt = await page.evaluate(() => globalThis.failedAt);
      }
      const pauses = failedAt.slice(1).map((at, index) => at - failedAt[index]);
      for (const [index, pause] of pauses.entries())
        assert.ok(index === 0 ? pause < PACE_MS * 1.5 : pause > pauses[index - 1] * 1.2, `the pauses were ${pauses} ms`);
      await done();
    });
  });
}

/**
 * Runs in the page before anything else: how many questions are open, and when, by the page's clock, one about data failed.
 * A clock that is set and stopped puts the page's knowledge of the time in doubt, so it asks for that too, at pauses of its
 * own, since a proxy may swallow such questions alone.
 */
function watchQuestions() {
  const ask = globalThis.fetch;
  Object.assign(globalThis, { openQuestions: 0, failedAt: [] });
  globalThis.fetch = async (...question) => {
    globalThis.openQuestions += 1;
    try {
      return await ask(...question);
    } catch (error) {
      const [, { method = "GET" } = {}] = question;
      if (method === "GET") globalThis.failedAt.push(Date.now());
      throw error;
    } finally {
      globalThis.openQuestions -= 1;
    }
  };
}
