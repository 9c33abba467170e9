// What stays on a phone between two visits: the page's own files, and the last good data with its age. A new release is a
// real one, built by the page's own build from a source in which a few words differ.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { describe, test } from "node:test";
import { promisify } from "node:util";
import { startFront } from "./front.mjs";
import { AT_ONCE, ageIn, untilTop, visit } from "./open.mjs";
import { withParts } from "./parts.mjs";
import { ROOT, get, startLink } from "../edge/support.mjs";

const SOURCE = path.join(ROOT, "edge", "dashboard");

const TYPES = {
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".png": "image/png",
  ".webmanifest": "application/manifest+json",
};

/** Headers of one body, which another body must not have. */
const OF_THE_BODY = ["content-length", "content-encoding", "transfer-encoding", "etag"];

/** The next version of the contract, which the next release speaks. */
const nextVersion = (body) => ("schema_version" in body ? { ...body, schema_version: body.schema_version + 1 } : body);

/** The page as its next release would be: marked, and of the next version of the contract. */
async function buildNextRelease(folder) {
  const built = ["build", "node_modules"].map((name) => path.join(SOURCE, name));
  await cp(SOURCE, folder, { recursive: true, filter: (file) => !built.includes(file) });
  await symlink(path.join(ROOT, "node_modules"), path.join(folder, "node_modules"));
  await edit(path.join(folder, "static", "mobile.html"), "<html ", '<html data-release="next" ');
  await edit(path.join(folder, "generated", "contract.ts"), /(SCHEMA_VERSION = )(\d+)/, (_, name, was) => name + (+was + 1));
  await promisify(execFile)(process.execPath, [path.join(folder, "build.mjs")]);
  return path.join(folder, "build");
}

async function edit(file, what, by) {
  const text = await readFile(file, "utf8");
  const edited = text.replace(what, by);
  assert.notEqual(edited, text, `${file} has no ${what}`);
  await writeFile(file, edited);
}

/** Serves a built page as the platform does, with the headers that it gives the page at `like`. */
function filesOf(folder, like) {
  return async (request, response) => {
    const { pathname } = new URL(request.url, like);
    const file = path.join(folder, pathname === "/mobile" ? "mobile.html" : pathname);
    const body = await readFile(file).catch(() => null);
    if (body === null) {
      response.writeHead(404).end();
      return;
    }
    const isNamedAlike = ["/mobile", "/mobile/sw.js"].includes(pathname);
    const headers = isNamedAlike ? (await get(like + pathname)).headers : [["content-type", TYPES[path.extname(file)]]];
    for (const [name, value] of headers) if (!OF_THE_BODY.includes(name)) response.setHeader(name, value);
    response.end(body);
  };
}

/** Waits until both the page's files and its data are kept on the device. */
const untilKept = (page) =>
  page.evaluate(async () => {
    await navigator.serviceWorker.ready;
    while ((await (await caches.open("last-good-2")).keys()).length === 0)
      await new Promise((resolve) => setTimeout(resolve, 50));
  });

/** The paths of what is kept as the page's own files. */
const keptFiles = (page) =>
  page.evaluate(async () => {
    const found = [];
    for (const name of (await caches.keys()).filter((name) => name.startsWith("shell-")))
      found.push(...(await (await caches.open(name)).keys()));
    return found.map(({ url }) => new URL(url).pathname);
  });

/** What is shown is as old as it is said to be. */
async function assertHonestAge(page) {
  const { asOf, age } = await page.$eval("[data-field=age]", (element) => ({
    asOf: Number(element.dataset.asOf),
    age: element.textContent,
  }));
  assert.ok(Math.abs(Date.now() - asOf - ageIn(age) * 1_000) < 3_000, `${age} for data of ${asOf}`);
  return asOf;
}

const device = { serviceWorkers: "allow" };

export function releaseSuite(world) {
  describe("what the device keeps", { concurrency: AT_ONCE }, () => {
    test("opens without a network with the last data, marked with its age and as kept on the device", async () => {
      const { page, context, done } = await visit(world, "market", { device });
      await page.waitForSelector("[data-field=btc_price]");
      await untilKept(page);
      const kept = await keptFiles(page);
      assert.ok(kept.includes("/mobile"));
      assert.deepEqual(
        kept.filter((path) => path.startsWith("/api") || path === "/mobile-data"),
        [],
        "the shell holds data",
      );
      await context.setOffline(true);
      await page.reload();
      // That the device is offline is known before what it keeps is read.
      await page.waitForSelector("[data-field=btc_price]");
      const shown = await untilTop(page, { link: "offline" });
      assert.equal(shown.headline, "Offline");
      assert.match(shown.state, /^This device is offline\. Last update .+\. Saved on this device\.$/);
      assert.ok(Number(await page.getAttribute("[data-field=btc_price]", "value")) > 0);
      await assertHonestAge(page);
      await done();
    });

    test("gives way to a new release, which takes no old data for new", () =>
      withParts(async (kept) => {
        const folder = await mkdtemp(path.join(tmpdir(), "release-"));
        await kept({ stop: () => rm(folder, { recursive: true, force: true }) });
        const link = await kept(startLink(world.edge.url));
        const front = await kept(startFront({ files: world.edge.url, data: link.url }));
        const next = filesOf(await buildNextRelease(folder), world.edge.url);
        const { page, context, done } = await visit({ browser: world.browser, edge: front }, "market", { device });
        const isNext = () => page.evaluate(() => document.documentElement.dataset.release === "next");
        await untilTop(page, { link: "ok" });
        await untilKept(page);
        await page.waitForFunction(() => navigator.serviceWorker.controller !== null);
        assert.equal(await isNext(), false);

        await page.evaluate(() => {
          navigator.serviceWorker.addEventListener("controllerchange", () => (globalThis.hasSuccessor = true));
        });

        // The page that is open cannot read what the new server says. It shows what it has, and sends for its successor.
        front.release(next);
        await link.order("rewrite", { json: nextVersion });
        const old = await untilTop(page, { link: "faulty" });
        assert.match(old.state, /^Update available: load the page again\. Last update /);
        await assertHonestAge(page);
        await page.waitForFunction(() => globalThis.hasSuccessor);

        // What was kept is of the old version: without an answer the new page has nothing to show.
        await link.order("reset");
        await page.reload();
        assert.equal(await isNext(), true, "the old release was opened again");
        const without = await untilTop(page, { link: "unreachable" });
        assert.equal(without.level, "none");
        assert.equal((await page.$$("main data")).length, 0, "data of another version is shown");

        await link.order("rewrite", { json: nextVersion });
        await untilTop(page, { link: "ok" });
        const asOf = await assertHonestAge(page);

        // And now that is what is kept, under its own age.
        await page.waitForFunction(
          async (least) => {
            const kept = await (await caches.open("last-good-2")).match("/mobile-data");
            return (await kept.json()).as_of_ms >= least;
          },
          asOf,
        );
        await context.setOffline(true);
        await page.reload();
        assert.equal(await isNext(), true);
        const offline = await untilTop(page, { link: "offline" });
        assert.match(offline.state, /Saved on this device/);
        await assertHonestAge(page);
        await done();
      }));
  });
}
