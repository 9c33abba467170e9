// Odd inputs of kinds that exchanges and publishers have really sent, and what each may cost. A case is one line:
//
//   [what it is, how it is spoiled, what it costs]
//
// The cost of a table: {} for nothing, {SYMBOL: [figure, …]} for figures of a contract (`row` for all of it), {everywhere:
// [figure, …]}, or {refused: label} for the whole. The cost of a list or a publisher: see there.

const TICKERS = "/v5/market/tickers";
const INSTRUMENTS = "/v5/market/instruments-info";
const GLOBAL = "/api/v3/global";
const DEFI = "/api/v3/global/decentralized_finance_defi";
const FEAR_GREED = "/fng/";

/** Bybit's table, as {@link OTHERS} says it of the other exchanges. */
const BYBIT = {
  path: TICKERS,
  rowsOf: ({ result }) => result.list,
  withRows: (body, list) => ({ ...body, result: { ...body.result, list } }),
  nameOf: (symbol) => symbol,
  name: "symbol",
};

/** An exchange's table with other rows, and with fields of one contract's row in other words. */
const tableOf = ({ path, rowsOf, withRows }, change) => ({ path, json: (body) => withRows(body, change(rowsOf(body))) });
const rowOf = (exchange, symbol, change) =>
  tableOf(exchange, (rows) => rows.map((row) => (row[exchange.name] === exchange.nameOf(symbol) ? { ...row, ...change(row) } : row)));

const table = (change) => tableOf(BYBIT, change);
const row = (symbol, change) => rowOf(BYBIT, symbol, change);
const set = (symbol, fields) => row(symbol, () => fields);
const scale = (symbol, factor, ...fields) => row(symbol, (row) => Object.fromEntries(fields.map((field) => [field, String(row[field] * factor)])));

/** Fields of every row in other words. */
const rows = (change) => table((rows) => rows.map((row) => ({ ...row, ...change(row) })));
const setAll = (fields) => rows(() => fields);

/** Of a contract's row, as it is sent, the field `name`, whose `"name":"value"` `change` replaces. */
const sent = (symbol, name, change) => ({
  path: TICKERS,
  bytes: (body) => {
    const field = new RegExp(`("symbol":"${symbol}".*?)("${name}":"[^"]*")`);
    return Buffer.from(body.toString("latin1").replace(field, (_, before, pair) => before + change(pair)), "latin1");
  },
});

/** A contract's row once more, with these fields in other words. */
const again = (symbol, change) => table((rows) => {
  const row = rows.find((row) => row.symbol === symbol);
  return [...rows, { ...row, ...change(row) }];
});

/** Another row beside the others. */
const beside = (row) => table((rows) => [row, ...rows]);

