// Each screen shows exactly the numbers that the API gave: the value that stands behind each, and the digits that are read.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { standOuts } from "../../edge/dashboard/src/screens/unusual.ts";
import { byBeta } from "../../edge/dashboard/src/screens/beta-rows.ts";
import { basis } from "../../edge/dashboard/src/screens/measured.ts";
import { AT_ONCE, open } from "./open.mjs";

const SCALE = { "": 1, K: 1e3, M: 1e6, B: 1e9, T: 1e12 };

/** The number that a reader reads, and half of its last digit. */
function read(text) {
  const found = /^([<>]?)([+-]?)\$?([\d,]+)(?:\.(\d+))?([KMBT]?)( contracts)?(%?)$/.exec(text.trim());
  assert.ok(found, `"${text}" is no number`);
  const [, bound, sign, whole, decimals = "", scale, , percent] = found;
  const unit = SCALE[scale];
  const value = Number(`${sign}${whole.replaceAll(",", "")}.${decimals || 0}`) * unit;
  return { value, half: (0.5 * unit) / 10 ** decimals.length, isPercent: percent === "%", isBound: bound !== "" };
}

/** Every number on the screen: field, the value behind it, its text, and the row and list in which it stands. */
function numbersOn(page, within = "main") {
  return page.evaluate(
    (selector) =>
      [...document.querySelectorAll(`${selector} [data-field]`)]
        .filter((element) => element.tagName === "DATA" || "unavailable" in element.dataset)
        .map((element) => ({
          field: element.dataset.field,
          value: "unavailable" in element.dataset ? null : Number(element.getAttribute("value")),
          text: element.textContent,
          symbol: element.closest("[data-symbol]")?.dataset.symbol ?? null,
          list: element.closest("[data-list]")?.dataset.list ?? null,
        })),
    within,
  );
}

const FRACTIONS = new Set(["reliability", "consensus", "signal_reliability"]);

/** The text of each number is its value, rounded to the digits that are shown. */
function assertReadable(numbers) {
  for (const { field, value, text } of numbers) {
    if (value === null) {
      assert.match(text, /^unavailable \S/, `${field} is unknown without a reason`);
      continue;
    }
    const shown = read(text);
    const expected = FRACTIONS.has(field) ? value * 100 : value;
    if (shown.isBound) {
      assert.ok(expected / shown.value > 0 && expected / shown.value < 1, `${field} is ${value}, but "${text}" is read`);
      continue;
    }
    if (shown.value === 0) assert.equal(expected, 0, `${field} is ${value}, but zero is read`);
    assert.ok(Math.abs(shown.value - expected) <= shown.half * 1.000001, `${field} is ${value}, but "${text}" is read`);
  }
}

/** The screen has these numbers outside of rows, and no other. */
function assertFields(numbers, expected) {
  const found = {};
  for (const { field, value, symbol } of numbers) {
    if (symbol === null && field !== "heatmap_change_24h") found[field] = value;
  }
  assert.deepEqual(found, expected);
}

/** The rows of a list in their order, each with its numbers. */
function rowsOf(numbers, list = null) {
  const rows = new Map();
  for (const { field, value, symbol, list: own } of numbers) {
    if (symbol === null || own !== list) continue;
    rows.set(symbol, { ...rows.get(symbol), [field]: value });
  }
  return [...rows];
}

