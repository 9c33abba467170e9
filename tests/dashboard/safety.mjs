// No text of somebody else becomes code, nothing is fetched from elsewhere, and the page stays small.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { gzipSync } from "node:zlib";
import { live } from "./browser.mjs";
import { AT_ONCE, open } from "./open.mjs";
import { get } from "../edge/support.mjs";

const HOSTILE = `<img src=x onerror="document.title='taken'"><script>document.title='taken'</script>`;

/** What the page may weigh with its charts and its first data, compressed. */
const MOST_BYTES = 100 * 1024;

function poisoned({ body, path }) {
  Object.assign(body, { data_source: HOSTILE, venue: HOSTILE, producer: HOSTILE });
  if (path === "/mobile-data") {
    const details = body.market_overview.market_regime_details;
    Object.assign(details, { category: HOSTILE, label: HOSTILE, dispersion: HOSTILE });
    body.market_overview.fear_greed_label = HOSTILE;
    for (const row of [body.confluence_scores[0], body.top_movers.gainers[0]])
      Object.assign(row, { symbol: HOSTILE, display_symbol: HOSTILE });
    body.sections.defi_market = { source: null, as_of_ms: null, status: "unavailable", reason: HOSTILE };
    body.market_overview.defi_market_cap = null;
  }
  for (const signal of body.signals ?? [])
    Object.assign(signal, {
      symbol: signal.symbol && HOSTILE + signal.symbol,
      display_symbol: HOSTILE,
      message: HOSTILE,
    });
  for (const found of body.opportunities ?? [])
    Object.assign(found, { symbol: HOSTILE, description: HOSTILE, potential: HOSTILE, direction: HOSTILE, stance: "long" });
  for (const row of body.symbols ?? []) {
    row.symbol = HOSTILE + row.symbol;
    row.risk_category = { category: HOSTILE, color: HOSTILE, description: HOSTILE };
  }
  if (body.chart_data) poisonChart(body);
  if (body.alerts) body.alerts = [alertOf(body.as_of_ms)];
  if (body.analysis) body.analysis = HOSTILE;
  if (body.data?.interpretations) body.data.interpretations.technical = HOSTILE;
}

/** Each line of a chart under a name that is none. */
function poisonChart(body) {
  const named = (symbol) => HOSTILE + symbol;
  body.chart_data = Object.fromEntries(Object.entries(body.chart_data).map(([name, line]) => [named(name), line]));
  body.performance_order = body.performance_order.map(named);
  for (const row of body.performance_summary) row.symbol = named(row.symbol);
}

/** An alert, for in a calm market there is none. */
function alertOf(timestamp) {
  const kind = { alert_type: HOSTILE, level: "info", severity: "low", details: {} };
  return { id: HOSTILE, ...kind, symbol: HOSTILE, message: HOSTILE, unix_timestamp: timestamp / 1_000, timestamp };
}

