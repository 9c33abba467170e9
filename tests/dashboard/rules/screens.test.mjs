// What screens make of a body, without a browser: order, lines, tiles, words, addresses.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as format from "../../../edge/dashboard/src/format.ts";
import { entryOf, href, parseRoute, viewOf } from "../../../edge/dashboard/src/route.ts";
import { columns, figuresOf, lineNames } from "../../../edge/dashboard/src/screens/beta-rows.ts";
import { isInOrder, ordered, picked } from "../../../edge/dashboard/src/screens/order.ts";
import { MEASURES, notLookedAt } from "../../../edge/dashboard/src/screens/unusual.ts";
import { label, layout, shade } from "../../../edge/dashboard/src/ui/tiles.ts";
import * as words from "../../../edge/dashboard/src/words.ts";

const row = (symbol, score, more = {}) => ({
  symbol,
  score,
  score_basis: "six_dimension",
  sentiment: "NEUTRAL",
  change_24h: 0,
  turnover_24h: 1,
  range_24h: 0,
  ...more,
});
const names = (rows) => rows.map(({ symbol }) => symbol).join(" ");

describe("the order of pairs", () => {
  const rows = [row("B", 50), row("A", 50), row("C", 70)];

  test("is by the wanted figure, and by name where that is the same", () => {
    assert.equal(names(ordered(rows, [], "score")), "C A B");
    assert.equal(names(ordered(rows, [], "bearish")), "A B C");
    assert.equal(names(ordered(rows, [], "symbol")), "A B C");
  });

  test("stays as it was placed while values change, and new pairs come last", () => {
    const placed = ["C", "A", "B"];
    const later = [row("A", 90), row("B", 10), row("C", 1), row("D", 99)];
    assert.equal(names(ordered(later, placed, "score")), "C A B D");
    assert.equal(isInOrder(rows, placed, "score"), true);
    assert.equal(isInOrder(later, placed, "score"), false);
  });

  test("leaves neutral pairs in, unless another side is asked for", () => {
    const mixed = [
      row("AUSDT", 80, { sentiment: "BULLISH" }),
      row("BUSDT", 50),
      row("CUSDT", 20, { sentiment: "BEARISH" }),
    ];
    assert.equal(picked(mixed, "all", "").length, 3);
    assert.equal(names(picked(mixed, "NEUTRAL", "")), "BUSDT");
    assert.equal(names(picked(mixed, "all", " cusd ")), "CUSDT");
    assert.equal(picked(mixed, "BULLISH", "C").length, 0);
  });

  test("never puts momentum among the scores, nor on a side", () => {
    const momentum = row("M", 99, { score_basis: "ticker_momentum", sentiment: "BULLISH" });
    const mixed = [momentum, row("S", 10), { ...momentum, symbol: "N", score: 50 }];
    assert.equal(names(ordered(mixed, [], "score")), "S M N");
    assert.equal(names(ordered(mixed, [], "bearish")), "S N M");
    assert.equal(picked(mixed, "BULLISH", "").length, 0);
    assert.equal(picked(mixed, "all", "").length, 3);
  });
});

describe("the chart", () => {
  const point = (timestamp, value) => ({ timestamp, value });
  const body = {
    chart_data: { BTCUSDT: [point(0, 0), point(1_000, 1), point(2_000, 2)], AUSDT: [point(0, 0), point(2_000, 4)] },
    performance_order: ["AUSDT", "BTCUSDT"],
  };

  test("has a hole where a candle is missing, never a value between two others", () => {
    assert.deepEqual(columns(body, ["BTCUSDT", "AUSDT"]), [
      [0, 1, 2],
      [0, 1, 2],
      [0, null, 4],
    ]);
  });

  test("draws Bitcoin first, the best and the worst, and what was chosen", () => {
    const order = ["A", "B", "C", "D", "BTCUSDT", "E", "F", "G"];
    const many = { chart_data: {}, performance_order: order };
    assert.deepEqual(lineNames(many, new Map()), ["BTCUSDT", "A", "B", "C", "E", "F", "G"]);
    assert.deepEqual(
      lineNames(
        many,
        new Map([
          ["D", true],
          ["A", false],
        ]),
      ),
      ["BTCUSDT", "B", "C", "D", "E", "F", "G"],
    );
  });

  test("has no figures of a window that is unknown", () => {
    const known = {
      beta_7d: 1,
      correlation_7d: 0.5,
      r_squared_7d: 0.25,
      alpha_7d: -3,
      beta_30d: null,
      correlation_30d: null,
      r_squared_30d: null,
      alpha_30d: null,
    };
    assert.deepEqual(figuresOf(known, "7d"), { beta: 1, correlation: 0.5, rSquared: 0.25, alpha: -3 });
    assert.equal(figuresOf(known, "30d"), null);
  });
});

