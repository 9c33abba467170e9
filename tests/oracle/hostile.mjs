// A market of odd rows: intervals that differ, fundings below zero, fields that are not there, ties, holes, and rows that
// contradict themselves. What becomes of each is for the oracle to work out; here stands only what is sent.

/** Fields of the ticker rows of single contracts. */
const TICKERS = {
  // The interval of a funding: not told by the row, of an hour, of a day, and told by nobody.
  SOLUSDT: () => ({ fundingIntervalHour: "", fundingRate: "-0.00031" }),
  XRPUSDT: () => ({ fundingIntervalHour: "1", fundingRate: "-0.0002" }),
  SUIUSDT: (row, { alarm }) => ({ fundingIntervalHour: "24", fundingRate: alarm ? "0.0036" : "0.0001" }),
  BNBUSDT: () => ({ fundingIntervalHour: "0" }),
  APTUSDT: () => ({ fundingRate: "0.75" }),
  DOGEUSDT: () => ({ markPrice: "" }),
  HYPEUSDT: () => ({ indexPrice: "0" }),
  LINKUSDT: (row) => ({ markPrice: String(row.markPrice * 100) }),
  ADAUSDT: () => ({ singleOpenInterestValue: "0", singleOpenInterest: "" }),
  AVAXUSDT: () => ({ singleOpenInterestValue: "", singleOpenInterest: "", openInterestValue: "", openInterest: "" }),
  "1000PEPEUSDT": () => ({ highPrice24h: "", lowPrice24h: "" }),
  // Did not move; tells only one of the two ways to the change; tells none.
  WIFUSDT: ({ lastPrice }) => ({ prevPrice24h: lastPrice, price24hPcnt: "0", prevPrice1h: lastPrice }),
  BCHUSDT: ({ lastPrice }) => ({ price24hPcnt: "", turnover24h: "1000000000", volume24h: String(1e9 / lastPrice) }),
  LTCUSDT: ({ lastPrice }) => ({ prevPrice24h: "", turnover24h: "1000000000", volume24h: String(1e9 / lastPrice) }),
  AAVEUSDT: () => ({ prevPrice24h: "", price24hPcnt: "" }),
  ENAUSDT: () => ({ turnover24h: "" }),
  FARTCOINUSDT: (row) => ({ volume24h: String(row.volume24h * 1e6) }),
  // Two that rose alike.
  ZECUSDT: ({ lastPrice }) => ({ prevPrice24h: String(lastPrice / 4), price24hPcnt: "3" }),
  PUMPFUNUSDT: ({ lastPrice }) => ({ prevPrice24h: String(lastPrice / 4), price24hPcnt: "3" }),
  OPUSDT: () => ({ fundingRate: "0.2", fundingCap: "" }),
  NEARUSDT: () => ({ lastPrice: "NaN" }),
};

/** Rows beside the others: no rows at all, one again alike, and one again with another price. */
const beside = (rows) => {
  const find = (symbol) => rows.find((row) => row.symbol === symbol);
  const [uni, dot] = [find("UNIUSDT"), find("DOTUSDT")];
  return ["maintenance", null, ...(uni ? [uni] : []), ...(dot ? [{ ...dot, lastPrice: String(dot.lastPrice * 1.001) }] : [])];
};

