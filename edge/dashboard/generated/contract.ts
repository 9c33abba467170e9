// What the Rust contract says of bodies, paths and limits, as shared/src/projection/typescript.rs prints it. A line that
// changes or goes breaks clients. `UPDATE_EXPECT=1 cargo test -p tests golden_contract` renews the file.

/**
 * One alert on the wire.
 */
export type Alert = { 
/**
 * See [`Alert::id`].
 */
id: string, 
/**
 * What happened, in a word.
 */
alert_type: string, 
/**
 * `info`, `warning` or `critical`.
 */
level: AlertLevel, 
/**
 * The same as `low`, `medium` or `high`.
 */
severity: string, 
/**
 * The venue's full symbol; `null` for what is about the market or the data.
 */
symbol: string | null, 
/**
 * What happened, in a sentence.
 */
message: string, 
/**
 * Unix seconds.
 */
unix_timestamp: number, 
/**
 * Unix milliseconds.
 */
timestamp: UnixMs, 
/**
 * The numbers.
 */
details: AlertDetails, };

/**
 * The numbers of an alert; which ones, its `alert_type` tells.
 */
export type AlertDetails = { from: string, to: string, } | { zone: ScoreZone, score: Score, threshold: number, } | { tier: number, rate_8h_pct: Percent, threshold_pct: number, } | { tier: number, change_4h_pct: Percent, price_change_4h_pct: Percent, threshold_pct: number, } | { taker: Taker | null, value_usd: Amount, price: Price, traded_at_ms: UnixMs, threshold_usd: number, } | { tier: number, long_usd: Amount, short_usd: Amount, median_usd: Amount, mad_usd: Amount, windows: number, deviations: number, threshold: number, floor_usd: number, } | { age_ms: number, threshold_ms: number, } | { share: Fraction, threshold: number, };

/**
 * How urgent an alert is.
 */
export type AlertLevel = "info" | "warning" | "critical";

export type Alerts = { 
/**
 * When the list was last looked at: the section's own time.
 */
alerts_as_of_ms: UnixMs | null, alerts: Array<Alert>, count: number, 
/**
 * Always `success`: a body exists only for a snapshot that passed validation, and existing
 * clients ignore all else.
 */
status: string, 
/**
 * The producer, or `last_known_good` in its place once the data is stale.
 */
data_source: string, 
/**
 * The exchange whose ticker table this is, also when it is the last known good one: `bybit`,
 * `okx` or `binance`.
 */
venue: string, 
/**
 * How the ticker table came from there: `stream`, as it happened, or `request`. Unknown where
 * a release before this field made the snapshot.
 */
delivery: Delivery | null, 
/**
 * Who made the snapshot, also when it is the last known good one.
 */
producer: Producer, 
/**
 * Whether the data is as young as its sources give it, or what is left of earlier.
 */
served_as: ServedAs, freshness: Freshness, as_of_ms: UnixMs, 
/**
 * The same in seconds, for existing clients.
 */
timestamp: number, degraded: Array<string>, };

/**
 * An amount that cannot be negative: US dollars, or units of a base coin where the field says so.
 */
export type Amount = number;

export type Analysis = { symbol: string, 
/**
 * The report, sixty columns of monospaced text.
 */
analysis: string, score: Score, 
/**
 * When the score was worked out.
 */
score_as_of_ms: UnixMs, 
/**
 * The time that the score looks at, hours: it says nothing of longer ones.
 */
horizon_hours: number, 
/**
 * The version of its weights and formulas: scores of different versions cannot be compared.
 */
weights: string | null, sentiment: Sentiment, components: Components, interpretations: { [key in Dimension]?: string }, reliability: Fraction, price: Price, change_24h: Percent | null, high_24h: Price | null, low_24h: Price | null, 
/**
 * USD.
 */
volume_24h: Amount | null, 
/**
 * Always `success`: a body exists only for a snapshot that passed validation, and existing
 * clients ignore all else.
 */
status: string, 
/**
 * The producer, or `last_known_good` in its place once the data is stale.
 */
data_source: string, 
/**
 * The exchange whose ticker table this is, also when it is the last known good one: `bybit`,
 * `okx` or `binance`.
 */
venue: string, 
/**
 * How the ticker table came from there: `stream`, as it happened, or `request`. Unknown where
 * a release before this field made the snapshot.
 */
delivery: Delivery | null, 
/**
 * Who made the snapshot, also when it is the last known good one.
 */
producer: Producer, 
/**
 * Whether the data is as young as its sources give it, or what is left of earlier.
 */
served_as: ServedAs, freshness: Freshness, as_of_ms: UnixMs, 
/**
 * The same in seconds, for existing clients.
 */
timestamp: number, degraded: Array<string>, };

/**
 * Contango or backwardation of the perpetuals.
 */
export type BasisStatus = "CONTANGO" | "BACKWARDATION" | "NEUTRAL";

export type Beta = { 
/**
 * When the newest hour of the returns ended: the section's own time.
 */
beta_as_of_ms: UnixMs | null, overview: BetaOverview, symbols: Array<BetaSymbol>, 
/**
 * Always `success`: a body exists only for a snapshot that passed validation, and existing
 * clients ignore all else.
 */
status: string, 
/**
 * The producer, or `last_known_good` in its place once the data is stale.
 */
data_source: string, 
/**
 * The exchange whose ticker table this is, also when it is the last known good one: `bybit`,
 * `okx` or `binance`.
 */
venue: string, 
/**
 * How the ticker table came from there: `stream`, as it happened, or `request`. Unknown where
 * a release before this field made the snapshot.
 */
delivery: Delivery | null, 
/**
 * Who made the snapshot, also when it is the last known good one.
 */
producer: Producer, 
/**
 * Whether the data is as young as its sources give it, or what is left of earlier.
 */
served_as: ServedAs, freshness: Freshness, as_of_ms: UnixMs, 
/**
 * The same in seconds, for existing clients.
 */
timestamp: number, degraded: Array<string>, };

export type BetaChart = { 
/**
 * The moment of the chart's last points.
 */
chart_as_of_ms: UnixMs | null, chart_data: { [key in string]: Array<ChartPoint> }, 
/**
 * Best first.
 */
performance_order: Array<string>, performance_summary: Array<PerformanceRow>, overview: ChartOverview | null, 
/**
 * RFC 3339.
 */
generated_at: string, 
/**
 * Always `success`: a body exists only for a snapshot that passed validation, and existing
 * clients ignore all else.
 */
status: string, 
/**
 * The producer, or `last_known_good` in its place once the data is stale.
 */
data_source: string, 
/**
 * The exchange whose ticker table this is, also when it is the last known good one: `bybit`,
 * `okx` or `binance`.
 */
venue: string, 
/**
 * How the ticker table came from there: `stream`, as it happened, or `request`. Unknown where
 * a release before this field made the snapshot.
 */
delivery: Delivery | null, 
/**
 * Who made the snapshot, also when it is the last known good one.
 */
producer: Producer, 
/**
 * Whether the data is as young as its sources give it, or what is left of earlier.
 */
served_as: ServedAs, freshness: Freshness, as_of_ms: UnixMs, 
/**
 * The same in seconds, for existing clients.
 */
timestamp: number, degraded: Array<string>, };

/**
 * How a contract moves beside Bitcoin, by its β.
 */
export type BetaClass = "inverse" | "market_neutral" | "lower" | "similar" | "higher";

export type BetaOverview = { market_beta: Ratio | null, btc_dominance: Share | null, total_symbols: number, high_beta_count: number, low_beta_count: number, neutral_beta_count: number, avg_correlation: Correlation | null, market_regime: string, timestamp: number, };