export const TABLES = [
  // A price falls only when most of its row contradicts it.
  ["a price that is a decimal place off", scale("SOLUSDT", 10, "lastPrice"), { SOLUSDT: ["row"] }],
  ["a price of zero", set("SOLUSDT", { lastPrice: "0" }), { SOLUSDT: ["row"] }],
  ["a price that is no number", set("SOLUSDT", { lastPrice: "NaN" }), { SOLUSDT: ["row"] }],
  ["a price in exponents", row("SOLUSDT", ({ lastPrice }) => ({ lastPrice: `${lastPrice * 1e3}e-3` })), {}],
  ["a price as a bare number", row("SOLUSDT", ({ lastPrice }) => ({ lastPrice: Number(lastPrice) })), {}],
  // A change costs the change.
  ["a stated change that the prices contradict", set("SOLUSDT", { price24hPcnt: "0.9" }), { SOLUSDT: ["change"] }],
  ["a stated change that is not there", set("SOLUSDT", { price24hPcnt: "" }), {}],
  ["a price of yesterday that is not there", set("SOLUSDT", { prevPrice24h: "" }), {}],
  ["neither a change nor yesterday's price", set("SOLUSDT", { prevPrice24h: "", price24hPcnt: "" }), { SOLUSDT: ["change"] }],
  ["Bitcoin without yesterday", set("BTCUSDT", { prevPrice24h: "", price24hPcnt: "" }), { BTCUSDT: ["change"] }],
  ["Bitcoin without volume and range", set("BTCUSDT", { volume24h: "", highPrice24h: "", lowPrice24h: "" }), { BTCUSDT: ["high", "low"] }],
  // A fifth of a percentage point: more than the rounding of the exchange, at any change.
  ["a stated change that lags the price", row("SOLUSDT", ({ price24hPcnt }) => ({ price24hPcnt: String(price24hPcnt - 0.002) })), {}],
  // Side figures are judged by their row.
  ["turnover in another unit", scale("SOLUSDT", 1e6, "turnover24h"), { SOLUSDT: ["turnover"] }],
  ["turnover that is not there", set("SOLUSDT", { turnover24h: "" }), { SOLUSDT: ["turnover"] }],
  ["a high below the price", scale("SOLUSDT", 0.1, "highPrice24h"), { SOLUSDT: ["high", "low"] }],
  ["a low above the price", scale("SOLUSDT", 10, "lowPrice24h"), { SOLUSDT: ["high", "low"] }],
  ["Bitcoin's turnover in another unit", scale("BTCUSDT", 1e-3, "turnover24h"), { BTCUSDT: ["turnover"] }],
  ["turnover and volume a million times off", scale("SOLUSDT", 1e6, "turnover24h", "volume24h"), { SOLUSDT: ["turnover"] }],
  ["a mark price of another contract", scale("SOLUSDT", 100, "markPrice"), { SOLUSDT: ["basis"] }],
  ["an index price of zero", set("SOLUSDT", { indexPrice: "0" }), { SOLUSDT: ["basis"] }],
  ["a funding rate beyond its cap", set("SOLUSDT", { fundingRate: "0.75" }), { SOLUSDT: ["funding"] }],
  ["a funding rate that is no number", set("SOLUSDT", { fundingRate: {} }), { SOLUSDT: ["funding"] }],
  ["open interest of one side that is zero", set("SOLUSDT", { singleOpenInterestValue: "0" }), {}],
  ["open interest of one side a million times off", scale("SOLUSDT", 1e6, "singleOpenInterestValue"), {}],
  ["open interest a million times off in every field", scale("SOLUSDT", 1e6, "singleOpenInterestValue", "openInterestValue", "singleOpenInterest", "openInterest"), { SOLUSDT: ["interest"] }],
  // One odd row, field or byte costs itself.
  ["a row that is a word", beside("maintenance"), {}],
  ["a row that is nothing", beside(null), {}],
  ["a row that is a list", beside(["SOLUSDT", "1"]), {}],
  ["a row of a status", beside({ symbol: "SYSTEM_STATUS", lastPrice: "0", price24hPcnt: "0" }), {}],
  ["a row with a name of markup", beside({ symbol: "<script>alert(1)</script>", lastPrice: "1" }), {}],
  ["a row that stands twice, alike", again("SOLUSDT", () => ({})), {}],
  ["a row that stands twice, once with a price that it contradicts", again("SOLUSDT", () => ({ lastPrice: "1" })), {}],
  ["a row that stands twice, with two prices", again("SOLUSDT", ({ lastPrice }) => ({ lastPrice: String(lastPrice * 1.001) })), { SOLUSDT: ["row"] }],
  ["a field that stands twice, alike", sent("SOLUSDT", "fundingRate", (pair) => `${pair},${pair}`), {}],
  ["a field that stands twice, with two values", sent("SOLUSDT", "fundingRate", (pair) => `"fundingRate":"0.0777",${pair}`), { SOLUSDT: ["funding"] }],
  ["a byte that is no text", sent("SOLUSDT", "fundingRate", (pair) => pair.replace(/"$/, '\xff"')), { SOLUSDT: ["funding"] }],
  ["a control character", sent("SOLUSDT", "fundingRate", (pair) => pair.replace(/"$/, '\x01"')), { SOLUSDT: ["funding"] }],
  ["half of a surrogate pair", sent("SOLUSDT", "fundingRate", () => '"fundingRate":"\\ud800"'), { SOLUSDT: ["funding"] }],
  ["a number out of range", sent("SOLUSDT", "fundingRate", () => '"fundingRate":1e999'), { SOLUSDT: ["funding"] }],
  // What is wrong everywhere is not there.
  ["funding of zero everywhere", setAll({ fundingRate: "0" }), { everywhere: ["funding"] }],
  ["no open interest anywhere", setAll({ singleOpenInterestValue: "0", openInterestValue: "0", singleOpenInterest: "0", openInterest: "0" }), { everywhere: ["interest"] }],
  ["a range without its ends everywhere", setAll({ highPrice24h: "", lowPrice24h: "" }), { everywhere: ["high", "low"] }],
  ["fields that nobody has heard of", setAll({ quantumFlux: { a: [1] } }), {}],
  // A table that cannot be the market is refused by name.
  ["prices of zero everywhere", setAll({ lastPrice: "0" }), { refused: "bitcoin_missing" }],
  ["every price a decimal place off", rows(({ lastPrice }) => ({ lastPrice: String(lastPrice * 10) })), { refused: "bitcoin_missing" }],
  ["no Ether", table((rows) => rows.filter(({ symbol }) => symbol !== "ETHUSDT")), { refused: "major_missing" }],
  ["a table of a clock that runs ahead", { path: TICKERS, json: (body) => ({ ...body, time: body.time + 60_000 }) }, { refused: "venue_clock_ahead" }],
];

/** The other exchanges' tables: what a contract is called there, and its price, in the rows of an answer. */
export const OTHERS = {
  okx: {
    path: "/api/v5/market/tickers",
    query: "?instType=SWAP",
    rowsOf: ({ data }) => data,
    withRows: (body, data) => ({ ...body, data }),
    nameOf: (symbol) => symbol.replace(/USDT$/, "-USDT-SWAP"),
    name: "instId",
    price: "last",
  },
  binance: {
    path: "/api/v3/ticker/24hr",
    query: "?type=MINI&symbolStatus=TRADING",
    rowsOf: (body) => body,
    withRows: (body, rows) => rows,
    nameOf: (symbol) => symbol,
    name: "symbol",
    price: "lastPrice",
  },
};

/** How another exchange's table is spoiled, and whether that costs `SOLUSDT`. */
export const TABLES_OF_OTHERS = [
  ["a row that is a word", (other) => tableOf(other, (rows) => ["maintenance", ...rows]), false],
  ["a row that is nothing", (other) => tableOf(other, (rows) => [null, ...rows]), false],
  ["a row that stands twice, alike", (other) => tableOf(other, (rows) => [...rows, rows.find((row) => row[other.name] === other.nameOf("SOLUSDT"))]), false],
  ["a price that is a decimal place off", (other) => rowOf(other, "SOLUSDT", (row) => ({ [other.price]: String(row[other.price] * 10) })), true],
  ["a price that is a list", (other) => rowOf(other, "SOLUSDT", () => ({ [other.price]: [1] })), true],
  ["fields that nobody has heard of", (other) => tableOf(other, (rows) => rows.map((row) => ({ ...row, quantumFlux: { a: [1] } }))), false],
  ["a field without a value", (other) => rowOf(other, "SOLUSDT", () => ({ bidPx: null, bidPrice: null })), false],
];

/** The rows of the first table that it meets, under the time of each later one; `since()` is the time of the first. */
export function standingStill() {
  let first;
  const json = (body) => ({ ...body, result: (first ??= body).result });
  return { path: TICKERS, json, since: () => first?.time ?? Infinity };
}

const listed = (change) => ({ path: INSTRUMENTS, json: ({ result, ...body }) => ({ ...body, result: { ...result, ...change(result) } }) });
const listedRow = (symbol, fields) => listed(({ list }) => ({ list: list.map((row) => (row.symbol === symbol ? { ...row, ...fields } : row)) }));
const listing = (change) => listed(({ list }) => ({ list: change(list) }));

/** What a spoiled list costs: contracts that it does not make count (`without`), and what `degraded` says. */
export const LISTS = [
  ["a row that is a word", listing((rows) => ["maintenance", ...rows]), {}],
  ["a row that is nothing", listing((rows) => [null, ...rows]), {}],
  ["a contract that stands twice, alike", listing((rows) => [...rows, rows.find(({ symbol }) => symbol === "SOLUSDT")]), {}],
  ["a contract of an unknown type", listedRow("SOLUSDT", { symbolType: "quantum" }), { without: ["SOLUSDT"] }],
  ["a contract that is not trading yet, in words", listedRow("SOLUSDT", { isPreListing: "true" }), { without: ["SOLUSDT"] }],
  ["a cursor that repeats for ever", { ...listed(() => ({ nextPageCursor: "again" })), ask: (url) => url.replace(/&cursor=.*/, "") }, {}],
  ["a cursor that is a number", listed(() => ({ nextPageCursor: 0 })), {}],
  ["a tenth of its rows gone", listing((rows) => rows.filter((row, place) => place % 10 > 0 || row.symbol === "BTCUSDT" || row.symbol === "ETHUSDT")), { degraded: "instruments_incomplete" }],
];

const DAY_MS = 86_400_000;
const market = (change) => ({ path: GLOBAL, json: ({ data, ...body }) => ({ ...body, data: { ...data, ...change(data) } }) });
const index = (change) => ({ path: FEAR_GREED, json: (body) => ({ ...body, data: body.data.map((row) => ({ ...row, ...change(row) })) }) });
const OF_GLOBAL = ["total_market_cap", "btc_dominance", "altcoin_dominance", "coingecko_volume_24h", "volume_mcap_ratio", "active_cryptocurrencies"];
const OF_INDEX = ["fear_greed_value", "fear_greed_label"];

/** What a spoiled publisher costs: fields of the overview; where it costs a whole section, which one, and the reason given. */
export const PUBLISHERS = [
  ["a time in milliseconds for seconds", market(({ updated_at }) => ({ updated_at: updated_at * 1_000 })), OF_GLOBAL, "global_market", "from_the_future"],
  ["a time of tomorrow", market(({ updated_at }) => ({ updated_at: updated_at + DAY_MS / 1_000 })), OF_GLOBAL, "global_market", "from_the_future"],
  ["capitalisation ten million times off", market(({ total_market_cap }) => ({ total_market_cap: { usd: total_market_cap.usd * 1e7 } })), OF_GLOBAL, "global_market", "figures_contradict"],
  ["capitalisation that is nothing", market(() => ({ total_market_cap: null })), OF_GLOBAL, "global_market", "unusable_field"],
  ["Bitcoin's share of zero", market(({ market_cap_percentage }) => ({ market_cap_percentage: { ...market_cap_percentage, btc: 0 } })), ["btc_dominance", "altcoin_dominance"]],
  ["a count that is a word", market(() => ({ active_cryptocurrencies: "many" })), ["active_cryptocurrencies"]],
  ["DeFi larger than the whole", { path: DEFI, json: (body) => ({ data: { ...body.data, defi_market_cap: "9e15" } }) }, ["defi_market_cap", "defi_dominance"], "defi_market", "figures_contradict"],
  ["zero, called greed", index(() => ({ value: "0", value_classification: "Greed" })), OF_INDEX, "fear_greed", "label_contradicted"],
  ["a value beyond the scale", index(() => ({ value: "101" })), OF_INDEX, "fear_greed", "unusable_field"],
  ["an index of a time in milliseconds", index(({ timestamp }) => ({ timestamp: `${timestamp}000` })), OF_INDEX, "fear_greed", "from_the_future"],
];
