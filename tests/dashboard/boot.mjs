// Until the page's program runs, and where it never will: the page says so, leads to what still works, and heals.

import assert from "node:assert/strict";
import { readFile, readdir } from "node:fs/promises";
import path from "node:path";
import { describe, test } from "node:test";
import esbuild from "esbuild";
import { phone } from "./browser.mjs";
import { AT_ONCE, untilTop, visit } from "./open.mjs";
import { ROOT } from "../edge/support.mjs";

const BUILD = path.join(ROOT, "edge", "dashboard", "build");
const PROGRAM = /\/assets\/main-\w+\.js$/;
const STYLES = /\/assets\/main-\w+\.css$/;
const LOOKOUT = /\/mobile\/boot\.js$/;

/** What the notice of a page that does not start says; nothing while it is not seen. */
const seenNotice = (page) =>
  page.evaluate(() => {
    const notice = document.querySelector("#boot");
    return notice !== null && getComputedStyle(notice).visibility === "visible" ? notice.innerText : null;
  });

const missing = (route) => route.fulfill({ status: 404, headers: { "cache-control": "no-store" }, body: "" });
/** Whether the program or the lookout was answered first. */
const MISSING = /This page did not start\s+Its program (could not be loaded|has not arrived)\./;
const hanging = () => undefined;

export function bootSuite(world) {
  describe("while its program does not run, the page", { concurrency: AT_ONCE }, () => {
    /** Opens the page with its clock in the test's hand; files that match are answered as `answers` says. */
    const withFiles = async (answers, use, { script } = {}) => {
      const context = await phone(world.browser);
      context.setDefaultTimeout(60_000);
      const page = await context.newPage();
      await page.clock.install();
      if (script) await page.addInitScript(script);
      for (const [file, answer] of answers) await page.route(file, answer);
      await page.goto(`${world.edge.url}/mobile`, { waitUntil: "commit" });
      await use(page);
      await context.close();
    };
    /** Time goes on until the notice is seen, and then it says this. */
    const assertSays = async (page, said) => {
      while ((await page.$("#boot.told")) === null) await page.clock.runFor(1_000);
      assert.match(await seenNotice(page), said);
      const links = await page.$$eval("#boot a", (all) => all.map((link) => link.getAttribute("href")));
      assert.deepEqual(links, ["/mobile", "/mobile-data"]);
    };

    test("says that it is missing, and starts by itself when it is there again", () =>
      withFiles([[PROGRAM, missing]], async (page) => {
        await assertSays(page, MISSING);
        await page.unroute(PROGRAM);
        const reloaded = page.waitForEvent("framenavigated");
        await page.clock.runFor(10_000);
        await reloaded;
        await untilTop(page, { link: "ok" });
        assert.equal(await page.$("#boot"), null);
      }));

    test("says so by its style sheet alone, when nothing else came", () =>
      withFiles([[PROGRAM, missing], [LOOKOUT, missing]], async (page) => {
        await page.waitForLoadState();
        assert.equal(await seenNotice(page), null);
        await page.evaluate(() => document.querySelector("#boot").getAnimations().forEach((each) => each.finish()));
        assert.match(await seenNotice(page), /Its program has not arrived, or this browser is too old/);
      }));

    test("says what the program failed of", () => {
      const script = () => delete globalThis.Intl;
      return withFiles([], (page) => assertSays(page, /Its program failed: .*Intl/), { script });
    });

    test("does not wait for styles that hang", () =>
      withFiles([[STYLES, hanging]], async (page) => {
        await page.waitForSelector("#boot", { state: "attached" });
        while ((await page.$("[data-field=btc_price]")) === null) await page.clock.runFor(1_000);
      }));
  });

  describe("in a browser that has or allows less, the page", { concurrency: AT_ONCE }, () => {
    const withScript = async (script, use) => {
      const prepare = (page) => page.addInitScript(script);
      const { page, done } = await visit(world, "market", { prepare, device: { serviceWorkers: "allow" } });
      await use(page);
      await done();
    };

    test("works without stores and service workers", () => {
      const refuse = () => {
        const refused = () => {
          throw new DOMException("refused", "SecurityError");
        };
        for (const name of ["caches", "localStorage", "sessionStorage", "indexedDB"])
          Object.defineProperty(globalThis, name, { get: refused });
        Object.defineProperty(navigator, "serviceWorker", { get: refused });
      };
      return withScript(refuse, (page) => page.waitForSelector("[data-field=btc_price]"));
    });

    test("works with what the oldest browser that is promised has", () => {
      const age = () => {
        for (const name of ["toSorted", "toReversed", "toSpliced", "with", "findLast", "group"])
          delete Array.prototype[name];
        for (const name of ["timeout", "any"]) delete AbortSignal[name];
        for (const name of ["groupBy"]) delete Object[name];
        for (const name of ["withResolvers", "try"]) delete Promise[name];
        for (const name of ["structuredClone", "BroadcastChannel", "scheduler", "navigation"])
          delete globalThis[name];
        for (const name of ["connection", "locks"]) delete Navigator.prototype[name];
        CSS.supports = () => false;
      };
      return withScript(age, async (page) => {
        for (const [screen, ready] of [
          ["Scores", ".scores .row"],
          ["Signals", ".group .row"],
          ["Beta", ".line-chart canvas"],
          ["Perps", "[data-field=funding_paid]"],
          ["Market", "[data-field=btc_price]"],
        ]) {
          await page.click(`nav >> text=${screen}`);
          await page.waitForSelector(ready);
        }
      });
    });

    test("says what is wrong without a way to ask, which is no matter of the connection", () =>
      withScript("delete globalThis.fetch", async (page) => {
        const shown = await untilTop(page, { level: "none", link: "defect" });
        assert.equal(shown.headline, "Page error");
        assert.match(await page.textContent("body"), /does not work in this browser \(.+\)/);
      }));
  });

  describe("the page's files", () => {
    test("are written in the language of the oldest browser that is promised", async () => {
      const folder = path.join(BUILD, "mobile", "assets");
      const files = (await readdir(folder)).filter((file) => file.endsWith(".js"));
      assert.ok(files.length > 0);
      for (const file of [...files.map((name) => path.join(folder, name)), path.join(BUILD, "mobile", "sw.js")]) {
        const code = await readFile(file, "utf8");
        // What is too new would be written in another way.
        const as = async (target) => (await esbuild.transform(code, { target })).code;
        assert.equal(await as(["chrome98", "firefox98", "safari15.4"]), await as("esnext"), file);
      }
    });
  });
}
