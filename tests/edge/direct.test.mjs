// The edge on its own: what it makes of Bybit's answers, and what it refuses to make of them.

import assert from "node:assert/strict";
import { test } from "node:test";
import { TICKER_ROUTES, assertNotAnalysed, exchangeRequests, listing, until, useWorld } from "./support.mjs";

const world = useWorld();

const symbolsOf = (body) => [
  ...body.confluence_scores.map((row) => row.symbol),
  ...body.top_movers.gainers.map((row) => row.symbol),
  ...body.top_movers.losers.map((row) => row.symbol),
];

test("a cold edge fetches the list of contracts and shows crypto alone", async () => {
  const { ours, others } = await listing(world.exchange.url);
  assert.ok(others.length > 20, "the exchange lists nothing that must be left out");
  await world.link.order("refuse");
  const edge = await world.edge();
  const answer = await edge.get("/mobile-data");
  assert.equal(answer.status, 200);
  for (const symbol of symbolsOf(answer.json)) assert.ok(ours.has(symbol), `${symbol} is not crypto`);
  const top = await edge.get("/api/bybit-direct/top-symbols");
  assert.equal(top.json.symbols.length, 15);
  for (const { symbol } of top.json.symbols) assert.ok(ours.has(symbol), `${symbol} is not crypto`);
  assert.ok(answer.json.market_overview.active_symbols <= ours.size);
});

test("what only the origin collects is null here, with the reason, and never a constant", async () => {
  await world.link.order("refuse");
  const edge = await world.edge();
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
  const edge = await world.edge({ vars: { REFRESH_AFTER_S: "0", FRESH_S: "30" } });
  const before = await edge.get("/mobile-data");
  assert.equal(before.json.data_source, "origin");
  assert.notEqual(before.json.market_overview.btc_dominance, null);
  await world.link.order("refuse");
  const direct = await until("the edge goes to the exchange itself", async () => {
    const answer = await edge.get("/mobile-data");
    return answer.json.data_source === "bybit_direct" && answer;
  });
  assert.equal(direct.json.market_overview.btc_dominance, before.json.market_overview.btc_dominance);
  assert.deepEqual(direct.json.sections.global_market, before.json.sections.global_market);
  assert.deepEqual(direct.json.sections.fear_greed, before.json.sections.fear_greed);
  assert.ok(direct.json.sequence > before.json.sequence);
  assert.ok(direct.json.as_of_ms > before.json.as_of_ms);
  assert.equal((await world.exchange.requests())["bybit-instruments"], 0, "the list of contracts was at hand");
});

test("a market that leapt is shown once three tables have said so, and not before", async () => {
  const edge = await world.edge({ vars: { REFRESH_AFTER_S: "0", FRESH_S: "30" } });
  const before = (await edge.get("/mobile-data")).json.market_overview.btc_price;
  await world.link.order("refuse");
  await world.exchange.fail("bybit-tickers", { kind: "scale_all", factor: 10 });
  const wild = () => edge.logs().filter((line) => line.event === "refresh" && line.asked.some(({ outcome }) => outcome === "wild_table"));
  const leapt = await until("the leap is believed", async () => {
    const { json } = await edge.get("/mobile-data");
    if (json.data_source === "bybit_direct") return json;
    assert.ok(json.market_overview.btc_price < 2 * before, `${json.market_overview.btc_price} after ${before}`);
    return false;
  }, { withinMs: 30_000 });
  assert.ok(leapt.market_overview.btc_price > 5 * before);
  assert.equal(wild().length, 2, "the table was not judged, or not confirmed by two more");
});

test("data of a simulated market is labelled everywhere", async () => {
  await world.link.order("refuse");
  const edge = await world.edge();
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
  await world.link.order("refuse");
  const edge = await world.edge();
  for (const path of [...Object.keys(TICKER_ROUTES), "/health", "/api/dashboard/health"]) {
    const answer = await edge.get(path);
    assert.equal(answer.status, 200, path);
    assert.equal(answer.json.data_source, "bybit_direct", path);
  }
});