export type BetaSymbol = { symbol: string, last_price: Price | null, change_24h: Percent | null, beta_7d: Ratio | null, beta_30d: Ratio | null, beta_90d: Ratio | null, correlation_7d: Correlation | null, correlation_30d: Correlation | null, correlation_90d: Correlation | null, r_squared_7d: Fraction | null, r_squared_30d: Fraction | null, r_squared_90d: Fraction | null, alpha_7d: Percent | null, alpha_30d: Percent | null, alpha_90d: Percent | null, risk_category: RiskCategory | null, volatility_ratio: Ratio | null, 
/**
 * How it moves beside Bitcoin, by the β of the window that speaks for the row.
 */
beta_class: BetaClass | null, 
/**
 * What is known of each span, with how sure it is; spans with too few hours are left out.
 */
windows: Array<BetaWindow>, };

/**
 * One span, with intervals that hold the true figure in 95 of 100 samples.
 */
export type BetaWindow = { days: number, 
/**
 * Hours that both contracts have.
 */
hours: number, beta: Ratio, beta_low: Ratio | null, beta_high: Ratio | null, r_squared: Fraction, 
/**
 * What it gained beyond β times Bitcoin over these hours, percent; unknown where the interval
 * holds zero.
 */
excess_return: Percent | null, excess_return_low: Percent | null, excess_return_high: Percent | null, };

/**
 * The best prices of one contract.
 */
export type BookTop = { symbol: string, display_symbol: string, 
/**
 * The matching engine's time of this book: each has its own.
 */
book_as_of_ms: UnixMs, 
/**
 * The highest price at which somebody buys, USDT.
 */
bid: Price, 
/**
 * What is wanted there, base coin.
 */
bid_size_base: Amount, 
/**
 * The lowest price at which somebody sells, USDT.
 */
ask: Price, 
/**
 * What is offered there, base coin.
 */
ask_size_base: Amount, 
/**
 * Ask less bid, of the mean of both, in basis points: hundredths of a percent.
 */
spread_bps: number, };

/**
 * The best prices of the monitored contracts, in the order of turnover.
 */
export type Books = { 
/**
 * The time of the oldest book.
 */
books_as_of_ms: UnixMs | null, 
/**
 * How many contracts are monitored. Those without a row have no book that is young enough, or
 * one with an empty side.
 */
monitored: number | null, books: Array<BookTop>, count: number, 
/**
 * Always `success`: a body exists only for a snapshot that passed validation, and existing
 * clients ignore all else.
 */
status: string, 
/**
 * The producer, or `last_known_good` in its place once the data is stale.
 */
data_source: string, 
/**
 * The exchange whose ticker table this is, also when it is the last known good one: `bybit`,
 * `okx` or `binance`.
 */
venue: string, 
/**
 * How the ticker table came from there: `stream`, as it happened, or `request`. Unknown where
 * a release before this field made the snapshot.
 */
delivery: Delivery | null, 
/**
 * Who made the snapshot, also when it is the last known good one.
 */
producer: Producer, 
/**
 * Whether the data is as young as its sources give it, or what is left of earlier.
 */
served_as: ServedAs, freshness: Freshness, as_of_ms: UnixMs, 
/**
 * The same in seconds, for existing clients.
 */
timestamp: number, degraded: Array<string>, };

/**
 * The mood that the count of rising and falling contracts tells.
 */
export type BreadthMood = "bullish" | "bearish" | "neutral";

export type Breakdown = { symbol: string, overall_score: Score, sentiment: Sentiment, reliability: Fraction, consensus: Fraction | null, components: Components, sub_components: { [key in SubComponent]?: Score | null }, 
/**
 * What the score is made of: what measures the same has one voice. Empty where a release
 * before this field worked it out.
 */
measurements: Array<MeasurementView>, interpretations: { [key in Dimension]?: string }, missing: Array<SubComponent>, 
/**
 * Why each of them has no input. Empty where a release before this field worked it out.
 */
missing_reasons: { [key in SubComponent]?: MissingReason }, as_of_ms: UnixMs, 
/**
 * When the score was worked out.
 */
score_as_of_ms: UnixMs, 
/**
 * The time that the score looks at, hours: it says nothing of longer ones.
 */
horizon_hours: number, 
/**
 * The version of its weights and formulas: scores of different versions cannot be compared.
 */
weights: string | null, score_history: Array<Score>, };

export type BreakdownBody = { data: Breakdown, 
/**
 * Always `success`: a body exists only for a snapshot that passed validation, and existing
 * clients ignore all else.
 */
status: string, 
/**
 * The producer, or `last_known_good` in its place once the data is stale.
 */
data_source: string, 
/**
 * The exchange whose ticker table this is, also when it is the last known good one: `bybit`,
 * `okx` or `binance`.
 */
venue: string, 
/**
 * How the ticker table came from there: `stream`, as it happened, or `request`. Unknown where
 * a release before this field made the snapshot.
 */
delivery: Delivery | null, 
/**
 * Who made the snapshot, also when it is the last known good one.
 */
producer: Producer, 
/**
 * Whether the data is as young as its sources give it, or what is left of earlier.
 */
served_as: ServedAs, freshness: Freshness, as_of_ms: UnixMs, 
/**
 * The same in seconds, for existing clients.
 */
timestamp: number, degraded: Array<string>, };

/**
 * A chart in figures.
 */
export type ChartOverview = { 
/**
 * Bitcoin's performance, percent.
 */
btc_change: number, 
/**
 * Bitcoin's last price, USDT.
 */
btc_price: Price, 
/**
 * Lines in the chart.
 */
symbols_count: number, 
/**
 * Contracts that did better than Bitcoin.
 */
outperformers: number, 
/**
 * Contracts that did worse.
 */
underperformers: number, 
/**
 * Hours that the chart goes back.
 */
timeframe_hours: number, };

/**
 * One point as a chart draws it.
 */
export type ChartPoint = { 
/**
 * Unix milliseconds.
 */
timestamp: UnixMs, 
/**
 * Percent since the first point.
 */
value: number, };

/**
 * The six dimensions of a score.
 */
export type Components = { 
/**
 * Indicators on candles.
 */
technical: Score | null, 
/**
 * Volume.
 */
volume: Score | null, 
/**
 * Trades.
 */
orderflow: Score | null, 
/**
 * The book.
 */
orderbook: Score | null, 
/**
 * Structure of prices.
 */
price_structure: Score | null, 
/**
 * Funding and positioning.
 */
sentiment: Score | null, };

/**
 * Funding and open interest of one contract.
 */
export type Contract = { symbol: string, display_symbol: string, 
/**
 * What holders of long positions pay to those of short ones at the next funding, percent of
 * the position; negative when short positions pay.
 */
funding_rate_pct: Percent | null, 
/**
 * Hours between two fundings.
 */
funding_interval_hours: number | null, 
/**
 * When funding is paid next.
 */
next_funding_ms: UnixMs | null, 
/**
 * The rate as one of eight hours, percent: rates of different intervals compare by it.
 */
funding_rate_8h_pct: Percent | null, 
/**
 * One side's open interest, USD.
 */
open_interest_usd: Amount | null, 
/**
 * One side's open interest, base coin.
 */
open_interest_base: Amount | null, 
/**
 * How the open interest in the base coin changed over an hour, percent; the beginning is the
 * venue's record of every 15 minutes that is nearest to it.
 */
open_interest_change_1h_pct: Percent | null, 
/**
 * The same over 4 hours.
 */
open_interest_change_4h_pct: Percent | null, 
/**
 * The same over 24 hours.
 */
open_interest_change_24h_pct: Percent | null, };

