// The figures of a market, worked out from the exchange's own rows without a line of the product.

/** How many gainers and how many losers are shown, and the least turnover of one, USD. */
const MOVERS = 5;
const MOVER_TURNOVER = 1_000_000;

/** The part of all contracts that must tell a figure before it is one of the whole market. */
const MOST = 0.8;

/** The period of the funding rate, hours. */
const FUNDING_HOURS = 8;

const sum = (values) => values.reduce((total, value) => total + value, 0);
const mean = (values) => sum(values) / values.length;

/**
 * The contracts of a table that count, in our units.
 *
 * `lost`: which figures of which contracts nobody can know, `{SOLUSDT: ["change"]}`; `["row"]` for a whole contract, and
 * `everywhere` in place of a symbol for all of them. Such a figure is `null` here.
 */
export function contracts(rows, counted, lost) {
  const lacks = (symbol, figure) => [lost[symbol], lost.everywhere].some((figures) => figures?.includes(figure));
  const contract = (row) => {
    const figure = (name, value) => (lacks(row.symbol, name) ? null : value);
    const [price, high, low] = [row.lastPrice, row.highPrice24h, row.lowPrice24h].map(Number);
    return {
      symbol: row.symbol,
      price,
      change: figure("change", (price / Number(row.prevPrice24h) - 1) * 100),
      turnover: figure("turnover", Number(row.turnover24h)),
      high: figure("high", high),
      low: figure("low", low),
      range: figure("high", figure("low", ((high - low) / price) * 100)),
      funding: figure("funding", Number(row.fundingRate) * 100 * (FUNDING_HOURS / Number(row.fundingIntervalHour))),
      interest: figure("interest", Number(row.singleOpenInterestValue)),
      basis: figure("basis", (Number(row.markPrice) / Number(row.indexPrice) - 1) * 100),
    };
  };
  return rows.filter(({ symbol }) => counted.has(symbol) && !lacks(symbol, "row")).map(contract);
}

/** What `/mobile-data` must say of these contracts. */
export function figures(rows) {
  const known = (name) => rows.filter((row) => row[name] !== null);
  const isMost = (name) => known(name).length >= MOST * rows.length;
  // In a sum, and in a mean by turnover, two contracts are half of the market.
  const isMostWithMajors = (name) =>
    isMost(name) && ["BTCUSDT", "ETHUSDT"].every((major) => known(name).some(({ symbol }) => symbol === major));
  const ofMost = (name, value) => (isMostWithMajors(name) ? value(known(name)) : null);
  const weighted = (name) => {
    const weighing = known(name).filter(({ turnover }) => turnover !== null);
    const mean = () => sum(weighing.map((row) => row[name] * row.turnover)) / sum(weighing.map(({ turnover }) => turnover));
    return isMostWithMajors(name) && isMostWithMajors("turnover") ? mean() : null;
  };
  const changes = known("change").map(({ change }) => change);
  const count = (is) => changes.filter(is).length;
  const movers = rows.filter(({ turnover, change }) => turnover >= MOVER_TURNOVER && change !== null);
  const largest = (sign) => movers.filter(({ change }) => change * sign > 0)
    .sort((a, b) => sign * (b.change - a.change)).slice(0, MOVERS).map(({ symbol }) => symbol);
  return {
    "market_overview.btc_price": rows.find(({ symbol }) => symbol === "BTCUSDT").price,
    "market_overview.active_symbols": rows.length,
    "market_overview.average_change": mean(changes),
    "market_overview.avg_volatility": isMost("range") ? mean(known("range").map(({ range }) => range)) : null,
    "market_overview.total_turnover": ofMost("turnover", (told) => sum(told.map(({ turnover }) => turnover))),
    "market_overview.turnover_contracts": known("turnover").length,
    "market_breadth.up": count((change) => change > 0),
    "market_breadth.down": count((change) => change < 0),
    "perps.funding_rate": weighted("funding"),
    "perps.basis_pct": weighted("basis"),
    "perps.total_open_interest": ofMost("interest", (told) => sum(told.map(({ interest }) => interest))),
    "perps.open_interest_contracts": ofMost("interest", (told) => told.length),
    "perps.contract_count": rows.length,
    gainers: largest(1),
    losers: largest(-1),
  };
}