describe("the heat map", () => {
  test("gives every pair an area in proportion to its turnover", () => {
    const rows = [
      row("A", 0, { turnover_24h: 600 }),
      row("B", 0, { turnover_24h: 300 }),
      row("C", 0, { turnover_24h: 100 }),
    ];
    const tiles = layout(rows, 1_000, 1_000);
    const area = (symbol) =>
      tiles.filter((tile) => tile.row.symbol === symbol).reduce((sum, { width, height }) => sum + width * height, 0);
    assert.equal(tiles.length, 3);
    assert.ok(Math.abs(area("A") / area("B") - 2) < 0.05);
    assert.ok(Math.abs(area("B") / area("C") - 3) < 0.1);
  });

  test("writes as large as a tile has room for, the change only beside the name, and nothing that is cut", () => {
    const check = (letters, width, height, expected) => assert.deepEqual(label(letters, width, height), expected);
    check(3, 300, 200, { fontPx: 18, hasChange: true });
    check(3, 52, 40, { fontPx: 11, hasChange: true });
    check(3, 40, 40, { fontPx: 11, hasChange: false });
    check(8, 54, 14, { fontPx: 10, hasChange: false });
    check(8, 40, 40, null);
    check(3, 100, 12, null);
  });

  test("has a colour for every change", () => {
    const check = (change, expected) => assert.equal(shade(change), expected, `${change}`);
    check(0, "flat");
    check(0.01, "up-1");
    check(1.5, "up-1");
    check(1.51, "up-2");
    check(6, "up-4");
    check(400, "up-4");
    check(-0.01, "down-1");
    check(-99, "down-4");
  });
});

describe("numbers", () => {
  test("have the colour of their sign", () => {
    const check = (value, expected) => assert.equal(format.tone(value), expected, `${value}`);
    check(0.01, "up");
    check(-0.000001, "down");
    for (const none of [0, -0]) check(none, "flat");
  });

  test("that are not zero are never written as zero, and zero has no sign", () => {
    const check = (as, value, expected) => assert.equal(as(value), expected, `${value}`);
    check(format.change, 0.004, "<+0.01%");
    check(format.change, -0.004, ">-0.01%");
    check(format.percent, 0.001, "<0.01%");
    check(format.share, -0.01, ">-0.1%");
    check(format.wholeChange, 0.4, "<+1%");
    check(format.rate, -0.00001, ">-0.0001%");
    check(format.usd, 0.001, "<$0.01");
    check(format.ratio, 0.001, "<0.01");
    check(format.fraction, 0.001, "<1%");
    check(format.price, 1e-12, "0.000000000001");
    check(format.change, 0.005, "+0.01%");
    for (const as of [format.change, format.rate, format.share]) {
      assert.match(as(0), /^0(\.0+)?%$/);
      assert.equal(as(-0), as(0));
    }
  });

  test("keep every digit of a price", () => {
    assert.equal(format.price(0.0000072457), "0.0000072457");
    assert.equal(format.price(69676.1), "69,676.1");
  });

  test("have their sign, their unit and a fixed number of decimals", () => {
    assert.equal(format.change(2.134), "+2.13%");
    assert.equal(format.change(-12.5), "-12.50%");
    assert.equal(format.usd(2_389_060_966_062.06), "$2.39T");
    assert.equal(format.rate(0.011413), "+0.0114%");
    assert.equal(format.exactScore(35.1), "35.10");
    assert.equal(format.fraction(0.9216), "92%");
  });

  test("tell an age in the largest unit that is not vague", () => {
    const check = (ms, expected) => assert.equal(format.age(ms), expected);
    check(0, "0 s");
    check(1, "1 s");
    check(118_001, "119 s");
    check(119_001, "2 min");
    check(7_199_000, "119 min");
    check(7_200_000, "2 h");
    check(172_800_000, "2 d");
  });
});