/**
 * Funding and open interest of every contract that counts, the largest open interest first.
 */
export type Contracts = { contracts: Array<Contract>, count: number, 
/**
 * Always `success`: a body exists only for a snapshot that passed validation, and existing
 * clients ignore all else.
 */
status: string, 
/**
 * The producer, or `last_known_good` in its place once the data is stale.
 */
data_source: string, 
/**
 * The exchange whose ticker table this is, also when it is the last known good one: `bybit`,
 * `okx` or `binance`.
 */
venue: string, 
/**
 * How the ticker table came from there: `stream`, as it happened, or `request`. Unknown where
 * a release before this field made the snapshot.
 */
delivery: Delivery | null, 
/**
 * Who made the snapshot, also when it is the last known good one.
 */
producer: Producer, 
/**
 * Whether the data is as young as its sources give it, or what is left of earlier.
 */
served_as: ServedAs, freshness: Freshness, as_of_ms: UnixMs, 
/**
 * The same in seconds, for existing clients.
 */
timestamp: number, degraded: Array<string>, };

/**
 * A coefficient of correlation, −1…1.
 */
export type Correlation = number;

/**
 * [`MobileData`] with top-level aliases under every name that a client in the field reads.
 */
export type DashboardMobileData = { market_regime: string, regime: string, trend_strength: Score | null, trend_score: Score | null, current_volatility: Amount | null, btc_price: Price, btc_dominance: Share | null, total_volume_24h: Amount | null, average_change: Percent, gainers: Array<MovedSymbol>, top_gainers: Array<MovedSymbol>, losers: Array<MovedSymbol>, symbols: Array<ScoredSymbol>, top_symbols: Array<ScoredSymbol>, funding_rate: Percent | null, market_overview: MarketOverview, market_breadth: MarketBreadth, confluence_scores: Array<ScoredSymbol>, top_movers: TopMovers, perps: Perps, schema_version: number, sequence: number, 
/**
 * RFC 3339.
 */
generated_at: string, sections: Sections, 
/**
 * Always `success`: a body exists only for a snapshot that passed validation, and existing
 * clients ignore all else.
 */
status: string, 
/**
 * The producer, or `last_known_good` in its place once the data is stale.
 */
data_source: string, 
/**
 * The exchange whose ticker table this is, also when it is the last known good one: `bybit`,
 * `okx` or `binance`.
 */
venue: string, 
/**
 * How the ticker table came from there: `stream`, as it happened, or `request`. Unknown where
 * a release before this field made the snapshot.
 */
delivery: Delivery | null, 
/**
 * Who made the snapshot, also when it is the last known good one.
 */
producer: Producer, 
/**
 * Whether the data is as young as its sources give it, or what is left of earlier.
 */
served_as: ServedAs, freshness: Freshness, as_of_ms: UnixMs, 
/**
 * The same in seconds, for existing clients.
 */
timestamp: number, degraded: Array<string>, };

export type DashboardOverview = { summary: DashboardSummary, market_overview: MarketOverview, market_regime: string, top_gainers: Array<MovedSymbol>, top_losers: Array<MovedSymbol>, momentum: MomentumCounts, volatility: DashboardVolatility, signals: DashboardSignals, 
/**
 * Always `success`: a body exists only for a snapshot that passed validation, and existing
 * clients ignore all else.
 */
status: string, 
/**
 * The producer, or `last_known_good` in its place once the data is stale.
 */
data_source: string, 
/**
 * The exchange whose ticker table this is, also when it is the last known good one: `bybit`,
 * `okx` or `binance`.
 */
venue: string, 
/**
 * How the ticker table came from there: `stream`, as it happened, or `request`. Unknown where
 * a release before this field made the snapshot.
 */
delivery: Delivery | null, 
/**
 * Who made the snapshot, also when it is the last known good one.
 */
producer: Producer, 
/**
 * Whether the data is as young as its sources give it, or what is left of earlier.
 */
served_as: ServedAs, freshness: Freshness, as_of_ms: UnixMs, 
/**
 * The same in seconds, for existing clients.
 */
timestamp: number, degraded: Array<string>, };

/**
 * Signals by strength: an object, never an array.
 *
 * Momentum makes no signal, so the counts are `null` until there are six-dimension scores.
 */
export type DashboardSignals = { total: number | null, strong: number | null, medium: number | null, weak: number | null, };

export type DashboardSummary = { total_symbols: number, 
/**
 * All-market volume, USD.
 */
total_volume: Amount | null, 
/**
 * Turnover of our contracts, USD.
 */
total_volume_24h: Amount | null, average_change: Percent, timestamp: number, };

export type DashboardVolatility = { value: Amount | null, level: string, };

/**
 * The state of what a client would get now, never constant. That nothing can be served is said by
 * a problem.
 */
export type DataHealth = { 
/**
 * The class of the data's age.
 */
status: Freshness, 
/**
 * Whether clients should be sent here.
 */
ready: boolean, 
/**
 * As in bodies of data.
 */
data_source: string, 
/**
 * As in bodies of data.
 */
venue: string, 
/**
 * As in bodies of data.
 */
producer: Producer, 
/**
 * As in bodies of data.
 */
served_as: ServedAs, 
/**
 * When the data was true.
 */
as_of_ms: UnixMs, 
/**
 * How old it is, milliseconds.
 */
age_ms: number, 
/**
 * The snapshot's number.
 */
sequence: number, 
/**
 * Completeness and youth of its parts, 0–1.
 */
quality: number, };

/**
 * How a fact came from its venue.
 */
export type Delivery = "request" | "stream";

/**
 * One of the six views from which a contract is scored.
 */
export type Dimension = "technical" | "volume" | "orderflow" | "orderbook" | "price_structure" | "sentiment";

/**
 * Which way.
 */
export type Direction = "long" | "short";

