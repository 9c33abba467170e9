// What screens make of a body, without a browser: order, lines, tiles, words, addresses.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import * as format from "../../../edge/dashboard/src/format.ts";
import * as provenance from "../../../edge/dashboard/src/provenance.ts";
import { entryOf, href, parseRoute, viewOf } from "../../../edge/dashboard/src/route.ts";
import { betaWords, byBeta, columns, figuresOf, lineNames } from "../../../edge/dashboard/src/screens/beta-rows.ts";
import * as measured from "../../../edge/dashboard/src/screens/measured.ts";
import { isInOrder, orderSentence, ordered, picked } from "../../../edge/dashboard/src/screens/order.ts";
import { standingOut } from "../../../edge/dashboard/src/screens/standing-out.ts";
import { MEASURES, notLookedAt, payer, premiumNote, standOuts } from "../../../edge/dashboard/src/screens/unusual.ts";
import { label, layout, shade } from "../../../edge/dashboard/src/ui/tiles.ts";
import * as words from "../../../edge/dashboard/src/words.ts";

const row = (symbol, score, more = {}) => ({
  symbol,
  score,
  score_basis: "six_dimension",
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

  test("is said to be what it is: by the newest values, or by those of a moment before", () => {
    assert.equal(orderSentence("score", true, "14:52:07"), "Sorted by highest score.");
    assert.equal(orderSentence("loss", false, "14:52:07"), "Sorted by biggest loss at 14:52:07, held still.");
  });

  test("leaves neutral pairs in, unless another side is asked for", () => {
    const mixed = [
      row("AUSDT", 70),
      row("BUSDT", 31),
      row("CUSDT", 30),
    ];
    assert.equal(picked(mixed, "all", "").length, 3);
    assert.equal(names(picked(mixed, "neutral", "")), "BUSDT");
    assert.equal(names(picked(mixed, "all", " cusd ")), "CUSDT");
    assert.equal(picked(mixed, "long", "C").length, 0);
  });

  test("never puts momentum among the scores, nor on a side", () => {
    const momentum = row("M", 99, { score_basis: "ticker_momentum" });
    const mixed = [momentum, row("S", 10), { ...momentum, symbol: "N", score: 50 }];
    assert.equal(names(ordered(mixed, [], "score")), "S M N");
    assert.equal(names(ordered(mixed, [], "bearish")), "S N M");
    assert.equal(picked(mixed, "long", "").length, 0);
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
      beta_30d: null,
      correlation_30d: null,
      r_squared_30d: null,
      windows: [{ days: 7, beta_low: 0.8, beta_high: 1.2 }],
    };
    assert.deepEqual(figuresOf(known, "7d"), { beta: 1, correlation: 0.5, rSquared: 0.25, low: 0.8, high: 1.2 });
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
    assert.equal(format.score(35.5), "36");
    assert.equal(format.fineScore(35.12), "35.1");
    assert.equal([0, 0.01, 0.4].map(format.fineScore).join(" "), "0.0 <0.1 0.4");
    assert.equal([0, 0.3, 0.6].map(format.score).join(" "), "0 <1 1");
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
    const all = { funding_paid: 0.01, funding_unusual: 0, premium_unusual: 0, long_pct: 50, short_pct: 50 };
    assert.deepEqual(notLookedAt(all), []);
    assert.deepEqual(notLookedAt({ ...all, funding_unusual: null, premium_unusual: null, long_pct: null }), [
      "funding against what was paid before",
      "the premium against its last day",
      "long and short accounts",
    ]);
    const none = Object.fromEntries(Object.keys(all).map((field) => [field, null]));
    assert.equal(notLookedAt(none).length, MEASURES.length);
    assert.deepEqual([standOuts(all), standOuts(none)], [[], []]);
  });

  test("is not said of what is past its threshold, by the figures that are shown", () => {
    const loud = { funding_paid: -0.0612, funding_unusual: -2.34, premium_unusual: 2, long_pct: 38, short_pct: 62 };
    assert.deepEqual(
      standOuts(loud).map(({ title, sentence }) => `${title}: ${sentence}`),
      [
        "Funding is high: It is -0.0612% per 8 hours. Shorts pay longs.",
        "Funding far from before: It is -2.34 deviations from the middle of what was paid before.",
        "Premium far from before: It is +2.00 deviations from the middle of its last day.",
        "Most accounts are short: 62.00% of them, weighted by turnover.",
      ],
    );
  });
});