export function valuesSuite(world) {
  describe("the values of", { concurrency: AT_ONCE }, () => {
    test("the market are those of the API", async () => {
      const { page, link, done } = await open(world, "market", { hold: true });
      await page.waitForSelector("[data-field=heatmap_change_24h]");
      const {
        market_overview: overview,
        market_breadth: breadth,
        confluence_scores: scores,
        top_movers: movers,
        sequence,
      } = link.body("/mobile-data");
      const numbers = await numbersOn(page);
      assertReadable(numbers);
      const names = [
        ...[
          "trend_strength",
          "btc_price",
          "average_change",
          "fear_greed_value",
          "total_market_cap",
          "market_cap_change_24h",
        ],
        ...[
          "total_volume",
          "volume_mcap_ratio",
          "total_turnover",
          "defi_market_cap",
          "defi_dominance",
          "btc_dominance",
          "eth_dominance",
        ],
        ...[
          "stablecoin_top10_dominance",
          "remaining_dominance",
          "altcoin_share",
          "dispersion",
          "trend_adx",
          "realised_volatility",
          "realised_volatility_avg",
          "avg_volatility",
          "btc_daily_volatility",
          "btc_volatility",
        ],
      ];
      assertFields(numbers, {
        ...Object.fromEntries(names.map((name) => [name, overview[name]])),
        btc_change_24h: scores.find(({ symbol }) => symbol === "BTCUSDT").change_24h,
        mean_score: overview.market_regime_details.mean_score,
        breadth_total: breadth.total,
        breadth_percentage: breadth.breadth_percentage,
        breadth_up: breadth.up,
        breadth_flat: breadth.flat,
        breadth_down: breadth.down,
      });
      const moved = (rows) =>
        rows.map((row) => [
          row.symbol,
          { mover_change_24h: row.change_24h, mover_price: row.price, mover_turnover_24h: row.turnover_24h },
        ]);
      assert.deepEqual(rowsOf(numbers, "gainers"), moved(movers.gainers));
      assert.deepEqual(rowsOf(numbers, "losers"), moved(movers.losers));
      const tiles = await page.$$eval(".tile .hidden", (all) => all.map((said) => said.textContent.split(",")[0]));
      const byTurnover = scores.toSorted((a, b) => b.turnover_24h - a.turnover_24h);
      assert.deepEqual(
        tiles,
        byTurnover.map((row) => row.display_symbol),
      );
      assert.equal(await page.textContent(".regime"), overview.market_regime.replace(": ", " "));
      assert.equal(await page.textContent(".hero .note"), basis(overview.market_regime_details, scores));
      assert.equal(await page.textContent("[data-field=fear_greed_label]"), overview.fear_greed_label);
      assert.ok((await page.textContent("main")).includes(String(sequence)));
      await done();
    });

    test("the scores are those of the API, in the order that is asked for", async () => {
      const { page, link, done } = await open(world, "scores", { hold: true });
      await page.waitForSelector(".scores li");
      const { confluence_scores: scores } = link.body("/mobile-data");
      const expected = (rows) =>
        rows.map((row) => [
          row.symbol,
          { score: row.score, price: row.price, change_24h: row.change_24h, turnover_24h: row.turnover_24h },
        ]);
      const numbers = await numbersOn(page);
      assertReadable(numbers);
      assert.ok(scores.length >= 30);
      assert.deepEqual(rowsOf(numbers), expected(scores));
      const sparks = await page.$$eval(".scores .spark", (all) => all.map((spark) => spark.dataset.scores));
      assert.deepEqual(
        sparks,
        scores.map((row) => row.score_history.slice(-24).join(" ")),
      );

      await page.selectOption("select", "loss");
      const falling = scores.toSorted((a, b) => a.change_24h - b.change_24h || (a.symbol < b.symbol ? -1 : 1));
      assert.deepEqual(rowsOf(await numbersOn(page)), expected(falling));
      await page.fill("input[type=search]", "eth");
      assert.deepEqual(rowsOf(await numbersOn(page)), expected(falling.filter(({ symbol }) => symbol.includes("ETH"))));
      await done();
    });

    test("a breakdown are those of the API, down to each part and each missing input", async () => {
      const { page, link, done } = await open(world, "scores/ETHUSDT", { hold: true });
      await page.waitForSelector(".dimensions");
      await page.$$eval("dialog details[data-dimension]", (all) => all.forEach((details) => (details.open = true)));
      const row = link.body("/mobile-data").confluence_scores.find(({ symbol }) => symbol === "ETHUSDT");
      const { data } = link.body("/api/dashboard/confluence/breakdown/ETHUSDT");
      const numbers = await numbersOn(page, "dialog");
      assertReadable(numbers);
      assertFields(numbers, {
        score: row.score,
        ...Object.fromEntries(
          ["price", "change_24h", "high_24h", "low_24h", "turnover_24h", "range_24h"].map((name) => [
            `sheet_${name}`,
            row[name],
          ]),
        ),
        reliability: data.reliability,
        consensus: data.consensus,
        ...(data.score_history.length > 1 && {
          history_first: data.score_history.at(0),
          history_last: data.score_history.at(-1),
        }),
        ...Object.fromEntries(Object.entries(data.components).map(([name, value]) => [`component_${name}`, value])),
        ...Object.fromEntries(Object.entries(data.sub_components).map(([name, value]) => [`part_${name}`, value])),
      });
      assert.deepEqual(
        await page.$$eval("[data-missing]", (all) => all.map((item) => item.dataset.missing)),
        data.missing,
      );
      assert.deepEqual(
        await page.$$eval("dialog .sentence", (all) => all.map((item) => item.textContent)),
        Object.values(data.interpretations),
      );

      await page.click("[data-fold='what the score is made of'] summary");
      await page.waitForSelector(".voices");
      const voices = (await numbersOn(page, ".voices")).map(({ field, value }) => [field.replace("voice_", ""), value]);
      assert.ok(voices.length >= 10 && data.measurements.every(({ weight }) => weight <= 0.1));
      assert.deepEqual(Object.fromEntries(voices), Object.fromEntries(data.measurements.map(({ name, score }) => [name, score])));
      const sum = data.measurements.reduce((all, { weight, score }) => all + weight * score, 0);
      assert.ok(Math.abs(sum - data.overall_score) < 0.2, `the voices make ${sum}, the score is ${data.overall_score}`);

      await page.click("[data-fold=report] summary");
      await page.waitForSelector(".report");
      assert.equal(await page.textContent(".report"), link.body("/api/dashboard/confluence-analysis/ETHUSDT").analysis);
      await done();
    });

    test("the signals, the stand-outs and the alerts are those of the API", async () => {
      // In a calm market no score takes a side: here two of those that stand out do.
      const sided = ({ body }) => {
        const [long, short] = body.opportunities ?? [];
        if (short !== undefined) Object.assign(long, { stance: "long", aligned_score: 41.5 }), Object.assign(short, { stance: "short", aligned_score: 43 });
      };
      const { page, link, done } = await open(world, "signals", { hold: true, order: [sided] });
      await page.waitForSelector(".group .row");
      const { signals } = link.body("/api/dashboard/signals");
      const numbers = await numbersOn(page);
      assertReadable(numbers);
      const bySide = ["long", "short", "neutral"].flatMap((side) => signals.filter((signal) => signal.stance === side));
      assert.equal(bySide.length, signals.length);
      const expected = bySide.map((signal) => [
        signal.symbol,
        {
          score: signal.score,
          signal_price: signal.price,
          signal_reliability: signal.reliability,
          signal_change_24h: signal.change_24h,
          signal_volume_24h: signal.volume_24h,
        },
      ]);
      assert.deepEqual(rowsOf(numbers), expected);

      await page.click(".choice >> text=Stand-outs");
      await page.waitForSelector(".opportunity");
      const { opportunities } = link.body("/api/dashboard/opportunities");
      const sides = opportunities
        .filter(({ stance }) => stance !== "neutral")
        .toSorted((a, b) => b.aligned_score - a.aligned_score);
      assert.ok(sides.length >= 2);
      assert.deepEqual(
        rowsOf(await numbersOn(page)),
        sides.map((found) => [found.symbol, { aligned_score: found.aligned_score }]),
      );
      assert.deepEqual(
        await page.$$eval(".opportunity .sentence", (all) => all.map((item) => item.textContent)),
        sides.map(({ description }) => description),
      );

      await page.click(".choice >> text=Alerts");
      await page.waitForSelector("[data-field=alerts_as_of_ms]");
      const { alerts } = link.body("/api/dashboard/alerts");
      const told = await page.$$eval("[data-alert]", (all) =>
        all.map((item) => [item.dataset.alert, item.querySelector(".sentence").textContent]),
      );
      assert.deepEqual(
        told,
        alerts.map(({ id, message }) => [id, message]),
      );
      await done();
    });

    test("the chart and the betas are those of the API", async () => {
      const { page, link, done } = await open(world, "beta/1", { hold: true });
      await page.waitForSelector(".line-chart canvas");
      await page.waitForSelector(".betas tbody tr");
      const { performance_summary: summary } = link.body("/api/dashboard/beta-chart?timeframe=1");
      const { symbols, overview } = link.body("/api/bitcoin-beta/realtime");
      const numbers = await numbersOn(page);
      assertReadable(numbers);
      assertFields(
        numbers,
        Object.fromEntries(
          ["market_beta", "avg_correlation", "low_beta_count", "neutral_beta_count", "high_beta_count"].map((name) => [
            name,
            overview[name],
          ]),
        ),
      );
      const performance = await page.$$eval(".performance li", (all) =>
        all.map((item) => [item.dataset.symbol, Number(item.querySelector("data").value)]),
      );
      assert.deepEqual(
        performance,
        summary.map(({ symbol, change }) => [symbol, change]),
      );
      for (const span of ["30d", "7d", "90d"]) {
        await page.click(`.choice >> text="${span.replace("d", " days")}"`);
        const rows = await page.$$eval(".betas tbody tr", (all) =>
          all.map((row) => [
            row.dataset.symbol,
            ...[...row.querySelectorAll("[data-field]")].map((cell) =>
              "unavailable" in cell.dataset ? null : Number(cell.value),
            ),
          ]),
        );
        const expected = byBeta(symbols, span).map((row) => {
          const figures =
            row[`beta_${span}`] === null
              ? [null]
              : ["beta", "correlation", "r_squared"].map((name) => row[`${name}_${span}`]);
          return [row.symbol, ...figures, row.change_24h];
        });
        assert.deepEqual(rows, expected, span);
      }
      await done();
    });

    test("the perpetuals are those of the API", async () => {
      const { page, link, done } = await open(world, "perps", { hold: true });
      await page.waitForSelector("[data-field=funding_paid]");
      const pulse = link.body("/api/dashboard/perpetuals-pulse");
      const numbers = await numbersOn(page);
      assertReadable(numbers);
      const names = [
        "contract_count",
        "funding_paid",
        "funding_unusual",
        "premium",
        "premium_unusual",
        "total_open_interest",
        "long_pct",
        "short_pct",
      ];
      assertFields(numbers, Object.fromEntries(names.map((name) => [name, pulse[name]])));
      assert.deepEqual(
        await page.$$eval("[data-pulse]", (all) => all.map((item) => item.dataset.pulse)),
        standOuts(pulse).map(({ kind }) => kind),
      );
      await done();
    });

    test("a newer snapshot take the place of the older ones, and nothing moves", async () => {
      const { page, link, done } = await open(world, "market");
      await page.waitForSelector("[data-field=age]");
      await page.evaluate(() => {
        globalThis.shifts = [];
        new PerformanceObserver((list) => {
          for (const { value, sources } of list.getEntries())
            globalThis.shifts.push([value, ...sources.map(({ node }) => node?.outerHTML ?? node?.textContent)]);
        }).observe({ type: "layout-shift" });
      });
      const first = await page.getAttribute("[data-field=age]", "data-sequence");
      await page.waitForFunction(
        (before) => document.querySelector("[data-field=age]").dataset.sequence !== before,
        first,
      );
      const shown = await page.evaluate(() => [
        document.querySelector("[data-field=age]").dataset.sequence,
        document.querySelector("[data-field=btc_price]").value,
      ]);
      const { sequence, market_overview: overview } = link.body("/mobile-data");
      if (String(sequence) === shown[0]) assert.equal(shown[1], String(overview.btc_price));
      // A number may take the room of one digit more; 0.1 is what is felt.
      const shifts = await page.evaluate(() => globalThis.shifts);
      const sum = shifts.reduce((total, [value]) => total + value, 0);
      assert.ok(sum < 0.001, `${JSON.stringify(shifts)}`);
      await done();
    });
  });
}