export type FlatMarketOverview = { market_breadth: MarketBreadth, 
/**
 * Always `success`: a body exists only for a snapshot that passed validation, and existing
 * clients ignore all else.
 */
status: string, 
/**
 * The producer, or `last_known_good` in its place once the data is stale.
 */
data_source: string, 
/**
 * The exchange whose ticker table this is, also when it is the last known good one: `bybit`,
 * `okx` or `binance`.
 */
venue: string, 
/**
 * How the ticker table came from there: `stream`, as it happened, or `request`. Unknown where
 * a release before this field made the snapshot.
 */
delivery: Delivery | null, 
/**
 * Who made the snapshot, also when it is the last known good one.
 */
producer: Producer, 
/**
 * Whether the data is as young as its sources give it, or what is left of earlier.
 */
served_as: ServedAs, freshness: Freshness, as_of_ms: UnixMs, 
/**
 * The same in seconds, for existing clients.
 */
timestamp: number, degraded: Array<string>, 
/**
 * One string, `"Category: Label"`.
 */
market_regime: string, market_regime_details: RegimeDetails, trend_strength: Score | null, 
/**
 * How much prices trend, whichever way: ADX(14) of four-hour candles, 0–100.
 */
trend_adx: Score | null, 
/**
 * Contracts in that mean.
 */
trend_adx_contracts: number | null, 
/**
 * Of hourly returns over 24 hours, percent a day.
 */
realised_volatility: Amount | null, 
/**
 * The mean of the same over 30 days.
 */
realised_volatility_avg: Amount | null, 
/**
 * Contracts in these means.
 */
realised_volatility_contracts: number | null, 
/**
 * How far the 24-hour changes of the contracts lie apart, percent: 1.4826 × their median
 * distance from the median.
 */
dispersion: Amount | null, volatility: Amount | null, current_volatility: Amount | null, market_dispersion: Amount | null, avg_volatility: Amount | null, btc_daily_volatility: Amount | null, btc_volatility: Amount | null, btc_price: Price, btc_dominance: Share | null, eth_dominance: Share | null, stablecoin_dominance: Share | null, altcoin_dominance: Share | null, 
/**
 * The share of the stablecoins among the ten largest coins, percent: the source lists no
 * smaller ones.
 */
stablecoin_top10_dominance: Share | null, 
/**
 * What is left of the capitalisation beside Bitcoin, Ether and those stablecoins, percent.
 */
remaining_dominance: Share | null, altcoin_season: string | null, 
/**
 * Contracts that did better than Bitcoin over 90 days, percent.
 */
altcoin_share: Share | null, 
/**
 * Contracts that were compared.
 */
altcoin_share_contracts: number | null, total_market_cap: Amount | null, market_cap_change_24h: Percent | null, 
/**
 * All-market volume, USD.
 */
coingecko_volume_24h: Amount | null, total_volume: Amount | null, 
/**
 * Turnover of our contracts, USD: another quantity than the two above.
 */
total_volume_24h: Amount | null, total_turnover: Amount | null, 
/**
 * Contracts in that sum.
 */
turnover_contracts: number | null, volume_mcap_ratio: number | null, average_change: Percent, gainers: number, losers: number, flat: number, fear_greed_value: Share | null, fear_greed_label: string | null, defi_market_cap: Amount | null, defi_volume_24h: Amount | null, defi_dominance: Share | null, active_symbols: number, active_cryptocurrencies: number | null, };

/**
 * A share of a whole as a fraction, 0–1.
 */
export type Fraction = number;

/**
 * The mark that a body carries about its age.
 */
export type Freshness = "fresh" | "aging" | "stale";

/**
 * Who pays, beyond the first funding tier.
 */
export type FundingSentiment = "BULLISH" | "NEUTRAL" | "BEARISH";

/**
 * How much is paid, by the tiers at which funding alerts.
 */
export type FundingStrength = "normal" | "elevated" | "high" | "extreme";

export type LiquidatedContract = { symbol: string, display_symbol: string, 
/**
 * Of positions that gain when the price rises, USD.
 */
long_usd: Amount, 
/**
 * Of positions that gain when the price falls, USD.
 */
short_usd: Amount, };

/**
 * What was liquidated of each side, USD at bankruptcy prices.
 */
export type LiquidatedSides = { 
/**
 * Of positions that gain when the price rises, USD.
 */
long_usd: Amount, 
/**
 * Of positions that gain when the price falls, USD.
 */
short_usd: Amount, };

/**
 * One liquidation.
 */
export type Liquidation = { time_ms: UnixMs, symbol: string, display_symbol: string, 
/**
 * The position that was closed: `long` or `short`.
 */
side: Position, size_base: Amount, 
/**
 * The price at which its margin was used up, USDT; no fill.
 */
bankruptcy_price: Price, 
/**
 * Size times bankruptcy price, USD.
 */
value_usd: Amount, };

/**
 * What was liquidated. Prices are bankruptcy prices and no fills; values are size times bankruptcy
 * price, USD. Every window ends at `liquidations_as_of_ms`.
 */
export type Liquidations = { 
/**
 * Until when liquidations were heard: the section's own time.
 */
liquidations_as_of_ms: UnixMs | null, 
/**
 * Since when every liquidation was heard, but for `unheard_ms` and `refused`.
 */
observed_since_ms: UnixMs | null, 
/**
 * How long no connection was open since then, in interruptions of a few seconds, milliseconds.
 */
unheard_ms: number | null, 
/**
 * Liquidations since then that could not be read and are in no sum.
 */
refused: number | null, 
/**
 * How many contracts are listened to.
 */
contracts_observed: number | null, 
/**
 * Over the last hour; `null` when that is longer than was observed.
 */
last_1h: LiquidatedSides | null, 
/**
 * Over the last 4 hours; `null` when that is longer than was observed.
 */
last_4h: LiquidatedSides | null, 
/**
 * Over the last 24 hours; `null` when that is longer than was observed.
 */
last_24h: LiquidatedSides | null, 
/**
 * The twenty contracts of which most was liquidated over the last hour, most first; `null` when
 * that is longer than was observed.
 */
contracts_1h: Array<LiquidatedContract> | null, 
/**
 * The most valuable of the last 24 hours, or of what was observed of them.
 */
largest: Liquidation | null, 
/**
 * The last two hundred, newest first.
 */
liquidations: Array<Liquidation>, count: number, 
/**
 * Always `success`: a body exists only for a snapshot that passed validation, and existing
 * clients ignore all else.
 */
status: string, 
/**
 * The producer, or `last_known_good` in its place once the data is stale.
 */
data_source: string, 
/**
 * The exchange whose ticker table this is, also when it is the last known good one: `bybit`,
 * `okx` or `binance`.
 */
venue: string, 
/**
 * How the ticker table came from there: `stream`, as it happened, or `request`. Unknown where
 * a release before this field made the snapshot.
 */
delivery: Delivery | null, 
/**
 * Who made the snapshot, also when it is the last known good one.
 */
producer: Producer, 
/**
 * Whether the data is as young as its sources give it, or what is left of earlier.
 */
served_as: ServedAs, freshness: Freshness, as_of_ms: UnixMs, 
/**
 * The same in seconds, for existing clients.
 */
timestamp: number, degraded: Array<string>, };

/**
 * Rising against falling.
 */
export type MarketBreadth = { up: number, down: number, flat: number, up_count: number, down_count: number, total: number, breadth_percentage: Share | null, sentiment: BreadthMood | null, };

export type MarketMovers = { top_gainers: Array<MovedSymbol>, top_losers: Array<MovedSymbol>, volume_leaders: Array<MovedSymbol>, statistics: MoverStatistics, 
/**
 * Always `success`: a body exists only for a snapshot that passed validation, and existing
 * clients ignore all else.
 */
status: string, 
/**
 * The producer, or `last_known_good` in its place once the data is stale.
 */
data_source: string, 
/**
 * The exchange whose ticker table this is, also when it is the last known good one: `bybit`,
 * `okx` or `binance`.
 */
venue: string, 
/**
 * How the ticker table came from there: `stream`, as it happened, or `request`. Unknown where
 * a release before this field made the snapshot.
 */
delivery: Delivery | null, 
/**
 * Who made the snapshot, also when it is the last known good one.
 */
producer: Producer, 
/**
 * Whether the data is as young as its sources give it, or what is left of earlier.
 */
served_as: ServedAs, freshness: Freshness, as_of_ms: UnixMs, 
/**
 * The same in seconds, for existing clients.
 */
timestamp: number, degraded: Array<string>, };

/**
 * All figures of the market, flat. Absent figures are `null`.
 */
