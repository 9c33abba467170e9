// The edge on its own: what it makes of Bybit's answers, and what it refuses to make of them.

import assert from "node:assert/strict";
import { after, afterEach, before, describe, test } from "node:test";
import { TICKER_ROUTES, TOLERANCE_MS, assertNotAnalysed, assertSound, exchangeRequests, startWorld, until } from "./support.mjs";

let world, link, exchange;
let edge;

before(async () => {
  world = await startWorld();
  ({ link, exchange } = world);
});

after(() => world?.stop());

afterEach(async () => {
  await edge?.stop();
  edge = undefined;
  await world.recover();
});

/** Symbols by what they are, from the exchange's own list. */
async function listing() {
  const all = [];
  for (let cursor = ""; ; ) {
    const page = await fetch(`${exchange.url}/v5/market/instruments-info?category=linear&limit=1000${cursor && `&cursor=${cursor}`}`);
    const { result } = await page.json();
    all.push(...result.list);
    cursor = result.nextPageCursor;
    if (!cursor) break;
  }
  const isOurs = (row) =>
    row.contractType === "LinearPerpetual" && row.quoteCoin === "USDT" && row.settleCoin === "USDT" &&
    row.status === "Trading" && !row.isPreListing && ["", "innovation"].includes(row.symbolType);
  return {
    ours: new Set(all.filter(isOurs).map((row) => row.symbol)),
    others: all.filter((row) => !isOurs(row)).map((row) => row.symbol),
  };
}

const symbolsOf = (body) => [
  ...body.confluence_scores.map((row) => row.symbol),
  ...body.top_movers.gainers.map((row) => row.symbol),
  ...body.top_movers.losers.map((row) => row.symbol),
];

test("a cold edge fetches the list of contracts beside the tickers and shows crypto alone", async () => {
  const { ours, others } = await listing();
  assert.ok(others.length > 20, "the exchange lists nothing that must be left out");
  await link.order("refuse");
  await exchange.fail("bybit-instruments", { kind: "delay", ms: 300 });
  await exchange.fail("bybit-tickers", { kind: "delay", ms: 300 });
  edge = await world.edge();
  const answer = await edge.get("/mobile-data");
  assert.equal(answer.status, 200);
  assertSound(answer.json);
  const { "bybit-tickers": tickers, "bybit-instruments": pages } = await exchange.requests();
  assert.equal(tickers, 1);
  assert.ok(pages >= 1);
  // Beside and not after one another.
  assert.ok(answer.tookMs < 300 * Math.max(1, pages) + 250 + TOLERANCE_MS, `${answer.tookMs} ms`);
  const bodies = [answer.json];
  for (const symbol of bodies.flatMap(symbolsOf)) assert.ok(ours.has(symbol), `${symbol} is not crypto`);
  const top = await edge.get("/api/bybit-direct/top-symbols");
  assert.equal(top.json.symbols.length, 15);
  for (const { symbol } of top.json.symbols) assert.ok(ours.has(symbol), `${symbol} is not crypto`);
  assert.ok(answer.json.market_overview.active_symbols <= ours.size);
});

test("what only the origin collects is null here, with the reason, and never a constant", async () => {
  await link.order("refuse");
  edge = await world.edge();
  const { json } = await edge.get("/mobile-data");
  const overview = json.market_overview;
  for (const name of [
    "btc_dominance", "eth_dominance", "stablecoin_dominance", "altcoin_dominance", "altcoin_season", "total_market_cap",
    "market_cap_change_24h", "coingecko_volume_24h", "total_volume", "volume_mcap_ratio", "fear_greed_value",
    "fear_greed_label", "defi_market_cap", "defi_volume_24h", "defi_dominance", "active_cryptocurrencies",
    "btc_daily_volatility", "btc_volatility",
  ]) {
    assert.equal(overview[name], null, name);
  }
  for (const name of ["global_market", "defi_market", "fear_greed"]) {
    assert.deepEqual(json.sections[name], {
      source: null, as_of_ms: null, status: "unavailable", reason: "not_collected_at_edge",
    });
    assert.ok(json.degraded.includes(`${name}_not_collected_at_edge`));
  }
  assert.equal(json.perps.long_pct, null);
  assert.ok(json.confluence_scores.every((row) => row.score_basis === "ticker_momentum"));
  assert.ok(json.confluence_scores.every((row) => Object.values(row.components ?? {}).every((part) => part === null)));
});