export function safetySuite(world) {
  // A file is the platform's answer and not the Worker's: it makes no promise about data.
  const fileAt = (path) => get(world.edge.url + path);

  describe("text of somebody else", { concurrency: AT_ONCE }, () => {
    const check = async (place, ready, within = "main") => {
      const { page, done } = await open(world, place, { order: [live, poisoned] });
      await page.waitForSelector(ready);
      assert.ok((await page.textContent(within)).includes(HOSTILE), "the text is not shown as it is");
      assert.equal((await page.$$("#app img, #app script")).length, 0, "the text became elements");
      assert.doesNotMatch(await page.title(), /taken/);
      await done();
    };

    test("stays text on the market", () => check("market", ".mover-list li"));
    test("stays text among the scores", () => check("scores", ".scores .row"));
    test("stays text among the signals", () => check("signals", ".group .row"));
    test("stays text in an alert", () => check("signals/alerts", ".alert"));
    test("stays text in what stands out", () => check("signals/opportunities", ".opportunity"));
    test("stays text beside the chart and in the table of betas", () => check("beta/1", ".betas tbody tr"));
    test("stays text in the sheet of an address", () =>
      check(`scores/${encodeURIComponent(HOSTILE)}`, "dialog h2", "dialog"));
    test("stays text in a breakdown", () => check("scores/ETHUSDT", "dialog .sentence", "dialog"));
  });

  describe("the page", { concurrency: AT_ONCE }, () => {
    test("allows nothing inline and nothing from elsewhere", async () => {
      const { header, text } = await fileAt("/mobile");
      const policy = new Map(
        header("content-security-policy")
          .split("; ")
          .map((part) => [part.split(" ")[0], part]),
      );
      assert.equal(policy.get("default-src"), "default-src 'none'");
      assert.equal(policy.get("script-src"), "script-src 'self'");
      assert.equal(policy.get("style-src"), "style-src 'self'");
      assert.equal(policy.get("connect-src"), "connect-src 'self'");
      assert.equal(policy.get("frame-ancestors"), "frame-ancestors 'none'");
      assert.equal(policy.get("require-trusted-types-for"), "require-trusted-types-for 'script'");
      assert.doesNotMatch(
        text,
        /<style|<script(?! (type="module" src="\/mobile\/assets\/[\w-]+|async src="\/mobile\/boot)\.js"><\/script>)| style=| on[a-z]+=/,
      );
      assert.doesNotMatch(text, /https?:\/\//);
    });

    test("keeps its hashed files for ever and asks for itself anew", async () => {
      const { header, text } = await fileAt("/mobile");
      assert.equal(header("cache-control"), "no-cache");
      const files = [...text.matchAll(/"(\/mobile\/assets\/[^"]+)"/g)].map(([, file]) => file);
      assert.ok(files.length >= 2);
      for (const file of files)
        assert.equal((await fileAt(file)).header("cache-control"), "public, max-age=31536000, immutable", file);
      for (const file of ["/mobile/sw.js", "/mobile/boot.js"])
        assert.equal((await fileAt(file)).header("cache-control"), "no-cache", file);
    });

    test("has no lifetime where it is missing", async () => {
      for (const file of ["/mobile/assets/main-AAAAAAAA.js", "/mobile/assets/", "/mobile/nothing"]) {
        const { status, header } = await fileAt(file);
        assert.equal(status, 404, file);
        assert.doesNotMatch(header("cache-control") ?? "", /max-age|immutable/, file);
      }
    });

    test("hides no path of the API, and is at no other path", async () => {
      assert.equal((await world.edge.get("/mobile-data")).header("content-type"), "application/json");
      for (const path of ["/mobile.html", "/_headers", "/"]) {
        const answer = await fileAt(path);
        assert.equal(answer.status, 404, path);
        assert.equal(answer.header("content-type"), "application/problem+json", path);
      }
      assert.equal((await fileAt("/mobile/nothing")).status, 404);
    });

    test("weighs less than 100 KiB compressed, with charts and the first data", async () => {
      const { page, done } = await open(world, "market");
      const bodies = [];
      page.on("response", (response) =>
        bodies.push(
          response.body().then(
            (body) => [response.url(), gzipSync(body).length],
            () => null,
          ),
        ),
      );
      await page.reload();
      await page.waitForSelector("[data-field=btc_price]");
      await page.click("nav >> text=Beta");
      await page.waitForSelector(".line-chart canvas");
      const weights = new Map((await Promise.all(bodies)).filter((found) => found !== null));
      const total = [...weights.values()].reduce((sum, bytes) => sum + bytes, 0);
      assert.ok(
        [...weights.keys()].some((url) => url.includes("/draw-")),
        "the chart was not loaded",
      );
      assert.ok(total < MOST_BYTES, `${total} bytes: ${JSON.stringify([...weights])}`);
      await done();
    });

    test("can be installed: its manifest names pictures that are there", async () => {
      const json = JSON.parse((await fileAt("/mobile/manifest.webmanifest")).text);
      assert.equal(json.start_url, "/mobile");
      assert.equal(json.display, "standalone");
      assert.ok(["192x192", "512x512"].every((size) => json.icons.some(({ sizes }) => sizes === size)));
      assert.ok(json.icons.some(({ purpose }) => purpose === "maskable"));
      for (const { src, type } of json.icons) {
        const { status, header } = await fileAt(src);
        assert.equal(status, 200, src);
        assert.equal(header("content-type"), type, src);
      }
    });
  });
}