export type MarketOverview = { 
/**
 * One string, `"Category: Label"`.
 */
market_regime: string, market_regime_details: RegimeDetails, trend_strength: Score | null, 
/**
 * How much prices trend, whichever way: ADX(14) of four-hour candles, 0–100.
 */
trend_adx: Score | null, 
/**
 * Contracts in that mean.
 */
trend_adx_contracts: number | null, 
/**
 * Of hourly returns over 24 hours, percent a day.
 */
realised_volatility: Amount | null, 
/**
 * The mean of the same over 30 days.
 */
realised_volatility_avg: Amount | null, 
/**
 * Contracts in these means.
 */
realised_volatility_contracts: number | null, 
/**
 * How far the 24-hour changes of the contracts lie apart, percent: 1.4826 × their median
 * distance from the median.
 */
dispersion: Amount | null, volatility: Amount | null, current_volatility: Amount | null, market_dispersion: Amount | null, avg_volatility: Amount | null, btc_daily_volatility: Amount | null, btc_volatility: Amount | null, btc_price: Price, btc_dominance: Share | null, eth_dominance: Share | null, stablecoin_dominance: Share | null, altcoin_dominance: Share | null, 
/**
 * The share of the stablecoins among the ten largest coins, percent: the source lists no
 * smaller ones.
 */
stablecoin_top10_dominance: Share | null, 
/**
 * What is left of the capitalisation beside Bitcoin, Ether and those stablecoins, percent.
 */
remaining_dominance: Share | null, altcoin_season: string | null, 
/**
 * Contracts that did better than Bitcoin over 90 days, percent.
 */
altcoin_share: Share | null, 
/**
 * Contracts that were compared.
 */
altcoin_share_contracts: number | null, total_market_cap: Amount | null, market_cap_change_24h: Percent | null, 
/**
 * All-market volume, USD.
 */
coingecko_volume_24h: Amount | null, total_volume: Amount | null, 
/**
 * Turnover of our contracts, USD: another quantity than the two above.
 */
total_volume_24h: Amount | null, total_turnover: Amount | null, 
/**
 * Contracts in that sum.
 */
turnover_contracts: number | null, volume_mcap_ratio: number | null, average_change: Percent, gainers: number, losers: number, flat: number, fear_greed_value: Share | null, fear_greed_label: string | null, defi_market_cap: Amount | null, defi_volume_24h: Amount | null, defi_dominance: Share | null, active_symbols: number, active_cryptocurrencies: number | null, };

/**
 * What is measured.
 */
export type Measurement = "trade_imbalance" | "book_imbalance" | "order_flow_imbalance" | "fleeting_orders" | "absorption" | "money_flow" | "value_area" | "place_in_range" | "moving_averages" | "rsi" | "adx" | "atr" | "obv" | "relative_volume" | "open_interest" | "delta_divergence" | "order_blocks" | "support_resistance" | "structure_breaks" | "fair_value_gaps" | "funding_rate" | "liquidations" | "variance_skew" | "long_short_ratio" | "market_activity";

/**
 * One voice in a score. The score is Σ weight · score over them, to the rounding of both.
 */
export type MeasurementView = { name: Measurement, 
/**
 * 0 bearish – 100 bullish.
 */
score: Score, 
/**
 * The share of the whole score that it has now, 0–0.1 in a score.
 */
weight: Fraction, 
/**
 * Which way it is read.
 */
reads: Reads | null, 
/**
 * The parts that read it, those without input too.
 */
parts: Array<SubComponent>, };

/**
 * Why a part of a score has no input. Where the candles of several lengths are missing for
 * different reasons, the reason latest in this list is given, because "not received yet" says
 * least.
 */
export type MissingReason = "not_loaded" | "too_little" | "too_old" | "contradicts_price";

export type MobileData = { market_overview: MarketOverview, market_breadth: MarketBreadth, confluence_scores: Array<ScoredSymbol>, top_movers: TopMovers, perps: Perps, schema_version: number, sequence: number, 
/**
 * RFC 3339.
 */
generated_at: string, sections: Sections, 
/**
 * Always `success`: a body exists only for a snapshot that passed validation, and existing
 * clients ignore all else.
 */
status: string, 
/**
 * The producer, or `last_known_good` in its place once the data is stale.
 */
data_source: string, 
/**
 * The exchange whose ticker table this is, also when it is the last known good one: `bybit`,
 * `okx` or `binance`.
 */
venue: string, 
/**
 * How the ticker table came from there: `stream`, as it happened, or `request`. Unknown where
 * a release before this field made the snapshot.
 */
delivery: Delivery | null, 
/**
 * Who made the snapshot, also when it is the last known good one.
 */
producer: Producer, 
/**
 * Whether the data is as young as its sources give it, or what is left of earlier.
 */
served_as: ServedAs, freshness: Freshness, as_of_ms: UnixMs, 
/**
 * The same in seconds, for existing clients.
 */
timestamp: number, degraded: Array<string>, };

/**
 * How many contracts rise and fall.
 */
export type MomentumCounts = { gainers: number, losers: number, };

/**
 * One contract that moved, or turned over much.
 */
export type MovedSymbol = { symbol: string, display_symbol: string, price: Price, change: Percent, change_24h: Percent, percentage: Percent, 
/**
 * USD.
 */
volume_24h: Amount, turnover_24h: Amount, };

export type MoverStatistics = { total_symbols: number, positive: number, negative: number, neutral: number, 
/**
 * Of all contracts, the unmoved ones included.
 */
positive_percentage: Share | null, negative_percentage: Share | null, };

export type Opportunities = { opportunities: Array<Opportunity>, count: number, 
/**
 * Always `success`: a body exists only for a snapshot that passed validation, and existing
 * clients ignore all else.
 */
status: string, 
/**
 * The producer, or `last_known_good` in its place once the data is stale.
 */
data_source: string, 
/**
 * The exchange whose ticker table this is, also when it is the last known good one: `bybit`,
 * `okx` or `binance`.
 */
venue: string, 
/**
 * How the ticker table came from there: `stream`, as it happened, or `request`. Unknown where
 * a release before this field made the snapshot.
 */
delivery: Delivery | null, 
/**
 * Who made the snapshot, also when it is the last known good one.
 */
producer: Producer, 
/**
 * Whether the data is as young as its sources give it, or what is left of earlier.
 */
served_as: ServedAs, freshness: Freshness, as_of_ms: UnixMs, 
/**
 * The same in seconds, for existing clients.
 */
timestamp: number, degraded: Array<string>, };

/**
 * One opportunity, as clients read it.
 */
export type Opportunity = { 
/**
 * Symbol and direction: the same as long as both are.
 */
id: string, 
/**
 * `long` or `short`.
 */
type: Direction, 
/**
 * The venue's full symbol.
 */
symbol: string, 
/**
 * The same, under the name that existing clients read.
 */
full_symbol: string, 
/**
 * The six-dimension score.
 */
score: Score, 
/**
 * `long` or `short`.
 */
direction: Direction, 
/**
 * The momentum factor, 1–2.
 */
momentum: Ratio, 
/**
 * Turnover of 24 hours, USD.
 */
volume: Amount, 
/**
 * Change over 24 hours, percent.
 */
price_change: Percent, 
/**
 * |score − 50| × reliability × momentum factor, 0–100.
 */
opportunity_score: Score, 
/**
 * Which side the score takes: most opportunities are of scores that take none.
 */
stance: Stance, 
/**
 * The same as `opportunity_score` with a factor that only a price moving the score's way
 * raises, 0–100.
 */
aligned_score: Score, 
/**
 * The share of the score's inputs that was there.
 */
confidence: Fraction, 
/**
 * How much it stands out, in a word.
 */
potential: Potential, 
/**
 * The reason, in a sentence.
 */
description: string, };

/**
 * Who pays funding to whom.
 */
export type Payer = "longs" | "shorts";

/**
 * A signed percentage: 2.1 means 2.1 %.
 */