describe("addresses", () => {
  test("read back as they were written, whatever the symbol is", () => {
    for (const symbol of ["BTCUSDT", "1000PEPEUSDT", "币安人生USDT", "<img src=x>", "a/b", "%"]) {
      assert.deepEqual(parseRoute(href("scores", symbol)), { screen: "scores", detail: symbol });
    }
  });

  test("of a contract open a sheet over whatever was looked at", () => {
    const at = (hash, before = null) => ({ hash, entry: entryOf(hash, before) });
    const market = at("#/market");
    assert.deepEqual(viewOf(market), { screen: "market", detail: null, sheet: null });
    const over = at("#/scores/ETHUSDT", at("#/signals/alerts", market));
    assert.deepEqual(viewOf(over), { screen: "signals", detail: "alerts", sheet: "ETHUSDT" });
    assert.equal(over.entry.isInside, true);
    assert.equal(at("#/scores/BTCUSDT", over).entry.under, "#/signals/alerts");
    const linked = at("#/scores/ETHUSDT");
    assert.deepEqual(viewOf(linked), { screen: "scores", detail: null, sheet: "ETHUSDT" });
    assert.equal(linked.entry.isInside, false);
  });

  test("that lead nowhere lead to the market", () => {
    for (const hash of ["", "#", "#/", "#/nothing", "#//x", "#constructor", "#/%E0%A4%A"])
      assert.equal(parseRoute(hash).screen, "market", hash);
    assert.deepEqual(parseRoute("#/scores/%E0%A4%A"), { screen: "scores", detail: "%E0%A4%A" });
  });
});

describe("that nothing is unusual", () => {
  test("is said only of what was measured", () => {
    const all = { funding_rate: 0.01, funding_zscore: 0, long_pct: 50, basis_pct: 0 };
    assert.deepEqual(notLookedAt(all), []);
    assert.deepEqual(notLookedAt({ ...all, funding_zscore: null, long_pct: null }), [
      "funding against its history",
      "long and short accounts",
    ]);
    const none = Object.fromEntries(Object.keys(all).map((field) => [field, null]));
    assert.equal(notLookedAt(none).length, MEASURES.length);
  });
});

describe("what is said of the data's state", () => {
  const status = (more) => ({ level: "fresh", ageMs: 0, link: "ok", marks: [], ...more });
  const said = (more, trouble = null) => words.stateSentences(status(more), trouble, null, "14:52:07").join(" ");

  test("is nothing while all is well", () => {
    assert.equal(said({}), "");
    assert.equal(said({ marks: ["simulated"] }), "");
  });

  test("is one thing, and no other says the contrary", () => {
    const no = "No updates since 14:52:07. Reconnecting…";
    assert.equal(said({ level: "aging" }), "Updating…");
    assert.equal(said({ level: "stale", marks: ["last_known_good"] }), no);
    assert.equal(said({ level: "expired" }), no);
    assert.equal(said({ marks: ["direct"] }), "Prices are live. Scores are temporarily unavailable.");
    assert.equal(said({ level: "stale", marks: ["direct"] }), `${no} Scores are temporarily unavailable.`);
    const cut = { link: "unreachable", level: "stale", marks: ["direct"] };
    assert.equal(
      said(cut, { kind: "unreachable" }),
      "Can't connect. Retrying… Last update 14:52:07. Scores are temporarily unavailable.",
    );
  });

  test("is loading before anything was tried, and no data only without data", () => {
    assert.equal(words.headline(status({ level: "none" }), true), "Loading");
    assert.equal(words.headline(status({ level: "none", link: "refused" }), false), "No data");
    for (const level of ["fresh", "aging", "stale", "expired"])
      assert.equal(words.headline(status({ level, link: "refused" }), false), "Not updating");
  });
});

describe("words", () => {
  test("for a reason are a sentence's end, and an unknown word is itself", () => {
    assert.equal(words.reason("timeout"), "the source did not answer in time");
    assert.equal(words.reason("http_503"), "the source answered with status 503");
    assert.equal(words.outcome("http_503"), "answered with status 503");
    assert.equal(words.reason("too_old"), "the last value is too old to be shown");
    assert.equal(words.reason("some_new_word"), "some new word");
    assert.equal(words.reason("constructor"), "constructor");
  });

  test("for a source name its venue and its feed", () => {
    assert.equal(words.source("bybit"), "Bybit");
    assert.equal(words.source("simulated:coingecko"), "CoinGecko (simulated)");
    assert.equal(words.source("kraken"), "kraken");
  });

  test("for a part are those that traders use", () => {
    assert.equal(words.partName("technical.rsi"), "RSI");
    assert.equal(words.partName("technical.williams_r"), "Williams %R");
    assert.equal(words.partName("orderbook.absorption_exhaustion"), "Absorption exhaustion");
  });
});