describe("what is said of the data's state", () => {
  const status = (more) => ({
    level: "fresh", cause: "none", ageMs: 0, isAgeLeast: false, link: "ok", marks: [], ...more,
  });
  const said = (more, trouble = null) => words.stateSentences(status(more), trouble, "14:52:07").join(" ");

  test("is nothing while all is well", () => {
    assert.equal(said({}), "");
    assert.equal(said({ marks: ["simulated"] }), "");
  });

  test("is what happened: that the server has nothing newer, or that it was not asked", () => {
    assert.equal(said({ level: "aging", cause: "source" }), "The server has nothing newer than 14:52:07 yet.");
    const stale = { level: "stale", cause: "source", marks: ["last_known_good"] };
    assert.equal(said(stale), "No source has anything newer than 14:52:07.");
    for (const level of ["aging", "stale", "expired"])
      assert.equal(said({ level, cause: "unrefreshed" }), "As of 14:52:07, not refreshed yet.");
    const kept = { level: "expired", cause: "unrefreshed", marks: ["device"] };
    assert.equal(said(kept), "As of 14:52:07, not refreshed yet. Saved on this device.");
  });

  test("is of a clock alone where nothing else is known to be wrong", () => {
    assert.equal(said({ level: "aging", cause: "unchecked", isAgeLeast: true }), "Age not checked yet.");
    assert.equal(said({ level: "stale", cause: "ahead" }), "Its time is ahead of the server's clock.");
    const both = { level: "aging", cause: "source", isAgeLeast: true };
    assert.equal(said(both), "The server has nothing newer than 14:52:07 yet. Age not checked yet.");
  });

  test("promises nothing while refreshes fail", () => {
    const cut = { link: "unreachable", level: "stale", cause: "unrefreshed", marks: ["direct"] };
    assert.equal(
      said(cut, { kind: "unreachable" }),
      "Can't connect. Retrying… Last update 14:52:07. Scores are unavailable.",
    );
    for (const link of ["ok", "offline", "unreachable", "refused", "faulty", "defect"]) {
      for (const cause of ["none", "source", "unrefreshed", "unchecked", "ahead"]) {
        const sentences = said({ link, level: "aging", cause }, { kind: "unreadable", what: "x" });
        assert.doesNotMatch(sentences, /Updating|Reconnecting|failed/, `${link} ${cause}`);
      }
    }
  });

  test("names what must be known of the figures", () => {
    assert.equal(said({ marks: ["direct"] }), "Prices are live. Scores are unavailable.");
    assert.equal(
      said({ marks: ["secondary", "turnover_estimated"] }),
      "Turnover is estimated. Prices are live. Scores are unavailable.",
    );
    assert.equal(
      said({ level: "stale", cause: "source", marks: ["secondary", "last_known_good", "spot_market"] }),
      "No source has anything newer than 14:52:07. Spot prices and volumes, no perpetuals. Scores are unavailable.",
    );
  });

  test("is loading before anything was tried, and no data only without data", () => {
    assert.equal(words.headline(status({ level: "none" }), true), "Loading");
    assert.equal(words.headline(status({ level: "none", link: "refused" }), false), "No data");
    for (const level of ["fresh", "aging", "stale", "expired"])
      assert.equal(words.headline(status({ level, link: "refused" }), false), "Not updating");
  });

  test("is no delay where only the clock is unknown", () => {
    assert.equal(words.headline(status({ level: "aging", cause: "source" }), false), "Delayed");
    assert.equal(words.headline(status({ level: "aging", cause: "unchecked" }), false), "Unchecked");
    assert.equal(words.headline(status({ level: "stale", cause: "ahead" }), false), "Unchecked");
  });
});