export type Percent = number;

/**
 * One contract's performance in figures, percent since the first point.
 */
export type PerformanceRow = { 
/**
 * The venue's full symbol.
 */
symbol: string, 
/**
 * Last point.
 */
change: number, 
/**
 * Highest point.
 */
high: number, 
/**
 * Lowest point.
 */
low: number, 
/**
 * The performance less Bitcoin's at the last moment that both have, percentage points.
 */
vs_btc: number, };

export type PerpetualsPulse = { funding_sentiment: FundingSentiment | null, funding_strength: FundingStrength | null, 
/**
 * Exchanges whose contracts are counted.
 */
exchange_count: number | null, signals: Array<PulseSignal>, signal_count: number, 
/**
 * Always `success`: a body exists only for a snapshot that passed validation, and existing
 * clients ignore all else.
 */
status: string, 
/**
 * The producer, or `last_known_good` in its place once the data is stale.
 */
data_source: string, 
/**
 * The exchange whose ticker table this is, also when it is the last known good one: `bybit`,
 * `okx` or `binance`.
 */
venue: string, 
/**
 * How the ticker table came from there: `stream`, as it happened, or `request`. Unknown where
 * a release before this field made the snapshot.
 */
delivery: Delivery | null, 
/**
 * Who made the snapshot, also when it is the last known good one.
 */
producer: Producer, 
/**
 * Whether the data is as young as its sources give it, or what is left of earlier.
 */
served_as: ServedAs, freshness: Freshness, as_of_ms: UnixMs, 
/**
 * The same in seconds, for existing clients.
 */
timestamp: number, degraded: Array<string>, 
/**
 * Percent per 8 hours.
 */
funding_rate: Percent | null, 
/**
 * Contracts in that mean.
 */
funding_contracts: number | null, funding_zscore: number | null, long_pct: Share | null, short_pct: Share | null, ls_entropy: Fraction | null, 
/**
 * One side, USD.
 */
total_open_interest: Amount | null, 
/**
 * Contracts in that sum.
 */
open_interest_contracts: number | null, basis_pct: Percent | null, 
/**
 * Contracts in that mean.
 */
basis_contracts: number | null, basis_status: BasisStatus | null, 
/**
 * What those who hold positions pay, weighted by open interest, percent per 8 hours.
 */
funding_paid: Percent | null, 
/**
 * Who pays it.
 */
payer: Payer | null, 
/**
 * How unusual it is: −5 to 5, 0 where it is as in the middle of its past.
 */
funding_unusual: number | null, 
/**
 * How far perpetuals are marked above their index, weighted by open interest, percent.
 */
premium: Percent | null, 
/**
 * How unusual that is: −5 to 5, 0 where it is as in the middle of its last day.
 */
premium_unusual: number | null, cex_pct: Share | null, dex_pct: Share | null, contract_count: number | null, };

/**
 * The perpetuals. There is no source for a split between centralised and decentralised venues, so
 * those stay `null`.
 */
export type Perps = { 
/**
 * Percent per 8 hours.
 */
funding_rate: Percent | null, 
/**
 * Contracts in that mean.
 */
funding_contracts: number | null, funding_zscore: number | null, long_pct: Share | null, short_pct: Share | null, ls_entropy: Fraction | null, 
/**
 * One side, USD.
 */
total_open_interest: Amount | null, 
/**
 * Contracts in that sum.
 */
open_interest_contracts: number | null, basis_pct: Percent | null, 
/**
 * Contracts in that mean.
 */
basis_contracts: number | null, basis_status: BasisStatus | null, 
/**
 * What those who hold positions pay, weighted by open interest, percent per 8 hours.
 */
funding_paid: Percent | null, 
/**
 * Who pays it.
 */
payer: Payer | null, 
/**
 * How unusual it is: −5 to 5, 0 where it is as in the middle of its past.
 */
funding_unusual: number | null, 
/**
 * How far perpetuals are marked above their index, weighted by open interest, percent.
 */
premium: Percent | null, 
/**
 * How unusual that is: −5 to 5, 0 where it is as in the middle of its last day.
 */
premium_unusual: number | null, cex_pct: Share | null, dex_pct: Share | null, contract_count: number | null, };

/**
 * What a position gains from.
 */
export type Position = "long" | "short";

/**
 * How much an opportunity stands out, in a word. It is no forecast of a price.
 */
export type Potential = "high" | "medium" | "low";

/**
 * A price in the quote currency (USDT): finite and above zero.
 */
export type Price = number;

export type Problem = { type: string, title: string, status: number, detail: string, retry_after?: number, sources?: Array<SourceOutcome>, };

/**
 * Who assembled a snapshot.
 */
export type Producer = "origin" | "bybit_direct" | "secondary_exchange";

/**
 * What stands out in the perpetuals.
 */
export type PulseKind = "funding_elevated" | "funding_unusual" | "crowded_long" | "crowded_short" | "contango" | "backwardation";

/**
 * One thing that stands out.
 */
export type PulseSignal = { 
/**
 * What.
 */
kind: PulseKind, 
/**
 * The same in a sentence.
 */
message: string, };

/**
 * A finite number without a unit, such as a slope or a quotient.
 */
export type Ratio = number;

/**
 * Which way a part reads what it measures; the same in every market.
 */
export type Reads = "following" | "contrarian";

/**
 * What the regime rests on.
 */
export type RegimeDetails = { category: string, label: string, mean_score: Score, score_basis: ScoreBasis, breadth: string, dispersion: string, sentiment: string | null, as_of_ms: UnixMs, };

export type RiskCategory = { category: string, color: string, description: string, };

/**
 * A score, 0–100, 50 neutral.
 */
export type Score = number;

/**
 * What a score is made of.
 */
export type ScoreBasis = "six_dimension" | "ticker_momentum";

/**
 * Which zone a score entered.
 */
export type ScoreZone = "long" | "short";

/**
 * One scored symbol.
 */
export type ScoredSymbol = { symbol: string, display_symbol: string, score: Score, score_basis: ScoreBasis, 
/**
 * When the score was worked out: up to a minute before the prices where the process that led
 * before did.
 */
score_as_of_ms: UnixMs, 
/**
 * The time that the score looks at, hours: it says nothing of longer ones.
 */
horizon_hours: number, 
/**
 * The version of its weights and formulas: scores of different versions cannot be compared.
 */
weights: string | null, sentiment: Sentiment, reliability: Fraction, price: Price, change_24h: Percent | null, 
/**
 * USD.
 */
volume_24h: Amount | null, 
/**
 * Base coin.
 */
volume_base_24h: Amount | null, turnover_24h: Amount | null, high_24h: Price | null, low_24h: Price | null, range_24h: number | null, components: Components | null, score_history: Array<Score>, has_breakdown: boolean, };

export type SectionState = { source: Source | null, as_of_ms: UnixMs | null, 
/**
 * `fresh`, `aging`, `stale` or `unavailable`.
 */
status: string, reason?: string, };

/**
 * Source and age of each part.
 */
export type Sections = { tickers: SectionState, instruments: SectionState, global_market: SectionState, defi_market: SectionState, fear_greed: SectionState, beta: SectionState, performance: SectionState, statistics: SectionState, alerts: SectionState, };

/**
 * What a score says, by the one table of thresholds.
 */
export type Sentiment = "BULLISH" | "NEUTRAL" | "BEARISH";

/**
 * How a snapshot is served, whoever made it.
 */
export type ServedAs = "current" | "last_known_good";

/**
 * A share of a whole in percent, 0–100.
 */