test("what the origin collected before it failed is kept with its own time", async () => {
  edge = await world.edge({ vars: { REFRESH_AFTER_S: "0", FRESH_S: "30" } });
  const before = await edge.get("/mobile-data");
  assert.equal(before.json.data_source, "origin");
  assert.notEqual(before.json.market_overview.btc_dominance, null);
  await link.order("refuse");
  const direct = await until("the edge goes to the exchange itself", async () => {
    const answer = await edge.get("/mobile-data");
    return answer.json.data_source === "bybit_direct" && answer;
  });
  assert.equal(direct.json.market_overview.btc_dominance, before.json.market_overview.btc_dominance);
  assert.deepEqual(direct.json.sections.global_market, before.json.sections.global_market);
  assert.deepEqual(direct.json.sections.fear_greed, before.json.sections.fear_greed);
  assert.ok(direct.json.sequence > before.json.sequence);
  assert.ok(direct.json.as_of_ms > before.json.as_of_ms);
  assert.equal((await exchange.requests())["bybit-instruments"], 0, "the list of contracts was at hand");
});

test("data of a simulated market is labelled everywhere", async () => {
  await link.order("refuse");
  edge = await world.edge();
  const answer = await edge.get("/mobile-data");
  assert.equal(answer.header("x-market-data"), "simulated");
  assert.equal(answer.json.sections.tickers.source, "simulated:bybit");
  assert.equal(answer.json.sections.instruments.source, "simulated:bybit");
  assert.ok(answer.json.degraded.includes("simulated_data"));
  const held = await edge.get("/api/dashboard/symbols");
  assert.equal(held.header("x-market-data"), "simulated");
  assert.ok(held.json.degraded.includes("simulated_data"));
});

test("every path that tickers can fill is answered from the exchange alone", async () => {
  await link.order("refuse");
  edge = await world.edge();
  for (const path of [...Object.keys(TICKER_ROUTES), "/health", "/api/dashboard/health"]) {
    const answer = await edge.get(path);
    assert.equal(answer.status, 200, path);
    assert.equal(answer.json.data_source, "bybit_direct", path);
  }
});

test("what needs an analysis is a problem and never an empty list", async () => {
  await link.order("refuse");
  edge = await world.edge();
  for (const [path, outcome] of [
    ["/api/dashboard/signals", "not_analysed"],
    ["/api/dashboard/opportunities", "not_analysed"],
    ["/api/dashboard-cached/opportunities", "not_analysed"],
    ["/api/dashboard/alerts", "not_collected_at_edge"],
    ["/api/bitcoin-beta/realtime", "not_collected_at_edge"],
  ]) {
    const answer = await edge.get(path);
    assertNotAnalysed(answer, outcome);
    assert.match(answer.header("proxy-status") ?? "", /^($|edge; .*next-hop="origin"; details="connection_failed")/, path);
    const head = await edge.get(path, { method: "HEAD" });
    assert.deepEqual([head.status, head.text, head.header("cache-control")], [503, "", "no-store"]);
    const conditional = await edge.get(path, { headers: { "if-none-match": "*" } });
    assert.equal(conditional.status, 503, "a client was told that it holds what there is not");
  }
  assert.equal((await exchange.requests())["bybit-tickers"], 1, "a missing analysis made the edge ask again");
  assert.equal((await edge.get("/mobile-data")).status, 200);
});

test("momentum is never presented as confluence", async () => {
  await link.order("refuse");
  edge = await world.edge();
  const rows = async (path, field) => {
    const answer = await edge.get(path);
    assert.equal(answer.status, 200, path);
    return answer.json[field];
  };
  const all = [
    ...(await rows("/mobile-data", "confluence_scores")),
    ...(await rows("/api/dashboard/mobile-data", "confluence_scores")),
    ...(await rows("/api/dashboard/mobile-data", "symbols")),
    ...(await rows("/api/dashboard/mobile-data", "top_symbols")),
    ...(await rows("/api/dashboard/symbols", "symbols")),
  ];
  assert.ok(all.length >= 5 * 30, `${all.length} rows`);
  for (const row of all) {
    assert.deepEqual([row.score_basis, row.components, row.has_breakdown], ["ticker_momentum", null, false], row.symbol);
  }
});