describe("what is said of a part with a time of its own", () => {
  const said = (more) =>
    words.partSentences({ trouble: null, isSaved: false, isBehind: false, at: "14:52:07", age: "3 s", ...more }).join(" ");

  test("is its age, and why it is older than the rest", () => {
    assert.equal(said({}), "As of 14:52:07, 3 s ago.");
    assert.equal(said({ age: "40 s", isBehind: true }), "As of 14:52:07, 40 s ago. Older than the prices on top.");
    assert.equal(said({ age: null }), "As of 14:52:07, age unknown.");
    assert.equal(said({ isSaved: true, age: "2 h" }), "As of 14:52:07, 2 h ago. Saved on this device.");
    assert.equal(said({ trouble: { kind: "unreachable" } }), "Paused. As of 14:52:07, 3 s ago.");
    const problem = { title: "x", status: 503, sources: [{ name: "analysis", outcome: "not_analysed", as_of_ms: null }] };
    assert.match(said({ trouble: { kind: "problem", status: 503, problem } }), /^Scores paused\. As of/);
  });
});

describe("whose figures these are", () => {
  const BODIES = {
    origin: { data_source: "origin", venue: "bybit", producer: "origin", degraded: [] },
    direct: { data_source: "bybit_direct", venue: "bybit", producer: "bybit_direct", degraded: ["origin_timeout"] },
    okx: { data_source: "secondary_exchange", venue: "okx", producer: "secondary_exchange", degraded: ["turnover_estimated"] },
    spot: { data_source: "secondary_exchange", venue: "binance", producer: "secondary_exchange", degraded: ["spot_market"] },
  };
  const stale = (body) => ({ ...body, data_source: "last_known_good" });

  test("is said on top, with the exchange's name, whoever it is and however old", () => {
    const check = (body, expected) => assert.equal(provenance.dataSource(body), expected);
    check(BODIES.origin, "Bybit via origin");
    check(BODIES.direct, "Bybit, direct");
    check(BODIES.okx, "OKX, while Bybit is down");
    check(BODIES.spot, "Binance spot, while Bybit is down");
    check(stale(BODIES.origin), "last known good, of Bybit");
    check(stale(BODIES.okx), "last known good, of OKX");
    check(stale(BODIES.spot), "last known good, of Binance spot");
  });

  test("is said of what this device kept from before the field as far as it is known", () => {
    const old = { ...BODIES.okx, venue: undefined, sections: { tickers: { source: "simulated:okx" } } };
    assert.equal(provenance.dataSource(old), "OKX, while Bybit is down");
    assert.equal(provenance.dataSource({ data_source: "last_known_good", degraded: [] }), "last known good, of another exchange");
    assert.equal(provenance.dataSource({ data_source: "origin", degraded: [] }), "Bybit via origin");
  });

  test("is in every label of a turnover and a count", () => {
    const check = (body, ...expected) =>
      assert.deepEqual([provenance.turnoverTitle(body), provenance.turnoverNote(body), provenance.rowsOf(body)], expected);
    check(BODIES.origin, "Perpetuals turnover", "24 h", "contracts");
    check(BODIES.okx, "Perpetuals turnover", "24 h, estimated", "contracts");
    check(BODIES.spot, "Spot turnover", "24 h, spot", "pairs");
    check(stale(BODIES.spot), "Spot turnover", "24 h, spot", "pairs");
  });
});

describe("the mean of the market", () => {
  const rowsOf = (scored, momentum) => [
    ...Array.from({ length: scored }, (_, n) => row(`S${n}`, 60)),
    ...Array.from({ length: momentum }, (_, n) => row(`M${n}`, 60, { score_basis: "ticker_momentum" })),
  ];

  test("says of how many of how many it is, and of which of the two measures", () => {
    const check = (score_basis, rows, ...expected) => {
      const regime = { score_basis };
      const said = [measured.meanTitle(regime), measured.meanNote(regime, rows), measured.basis(regime, rows)];
      assert.deepEqual(said, expected);
    };
    const scores = "six_dimension";
    check(scores, rowsOf(40, 0), "Average score", "of 40 scored pairs", "from the scores of 40 pairs");
    check(scores, rowsOf(39, 1), "Average score", "of 39 scored of 40 pairs", "from 39 scores of 40 pairs");
    for (const rows of [rowsOf(0, 40), rowsOf(3, 37)])
      check("ticker_momentum", rows, "Average momentum", "of 40 pairs", "from the momentum of tickers alone");
  });
});