export type Share = number;

export type Signal = { symbol: string, display_symbol: string, score: Score, confluence_score: Score, price: Price, change_24h: Percent, 
/**
 * USD.
 */
volume_24h: Amount, components: Components, sentiment: Sentiment, reliability: Fraction, signal_type: SignalType, 
/**
 * How far from neutral; `null` for a neutral score.
 */
strength: Strength | null, 
/**
 * Which side the score takes: from 70 long, to 30 short.
 */
stance: Stance, 
/**
 * How far from neutral; `null` for a neutral one.
 */
stance_strength: Strength | null, has_breakdown: boolean, timestamp: number, 
/**
 * When the score was worked out.
 */
score_as_of_ms: UnixMs, 
/**
 * The time that the score looks at, hours: it says nothing of longer ones.
 */
horizon_hours: number, 
/**
 * The version of its weights and formulas: scores of different versions cannot be compared.
 */
weights: string | null, };

/**
 * What a score suggests.
 */
export type SignalType = "BUY" | "SELL" | "NEUTRAL";

export type Signals = { signals: Array<Signal>, count: number, 
/**
 * Always `success`: a body exists only for a snapshot that passed validation, and existing
 * clients ignore all else.
 */
status: string, 
/**
 * The producer, or `last_known_good` in its place once the data is stale.
 */
data_source: string, 
/**
 * The exchange whose ticker table this is, also when it is the last known good one: `bybit`,
 * `okx` or `binance`.
 */
venue: string, 
/**
 * How the ticker table came from there: `stream`, as it happened, or `request`. Unknown where
 * a release before this field made the snapshot.
 */
delivery: Delivery | null, 
/**
 * Who made the snapshot, also when it is the last known good one.
 */
producer: Producer, 
/**
 * Whether the data is as young as its sources give it, or what is left of earlier.
 */
served_as: ServedAs, freshness: Freshness, as_of_ms: UnixMs, 
/**
 * The same in seconds, for existing clients.
 */
timestamp: number, degraded: Array<string>, };

/**
 * A venue and its feed; on the wire `bybit`, `simulated:bybit` or `replayed:bybit`.
 */
export type Source = string;

/**
 * What one source of data had to say.
 */
export type SourceOutcome = { 
/**
 * The source, such as `origin` or `bybit-direct`.
 */
name: string, 
/**
 * A machine-readable word, such as `timeout`.
 */
outcome: string, 
/**
 * How old its last good answer is, Unix milliseconds.
 */
as_of_ms: UnixMs | null, };

/**
 * Which side a score takes, by thresholds that lie as far from neutral on either: a mirrored
 * market has the mirrored stance.
 */
export type Stance = "long" | "neutral" | "short";

/**
 * How far a signal is from neutral.
 */
export type Strength = "strong" | "medium" | "weak";

/**
 * One part of a dimension; its name is `dimension.part`, for some parts of different dimensions share their own. The
 * order is that of the dimensions, and within one by weight.
 */
export type SubComponent = "technical.rsi" | "technical.ao" | "technical.adx" | "technical.atr" | "technical.cci" | "technical.williams_r" | "volume.volume_delta" | "volume.adl" | "volume.cmf" | "volume.obv" | "volume.relative_volume" | "volume.volume_profile" | "volume.vwap" | "orderflow.cvd" | "orderflow.trade_flow" | "orderflow.open_interest" | "orderflow.smart_money_flow" | "orderflow.imbalance" | "orderflow.liquidity" | "orderflow.pressure" | "orderbook.depth" | "orderbook.imbalance" | "orderbook.oir" | "orderbook.liquidity" | "orderbook.di" | "orderbook.order_flow_imbalance" | "orderbook.fleeting_orders" | "orderbook.absorption" | "price_structure.institutional_zones" | "price_structure.support_resistance" | "price_structure.trend_position" | "price_structure.volume_profile" | "price_structure.structure_breaks" | "price_structure.range_analysis" | "price_structure.fair_value_gaps" | "sentiment.funding_rate" | "sentiment.liquidations" | "sentiment.volatility" | "sentiment.long_short_ratio" | "sentiment.market_activity";

export type Symbols = { symbols: Array<ScoredSymbol>, count: number, 
/**
 * Always `success`: a body exists only for a snapshot that passed validation, and existing
 * clients ignore all else.
 */
status: string, 
/**
 * The producer, or `last_known_good` in its place once the data is stale.
 */
data_source: string, 
/**
 * The exchange whose ticker table this is, also when it is the last known good one: `bybit`,
 * `okx` or `binance`.
 */
venue: string, 
/**
 * How the ticker table came from there: `stream`, as it happened, or `request`. Unknown where
 * a release before this field made the snapshot.
 */
delivery: Delivery | null, 
/**
 * Who made the snapshot, also when it is the last known good one.
 */
producer: Producer, 
/**
 * Whether the data is as young as its sources give it, or what is left of earlier.
 */
served_as: ServedAs, freshness: Freshness, as_of_ms: UnixMs, 
/**
 * The same in seconds, for existing clients.
 */
timestamp: number, degraded: Array<string>, };

/**
 * The taker's side of a trade.
 */
export type Taker = "buy" | "sell";

/**
 * Gainers and losers: always an object with two arrays.
 */
export type TopMovers = { gainers: Array<MovedSymbol>, losers: Array<MovedSymbol>, };

export type TopSymbol = { symbol: string, price: Price, change_24h: Percent, 
/**
 * USD.
 */
volume_24h: Amount, turnover_24h: Amount, status: string, momentum_score: Score | null, data_source: Source, };

export type TopSymbols = { symbols: Array<TopSymbol>, source: Source, total_symbols_processed: number, 
/**
 * Always `success`: a body exists only for a snapshot that passed validation, and existing
 * clients ignore all else.
 */
status: string, 
/**
 * The producer, or `last_known_good` in its place once the data is stale.
 */
data_source: string, 
/**
 * The exchange whose ticker table this is, also when it is the last known good one: `bybit`,
 * `okx` or `binance`.
 */
venue: string, 
/**
 * How the ticker table came from there: `stream`, as it happened, or `request`. Unknown where
 * a release before this field made the snapshot.
 */
delivery: Delivery | null, 
/**
 * Who made the snapshot, also when it is the last known good one.
 */
producer: Producer, 
/**
 * Whether the data is as young as its sources give it, or what is left of earlier.
 */
served_as: ServedAs, freshness: Freshness, as_of_ms: UnixMs, 
/**
 * The same in seconds, for existing clients.
 */
timestamp: number, degraded: Array<string>, };

/**
 * A moment, in milliseconds since 1970-01-01T00:00:00Z.
 */
export type UnixMs = number;