/** The candles of single contracts and intervals, newest first. Cells: start, open, high, low, close, volume, turnover. */
const CANDLES = {
  "ETHUSDT 5": (rows) => rows.filter((row, place) => place !== 20),
  "BTCUSDT D": (rows) => rows.filter((row, place) => place !== 7),
  // Of the older pages one candle each: the series begins anew at each.
  "XRPUSDT 60": (rows, time) => (time - Number(rows.at(-1)[0]) > 30 * 86_400_000 ? rows.slice(0, 1) : rows),
  "LINKUSDT 60": (rows, time, state) => {
    state.flat ??= rows[0][4];
    return rows.map(([start, , , , , volume, turnover]) => [start, ...Array(4).fill(state.flat), volume, turnover]);
  },
  // The newest three are missing: what is left fades.
  "AVAXUSDT 30": (rows) => rows.slice(3),
  "BNBUSDT 30": (rows) => rows.map((row, place) => (place === 11 ? [row[0], row[1], row[3], row[2], ...row.slice(4)] : row)),
  "SOLUSDT 240": (rows) => rows.map((row, place) => (place < 20 ? [...row.slice(0, 5), "0", "0"] : row)),
  "DOGEUSDT 1": (rows) => rows.map((row, place) => (place === 30 ? [String(Number(row[0]) + 1), ...row.slice(1)] : row)),
  "ADAUSDT 1": (rows) => rows.map(([start, ...cells]) => [start, ...cells.slice(0, 4).map((price) => String(price * 3)), ...cells.slice(4)]),
  // A price that moved by more than 2 % in four hours.
  "DOGEUSDT 5": (rows, time) => rows.map(([start, ...cells]) => {
    const factor = time - start > 3 * 3_600_000 ? 0.96 : 1;
    return [start, ...cells.slice(0, 4).map((price) => String(price * factor)), ...cells.slice(4)];
  }),
  // Bars that reach as far beyond the one before on either side, to the last decimal.
  "SUIUSDT 5": (rows) => rows.map((row, place) => {
    const before = rows[place + 1];
    if (!before || place % 2) return row;
    const reach = Math.max(row[2] - before[2], before[3] - row[3], 0.0001) + 0.0003;
    return [row[0], row[1], (Number(before[2]) + reach).toFixed(4), (Number(before[3]) - reach).toFixed(4), ...row.slice(4)];
  }),
};

const TRADES = {
  AVAXUSDT: (rows) => rows.map((row, place) => (place % 3 ? row : { ...row, side: "None" })),
  LTCUSDT: (rows) => rows.map((row, place) => ({ ...row, size: place % 7 ? row.size : "0", isBlockTrade: place % 10 === 3 })),
  ZECUSDT: (rows) => rows.map((row) => ({ ...row, time: rows[0].time })),
  XRPUSDT: (rows) => rows.slice(0, 20),
  SOLUSDT: (rows) => rows.map((row) => ({ ...row, time: String(Number(row.time) - 7_200_000) })),
  // One large trade, once something is known of the trades before.
  BNBUSDT: ([newest, ...rest], { alarm }) => [...(alarm ? [{ ...newest, execId: "large", size: String(2e6 / newest.price) }] : []), newest, ...rest],
};

const BOOKS = {
  BCHUSDT: (book) => ({ ...book, a: [] }),
  SUIUSDT: (book) => ({ ...book, cts: book.cts - 45_000 }),
  "1000BONKUSDT": ({ a, b, ...rest }) => ({ ...rest, a: a.slice(0, 3), b: b.slice(0, 3) }),
};

const RATIOS = {
  WIFUSDT: (rows) => rows.map((row) => ({ ...row, buyRatio: "0.9", sellRatio: "0.2" })),
  DOGEUSDT: (rows) => rows.map((row) => ({ ...row, timestamp: String(Number(row.timestamp) - 7_200_000) })),
  HYPEUSDT: (rows) => rows.map((row) => ({ ...row, timestamp: String(Number(row.timestamp) - 1_800_000) })),
  LINKUSDT: (rows) => rows.map((row) => ({ ...row, buyRatio: "1", sellRatio: "0" })),
};

const FUNDINGS = {
  HYPEUSDT: (rows) => rows.filter((row, place) => place % 5 !== 3),
  ADAUSDT: (rows) => rows.slice(0, 5),
  XRPUSDT: (rows) => rows.map((row, place) => ({ ...row, fundingRate: String(-0.0001 - 0.00001 * (place % 4)) })),
};