test("what needs an analysis is a problem and never an empty list", async () => {
  await world.link.order("refuse");
  const edge = await world.edge();
  for (const [path, outcome] of [
    ["/api/dashboard/signals", "not_analysed"],
    ["/api/dashboard/opportunities", "not_analysed"],
    ["/api/dashboard-cached/opportunities", "not_analysed"],
    ["/api/dashboard/alerts", "not_collected_at_edge"],
    ["/api/bitcoin-beta/realtime", "not_collected_at_edge"],
    ["/api/liquidations", "not_collected_at_edge"],
    ["/api/books", "not_collected_at_edge"],
  ]) {
    const answer = await edge.get(path);
    assertNotAnalysed(answer, outcome);
    assert.match(answer.header("proxy-status") ?? "", /^($|edge; .*next-hop="origin"; details="connection_failed")/, path);
    const head = await edge.get(path, { method: "HEAD" });
    assert.deepEqual([head.status, head.text, head.header("cache-control")], [503, "", "no-store"]);
    const conditional = await edge.get(path, { headers: { "if-none-match": "*" } });
    assert.equal(conditional.status, 503, "a client was told that it holds what there is not");
  }
  assert.equal((await world.exchange.requests())["bybit-tickers"], 1, "a missing analysis made the edge ask again");
  assert.equal((await edge.get("/mobile-data")).status, 200);
});

test("momentum is never presented as confluence", async () => {
  await world.link.order("refuse");
  const edge = await world.edge();
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

test("far fewer contracts than usual are refused while the usual number is remembered", async () => {
  const edge = await world.edge({ vars: { REFRESH_AFTER_S: "0", FRESH_S: "30" } });
  const before = await edge.get("/mobile-data");
  await world.link.order("refuse");
  await world.exchange.fail("bybit-tickers", { kind: "few_rows", rows: 200 });
  await until("the edge asks the exchange", async () => {
    const answer = await edge.get("/mobile-data");
    assert.equal(answer.json.as_of_ms, before.json.as_of_ms, "a part of the market was taken for the whole");
    return (await world.exchange.requests())["bybit-tickers"] >= 1;
  });
  const line = await until("the refusal is told", () => edge.logs().find((line) => line.event === "refresh"));
  assert.equal(line.asked[1].outcome, "too_few_contracts");
});

for (const [fault, outcome, paused] of [
  [{ kind: "geo_403" }, "forbidden_region", "paused_region"],
  [{ kind: "rate_403" }, "forbidden_rate_limit", "paused_rate_limit"],
  [{ kind: "status_429", retry_after_s: 5 }, "http_429", "paused_too_many_requests"],
  [{ kind: "ret_code", code: 10006, message: "Too many visits!" }, "refused_by_venue", "paused_too_many_requests"],
]) {
  test(`after ${JSON.stringify(fault)} the exchange is left alone, and the origin is still asked`, async () => {
    await world.link.order("refuse");
    await world.exchange.fail("bybit", fault);
    const edge = await world.edge();
    const first = await edge.get("/mobile-data");
    assert.equal(first.json.sources[1].outcome, outcome);
    await world.exchange.forget();
    await world.exchange.recover();
    const later = await until("the next refresh is tried", async () => {
      const answer = await edge.get("/mobile-data");
      assert.equal(answer.status, 503);
      return answer.json.sources[1].outcome !== outcome && answer;
    });
    assert.equal(later.json.sources[1].outcome, paused);
    assert.equal(await exchangeRequests(world.exchange), 0, "the exchange was asked again");
    await world.link.order("pass");
    const back = await until("the origin is asked again", async () => {
      const answer = await edge.get("/mobile-data");
      return answer.status === 200 && answer;
    });
    assert.equal(back.json.data_source, "origin");
    assert.equal(await exchangeRequests(world.exchange), 0);
  });
}

test("the exchange is asked no more than once in three seconds", async () => {
  await world.link.order("refuse");
  const edge = await world.edge({ vars: { REFRESH_AFTER_S: "0", FRESH_S: "30" } });
  const began = performance.now();
  while (performance.now() - began < 4_000) assert.equal((await edge.get("/mobile-data")).status, 200);
  const { "bybit-tickers": tickers } = await world.exchange.requests();
  assert.ok(tickers >= 1 && tickers <= 2, `${tickers} requests in four seconds`);
});