export const SCHEMA_VERSION = 1 as const;
export const LIMITS_MS = {"aging":60000,"fresh":15000,"stale":300000} as const;
export const STANCE = {"long_from":70.0,"short_to":30.0} as const;
export const DIMENSIONS = [{"name":"technical","title":"Technical","weight":0.1311},{"name":"volume","title":"Volume","weight":0.2035},{"name":"orderflow","title":"Order flow","weight":0.2034},{"name":"orderbook","title":"Order book","weight":0.1734},{"name":"price_structure","title":"Price structure","weight":0.1967},{"name":"sentiment","title":"Sentiment","weight":0.0918}] as const;
export const SUB_COMPONENTS = [{"dimension":"technical","measurement":"rsi","name":"technical.rsi","reads":"following","weight":0.0262},{"dimension":"technical","measurement":"moving_averages","name":"technical.ao","reads":"following","weight":0.0262},{"dimension":"technical","measurement":"adx","name":"technical.adx","reads":"following","weight":0.0197},{"dimension":"technical","measurement":"atr","name":"technical.atr","reads":"following","weight":0.0197},{"dimension":"technical","measurement":"place_in_range","name":"technical.cci","reads":"contrarian","weight":0.0197},{"dimension":"technical","measurement":"place_in_range","name":"technical.williams_r","reads":"contrarian","weight":0.0197},{"dimension":"volume","measurement":"trade_imbalance","name":"volume.volume_delta","reads":"following","weight":0.0146},{"dimension":"volume","measurement":"money_flow","name":"volume.adl","reads":"following","weight":0.0354},{"dimension":"volume","measurement":"money_flow","name":"volume.cmf","reads":"following","weight":0.0354},{"dimension":"volume","measurement":"obv","name":"volume.obv","reads":"following","weight":0.0354},{"dimension":"volume","measurement":"relative_volume","name":"volume.relative_volume","reads":"following","weight":0.0354},{"dimension":"volume","measurement":"value_area","name":"volume.volume_profile","reads":"following","weight":0.0236},{"dimension":"volume","measurement":"value_area","name":"volume.vwap","reads":"following","weight":0.0236},{"dimension":"orderflow","measurement":"trade_imbalance","name":"orderflow.cvd","reads":"following","weight":0.0268},{"dimension":"orderflow","measurement":"trade_imbalance","name":"orderflow.trade_flow","reads":"following","weight":0.0207},{"dimension":"orderflow","measurement":"open_interest","name":"orderflow.open_interest","reads":"following","weight":0.059},{"dimension":"orderflow","measurement":"delta_divergence","name":"orderflow.smart_money_flow","reads":"following","weight":0.059},{"dimension":"orderflow","measurement":"trade_imbalance","name":"orderflow.imbalance","reads":"following","weight":0.0159},{"dimension":"orderflow","measurement":"trade_imbalance","name":"orderflow.liquidity","reads":"following","weight":0.0122},{"dimension":"orderflow","measurement":"trade_imbalance","name":"orderflow.pressure","reads":"following","weight":0.0098},{"dimension":"orderbook","measurement":"book_imbalance","name":"orderbook.depth","reads":"following","weight":0.0264},{"dimension":"orderbook","measurement":"book_imbalance","name":"orderbook.imbalance","reads":"following","weight":0.0264},{"dimension":"orderbook","measurement":"book_imbalance","name":"orderbook.oir","reads":"following","weight":0.0222},{"dimension":"orderbook","measurement":"book_imbalance","name":"orderbook.liquidity","reads":"following","weight":0.0181},{"dimension":"orderbook","measurement":"book_imbalance","name":"orderbook.di","reads":"following","weight":0.0069},{"dimension":"orderbook","measurement":"order_flow_imbalance","name":"orderbook.order_flow_imbalance","reads":"following","weight":0.0315},{"dimension":"orderbook","measurement":"fleeting_orders","name":"orderbook.fleeting_orders","reads":"contrarian","weight":0.021},{"dimension":"orderbook","measurement":"absorption","name":"orderbook.absorption","reads":"following","weight":0.021},{"dimension":"price_structure","measurement":"order_blocks","name":"price_structure.institutional_zones","reads":"following","weight":0.0393},{"dimension":"price_structure","measurement":"support_resistance","name":"price_structure.support_resistance","reads":"following","weight":0.0295},{"dimension":"price_structure","measurement":"moving_averages","name":"price_structure.trend_position","reads":"following","weight":0.0295},{"dimension":"price_structure","measurement":"value_area","name":"price_structure.volume_profile","reads":"following","weight":0.0295},{"dimension":"price_structure","measurement":"structure_breaks","name":"price_structure.structure_breaks","reads":"following","weight":0.0295},{"dimension":"price_structure","measurement":"place_in_range","name":"price_structure.range_analysis","reads":"contrarian","weight":0.0197},{"dimension":"price_structure","measurement":"fair_value_gaps","name":"price_structure.fair_value_gaps","reads":"following","weight":0.0197},{"dimension":"sentiment","measurement":"funding_rate","name":"sentiment.funding_rate","reads":"contrarian","weight":0.0209},{"dimension":"sentiment","measurement":"liquidations","name":"sentiment.liquidations","reads":"contrarian","weight":0.0209},{"dimension":"sentiment","measurement":"variance_skew","name":"sentiment.volatility","reads":"following","weight":0.0188},{"dimension":"sentiment","measurement":"long_short_ratio","name":"sentiment.long_short_ratio","reads":"contrarian","weight":0.0156},{"dimension":"sentiment","measurement":"market_activity","name":"sentiment.market_activity","reads":"following","weight":0.0156}] as const;
export const MEASUREMENTS = [{"name":"trade_imbalance","title":"Takers' buying less selling","weight":0.1},{"name":"book_imbalance","title":"Bids less asks","weight":0.1},{"name":"order_flow_imbalance","title":"Order flow at the best prices","weight":0.0315},{"name":"fleeting_orders","title":"Fleeting orders","weight":0.021},{"name":"absorption","title":"Absorption","weight":0.021},{"name":"money_flow","title":"Money flow","weight":0.0708},{"name":"value_area","title":"Place in the traded volume","weight":0.0767},{"name":"place_in_range","title":"Place in the range","weight":0.059},{"name":"moving_averages","title":"Moving averages","weight":0.0557},{"name":"rsi","title":"RSI","weight":0.0262},{"name":"adx","title":"Directional movement","weight":0.0197},{"name":"atr","title":"True range","weight":0.0197},{"name":"obv","title":"On-balance volume","weight":0.0354},{"name":"relative_volume","title":"Relative volume","weight":0.0354},{"name":"open_interest","title":"Open interest","weight":0.059},{"name":"delta_divergence","title":"Delta divergence","weight":0.059},{"name":"order_blocks","title":"Order blocks","weight":0.0393},{"name":"support_resistance","title":"Support and resistance","weight":0.0295},{"name":"structure_breaks","title":"Breaks of structure","weight":0.0295},{"name":"fair_value_gaps","title":"Fair value gaps","weight":0.0197},{"name":"funding_rate","title":"Funding rate","weight":0.0209},{"name":"liquidations","title":"Liquidations","weight":0.0209},{"name":"variance_skew","title":"Skew of the variance","weight":0.0188},{"name":"long_short_ratio","title":"Long and short accounts","weight":0.0156},{"name":"market_activity","title":"Activity of the day","weight":0.0156}] as const;
export const TIMEFRAMES = ["0.25","0.5","1","4","8","12","24"] as const;
export const PATHS = {"alerts":"/api/dashboard/alerts","beta":"/api/bitcoin-beta/realtime","beta-chart":"/api/dashboard/beta-chart","books":"/api/books","confluence-analysis":"/api/dashboard/confluence-analysis/","confluence-breakdown":"/api/dashboard/confluence/breakdown/","contracts":"/api/contracts","dashboard-mobile-data":"/api/dashboard/mobile-data","liquidations":"/api/liquidations","market-movers":"/api/dashboard/market-movers","market-overview":"/api/dashboard/market-overview","mobile-data":"/mobile-data","opportunities":"/api/dashboard/opportunities","overview":"/api/dashboard/overview","perpetuals-pulse":"/api/dashboard/perpetuals-pulse","signals":"/api/dashboard/signals","symbols":"/api/dashboard/symbols","top-symbols":"/api/bybit-direct/top-symbols"} as const;