const INTERESTS = {
  "1000PEPEUSDT": (rows) => rows.map(({ singleOpenInterest, ...row }) => row),
  XRPUSDT: (rows) => rows.filter((row, place) => place < 20),
  SUIUSDT: (rows) => rows.map((row, place) => ({ ...row, singleOpenInterest: String(row.singleOpenInterest * (1 - place / 200)) })),
  // Asked for again after five minutes.
  DOGEUSDT: (rows, { alarm }) => rows.map((row, place) => ({ ...row, singleOpenInterest: String(rows[0].singleOpenInterest * (alarm && place === 0 ? 1.13 : 1)) })),
};

/** The contracts of which something is odd that a score rests on: they must be among those that are watched. */
export const WATCHED = [...new Set([CANDLES, TRADES, BOOKS, RATIOS, FUNDINGS, INTERESTS].flatMap(Object.keys).map((key) => key.split(" ")[0]))];

/** What `startRecorder` rewrites by; `state.alarm` makes two things happen that alert. */
export function hostile(state) {
  const list = (body, change) => ({ ...body, result: { ...body.result, list: change(body.result.list) } });
  const of = (table, query, body) => {
    const change = table[query.get("symbol")];
    return change && list(body, (rows) => change(rows, state));
  };
  return (pathname, query, body) => {
    switch (pathname) {
      case "/v5/market/tickers":
        return list(body, (rows) => [...rows.map((row) => ({ ...row, ...TICKERS[row.symbol]?.(row, state) })), ...beside(rows)]);
      case "/v5/market/instruments-info":
        return list(body, (rows) => rows.map((row) => (row.symbol === "BNBUSDT" ? { ...row, fundingInterval: 0 } : row)));
      case "/v5/market/kline": {
        const change = CANDLES[`${query.get("symbol")} ${query.get("interval")}`];
        return change && list(body, (rows) => change(rows, body.time, state));
      }
      case "/v5/market/recent-trade":
        return of(TRADES, query, body);
      case "/v5/market/orderbook":
        return BOOKS[query.get("symbol")] && { ...body, result: BOOKS[query.get("symbol")](body.result) };
      case "/v5/market/account-ratio":
        return of(RATIOS, query, body);
      case "/v5/market/funding/history":
        return of(FUNDINGS, query, body);
      case "/v5/market/open-interest":
        return of(INTERESTS, query, body);
      case "/api/v3/global":
        return { data: { ...body.data, market_cap_percentage: { ...body.data.market_cap_percentage, usdt: "many" }, active_cryptocurrencies: 1.5 } };
      case "/fng/":
        return { ...body, data: body.data.map((row) => ({ ...row, value: "46", value_classification: "Fear" })) };
      default:
        return undefined;
    }
  };
}

/**
 * A table of which much is missing: a field that is zero nearly everywhere, another that a quarter of the rows lacks, a third that
 * the largest lack but for the two that are half of the market, and inputs of scores that nobody tells.
 */
export function thin(pathname, query, body) {
  if (pathname.startsWith("/v5/market/") && query.has("symbol")) return { ...body, retCode: 10001, retMsg: "not supported symbols" };
  if (pathname !== "/v5/market/tickers") return undefined;
  const { list } = body.result;
  const byTurnover = [...list].filter(({ symbol }) => symbol.endsWith("USDT")).sort((one, other) => other.turnover24h - one.turnover24h);
  const largest = new Set(byTurnover.slice(0, 90).map(({ symbol }) => symbol));
  const rows = list.map((row, place) => ({
    ...row,
    ...(place % 11 && { fundingRate: "0" }),
    ...(place % 4 === 1 && { highPrice24h: "" }),
    ...(largest.has(row.symbol) && !["BTCUSDT", "ETHUSDT"].includes(row.symbol) && { indexPrice: "" }),
    ...(place % 9 === 5 && row.symbol !== "BTCUSDT" && row.symbol !== "ETHUSDT" && { singleOpenInterestValue: "", singleOpenInterest: "", openInterestValue: "", openInterest: "" }),
  }));
  return { ...body, result: { ...body.result, list: rows } };
}