describe("a beta", () => {
  const figures = (beta, rSquared = 0.6) => ({ beta, correlation: 0.7, rSquared });

  test("says how a contract moves with Bitcoin on average, and no more", () => {
    const check = (beta, expected) => assert.equal(betaWords(figures(beta)), expected);
    check(-0.2, "against Bitcoin");
    check(0.3, "under half of Bitcoin");
    check(0.6, "less than Bitcoin");
    check(1, "like Bitcoin");
    check(1.2, "more than Bitcoin");
    check(1.5, "1.5 × Bitcoin or more");
    assert.equal(betaWords(figures(0.4, 0.01)), "under half of Bitcoin, loosely");
  });

  test("orders the rows by the window that is shown", () => {
    const of = (symbol, week, month) => ({
      symbol,
      beta_7d: week, correlation_7d: week, r_squared_7d: week,
      beta_30d: month, correlation_30d: month, r_squared_30d: month,
      windows: [],
    });
    const rows = [of("B", 1, 0.5), of("A", null, 0.9), of("C", 0.2, 0.9)];
    assert.equal(names(byBeta(rows, "30d")), "A C B");
    assert.equal(names(byBeta(rows, "7d")), "B C A");
  });
});

describe("what stands out", () => {
  test("is what takes a side, by how far the price went its way", () => {
    const of = (symbol, stance, aligned_score) => ({ symbol, stance, aligned_score });
    const all = [of("A", "neutral", 90), of("C", "long", 30), of("B", "short", 30), of("D", "long", 44)];
    assert.equal(names(standingOut(all)), "D B C");
    assert.deepEqual(standingOut([of("A", "neutral", 90)]), []);
  });
});

describe("the perpetuals", () => {
  test("say who pays and on which side of the index the mark stands, by the figures' own signs", () => {
    assert.deepEqual([0.01, 0, -0.06].map(payer), ["Longs pay shorts.", "Nobody pays.", "Shorts pay longs."]);
    assert.deepEqual([0.02, 0, -0.02].map(premiumNote), ["mark above index", "mark at index", "mark below index"]);
  });
});

describe("words", () => {
  test("for a reason are a sentence's end, and an unknown word is itself", () => {
    assert.equal(words.reason("timeout"), "the source did not answer in time");
    assert.equal(words.reason("http_503"), "the source answered with status 503");
    assert.equal(words.outcome("http_503"), "answered with status 503");
    assert.equal(words.reason("too_old"), "the last value is too old to be shown");
    assert.equal(words.reason("not_collected_at_edge"), "only the origin collects it");
    assert.equal(words.reason("unknown_to_secondary_exchange"), "the exchange in Bybit's place does not tell it");
    assert.equal(words.reason("some_new_word"), "some new word");
    assert.equal(words.reason("constructor"), "constructor");
  });

  test("for a gap are a sentence, and none for what figures say themselves", () => {
    const said = words.remarks(["simulated_data", "coverage_thin", "fear_greed_too_old", "analysis_incomplete"]);
    assert.deepEqual(said, [
      "Some contracts are missing from the table of prices.",
      "Some pairs have no score right now.",
    ]);
  });

  test("for a source name its venue and its feed", () => {
    assert.equal(provenance.source("bybit"), "Bybit");
    assert.equal(provenance.source("simulated:coingecko"), "CoinGecko (simulated)");
    assert.equal(provenance.source("kraken"), "kraken");
  });

  test("for a part are those that traders use", () => {
    assert.equal(words.partName("technical.rsi"), "RSI");
    assert.equal(words.partName("technical.williams_r"), "Williams %R");
    assert.equal(words.partName("orderbook.absorption_exhaustion"), "Absorption exhaustion");
  });
});
