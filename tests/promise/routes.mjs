// The paths that clients read, with the projection that each shows; a test compares them with shared/src/endpoints/routes.rs.

/** What tickers alone can fill: path → projection. */
export const TICKER_ROUTES = {
  "/mobile-data": "mobile-data",
  "/api/dashboard/mobile-data": "dashboard-mobile-data",
  "/api/dashboard-cached/mobile-data": "dashboard-mobile-data",
  "/api/dashboard/symbols": "symbols",
  "/api/dashboard-cached/symbols": "symbols",
  "/api/dashboard/overview": "overview",
  "/api/dashboard-cached/overview": "overview",
  "/api/dashboard/market-overview": "market-overview",
  "/api/dashboard-cached/market-overview": "market-overview",
  "/api/market/overview": "market-overview",
  "/api/dashboard/market-movers": "market-movers",
  "/api/dashboard-cached/market-movers": "market-movers",
  "/api/dashboard/perpetuals-pulse": "perpetuals-pulse",
  "/api/bybit-direct/top-symbols": "top-symbols",
  "/api/contracts": "contracts",
};

/** What only an analysed snapshot can fill. */
export const ANALYSIS_ROUTES = {
  "/api/dashboard/signals": "signals",
  "/api/dashboard/opportunities": "opportunities",
  "/api/dashboard-cached/opportunities": "opportunities",
  "/api/dashboard/alerts": "alerts",
  "/api/bitcoin-beta/realtime": "beta",
  "/api/books": "books",
};

/** What is heard from the exchange's streams, and cannot be asked for. */
export const STREAM_ROUTES = { "/api/liquidations": "liquidations" };

/** The state of the service itself. */
export const HEALTH_ROUTES = ["/health", "/api/dashboard/health"];

/** Everything that clients read. */
export const ALL_ROUTES = [
  ...Object.keys(TICKER_ROUTES), ...Object.keys(ANALYSIS_ROUTES), ...Object.keys(STREAM_ROUTES), ...HEALTH_ROUTES,
];