/** [fault, scope, outcome]: nothing may be made of these. */
const REFUSED = [
  [{ kind: "status", status: 500 }, "bybit-tickers", "http_500"],
  [{ kind: "status", status: 503 }, "bybit-tickers", "http_503"],
  [{ kind: "status_429", retry_after_s: 5 }, "bybit", "http_429"],
  [{ kind: "geo_403" }, "bybit", "forbidden_region"],
  [{ kind: "rate_403" }, "bybit", "forbidden_rate_limit"],
  [{ kind: "ret_code", code: 10006, message: "Too many visits!" }, "bybit", "refused_by_venue"],
  [{ kind: "ret_code", code: 10016, message: "Server error." }, "bybit-tickers", "refused_by_venue"],
  [{ kind: "html_200" }, "bybit-tickers", "content_type"],
  [{ kind: "hang" }, "bybit-tickers", "timeout"],
  [{ kind: "hang_body" }, "bybit-tickers", "timeout"],
  [{ kind: "drip", bytes_per_second: 100 }, "bybit-tickers", "timeout"],
  [{ kind: "delay", ms: 3000 }, "bybit-tickers", "timeout"],
  [{ kind: "truncate" }, "bybit-tickers", "incomplete_body"],
  [{ kind: "truncate", mode: "short_json" }, "bybit-tickers", "truncated_body"],
  [{ kind: "reset" }, "bybit-tickers", "connection_failed"],
  [{ kind: "empty_body" }, "bybit-tickers", "empty_body"],
  [{ kind: "huge", bytes: 8_000_000 }, "bybit-tickers", "too_large"],
  [{ kind: "empty_list" }, "bybit-tickers", "empty_list"],
  [{ kind: "null_result" }, "bybit-tickers", "result_missing"],
  [{ kind: "empty_result" }, "bybit-tickers", "result_missing"],
  [{ kind: "zero_prices" }, "bybit-tickers", "bitcoin_missing"],
  [{ kind: "nan_prices" }, "bybit-tickers", "bitcoin_missing"],
  [{ kind: "negative_prices" }, "bybit-tickers", "bitcoin_missing"],
  [{ kind: "null_prices" }, "bybit-tickers", "bitcoin_missing"],
  [{ kind: "zero_prices_of", symbols: ["BTCUSDT"] }, "bybit-tickers", "bitcoin_missing"],
  [{ kind: "scale_all", factor: 10, fields: "last" }, "bybit-tickers", "bitcoin_missing"],
  [{ kind: "clock_skew", ms: -3_600_000 }, "bybit-tickers", "stale"],
  [{ kind: "status", status: 503 }, "bybit-instruments", "instruments_http_503"],
  [{ kind: "hang" }, "bybit-instruments", "instruments_timeout"],
  [{ kind: "empty_list" }, "bybit-instruments", "instruments_empty_list"],
];

describe("nothing is held and the exchange answers badly too", () => {
  for (const [fault, scope, outcome] of REFUSED) {
    test(`${scope} ${JSON.stringify(fault)}: 503 within the bound that names the reason`, async () => {
      await link.order("refuse");
      await exchange.fail(scope, fault);
      edge = await world.edge();
      const answer = await edge.get("/mobile-data");
      assert.equal(answer.status, 503, answer.text.slice(0, 200));
      assert.ok(answer.tookMs < 1_800 + TOLERANCE_MS, `${answer.tookMs} ms`);
      assert.equal(answer.header("content-type"), "application/problem+json");
      const [origin, direct, held] = answer.json.sources;
      assert.deepEqual([origin.name, origin.outcome], ["origin", "connection_failed"]);
      assert.deepEqual([direct.name, direct.outcome], ["bybit-direct", outcome]);
      // Data an hour old is data, only not to be shown.
      assert.deepEqual([held.name, held.outcome], ["edge-last-good", outcome === "stale" ? "too_old" : "empty"]);
      assert.ok(answer.header("proxy-status").includes(`next-hop="bybit-direct"`));
      assert.ok(answer.header("proxy-status").includes(`details="${outcome}"`));
    });
  }
});

/** These are odd but harmless: what is unusable is left out, the rest is served. */
const HARMLESS = [
  ["bybit-tickers", { kind: "number_prices" }],
  ["bybit-tickers", { kind: "extra_fields" }],
  ["bybit-tickers", { kind: "placeholder_symbol" }],
  ["bybit-tickers", { kind: "zero_prices_of", symbols: ["XRPUSDT"] }],
  ["bybit-tickers", { kind: "clock_skew", ms: 3_600_000 }],
  ["bybit-instruments", { kind: "extra_fields" }],
  ["bybit-instruments", { kind: "duplicate_symbols" }],
];

describe("the exchange answers oddly", () => {
  for (const [scope, fault] of HARMLESS) {
    test(`${scope} ${JSON.stringify(fault)}: the rest is served`, async () => {
      await link.order("refuse");
      await exchange.fail(scope, fault);
      edge = await world.edge();
      const answer = await edge.get("/mobile-data");
      assert.equal(answer.status, 200, answer.text.slice(0, 300));
      assertSound(answer.json);
      assert.ok(Number(answer.header("age")) < 5);
      for (const symbol of fault.symbols ?? []) assert.ok(!symbolsOf(answer.json).includes(symbol));
    });
  }
});

test("far fewer contracts than usual are refused while the usual number is remembered", async () => {
  edge = await world.edge({ vars: { REFRESH_AFTER_S: "0", FRESH_S: "30" } });
  const before = await edge.get("/mobile-data");
  await link.order("refuse");
  await exchange.fail("bybit-tickers", { kind: "few_rows", rows: 200 });
  await until("the edge asks the exchange", async () => {
    const answer = await edge.get("/mobile-data");
    assert.equal(answer.json.as_of_ms, before.json.as_of_ms, "a part of the market was taken for the whole");
    return (await exchange.requests())["bybit-tickers"] >= 1;
  });
  const line = await until("the refusal is told", () => edge.logs().find((line) => line.event === "refresh"));
  assert.equal(line.asked[1].outcome, "too_few_contracts");
});

for (const [kind, outcome, paused] of [
  ["geo_403", "forbidden_region", "paused_region"],
  ["rate_403", "forbidden_rate_limit", "paused_rate_limit"],
]) {
  test(`after ${kind} the exchange is left alone, and the origin is still asked`, async () => {
    await link.order("refuse");
    await exchange.fail("bybit", { kind });
    edge = await world.edge();
    const first = await edge.get("/mobile-data");
    assert.equal(first.json.sources[1].outcome, outcome);
    await exchange.forget();
    await exchange.recover();
    const later = await until("the next refresh is tried", async () => {
      const answer = await edge.get("/mobile-data");
      assert.equal(answer.status, 503);
      return answer.json.sources[1].outcome !== outcome && answer;
    });
    assert.equal(later.json.sources[1].outcome, paused);
    assert.equal(await exchangeRequests(exchange), 0, "the exchange was asked again");
    await link.order("pass");
    const back = await until("the origin is asked again", async () => {
      const answer = await edge.get("/mobile-data");
      return answer.status === 200 && answer;
    });
    assert.equal(back.json.data_source, "origin");
    assert.equal(await exchangeRequests(exchange), 0);
  });
}

test("the exchange is asked no more than once in three seconds", async () => {
  await link.order("refuse");
  edge = await world.edge({ vars: { REFRESH_AFTER_S: "0", FRESH_S: "30" } });
  const began = performance.now();
  while (performance.now() - began < 4_000) assert.equal((await edge.get("/mobile-data")).status, 200);
  const { "bybit-tickers": tickers } = await exchange.requests();
  assert.ok(tickers >= 1 && tickers <= 2, `${tickers} requests in four seconds`);
});
