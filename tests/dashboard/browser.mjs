// Chromium as a phone, and the faults that a page can be shown: answers of the real edge, changed on their way.

import { chromium } from "playwright-core";

// Which Chromium it is, the scripts decide: use_chromium in scripts/lib.sh. Debian's is for a test run by hand.
export const CHROMIUM = process.env.CHROMIUM ?? "/usr/bin/chromium";

export const PHONE = { width: 390, height: 844 };

export const SCREENS = ["market", "scores", "signals", "beta", "perps"];

// Root may not use the sandbox, and a container has little shared memory.
export const LAUNCH_ARGUMENTS = ["--no-sandbox", "--disable-dev-shm-usage"];

export function launch() {
  return chromium.launch({ executablePath: CHROMIUM, args: LAUNCH_ARGUMENTS });
}

/** A fresh phone: no cache, no store, no service worker of another test. */
export function phone(browser, options = {}) {
  return browser.newContext({
    viewport: PHONE,
    deviceScaleFactor: 2,
    hasTouch: true,
    isMobile: true,
    locale: "en-US",
    timezoneId: "UTC",
    serviceWorkers: "block",
    // Nothing here looks at movement, and drawing it for many phones at once is most of the work.
    reducedMotion: "reduce",
    ...options,
  });
}

/** Whether an address is the API's; every other one is a file. */
export const isData = (url) => url.pathname === "/mobile-data" || url.pathname.startsWith("/api/");

/** Data older by so many milliseconds, in the class that the edge would give it. */
export function aged(byMs, freshness) {
  return ({ body }) => {
    for (const key of Object.keys(body)) if (key.endsWith("as_of_ms") && body[key] !== null) body[key] -= byMs;
    body.freshness = freshness;
    body.degraded = [...body.degraded, ...(freshness === "fresh" ? [] : [`data_${freshness}`])];
    if (freshness === "stale") Object.assign(body, { data_source: "last_known_good", served_as: "last_known_good" });
    if (body.sections) body.sections.tickers = { ...body.sections.tickers, as_of_ms: body.as_of_ms, status: freshness };
  };
}

/** As the real market would be served: nothing says that it is simulated. */
export function live({ body }) {
  body.degraded = body.degraded.filter((reason) => reason !== "simulated_data");
  for (const section of Object.values(body.sections ?? {}))
    section.source = section.source?.replace("simulated:", "") ?? null;
}

/** What an edge serves that went to the exchange itself, where only its looks matter; faults.mjs has such an edge. */
export function direct({ body, path }) {
  Object.assign(body, { data_source: "bybit_direct", producer: "bybit_direct" });
  body.degraded = [...body.degraded, "origin_timeout"];
  const history = { funding_zscore: null, funding_unusual: null, premium_unusual: null, long_pct: null, short_pct: null, ls_entropy: null };
  if (path === "/api/dashboard/perpetuals-pulse") Object.assign(body, history);
  if (path !== "/mobile-data") return;
  const absent = { source: null, as_of_ms: null, status: "unavailable", reason: "not_collected_at_edge" };
  for (const name of ["global_market", "defi_market", "fear_greed", "beta", "performance", "statistics", "alerts"])
    body.sections[name] = absent;
  const unknown =
    /dominance|season|altcoin_share|trend_adx|realised|market_cap|coingecko|total_volume$|volume_mcap|fear_greed|defi|btc_daily|btc_volatility|cryptocurrencies/;
  for (const key of Object.keys(body.market_overview)) if (unknown.test(key)) body.market_overview[key] = null;
  Object.assign(body.perps, history);
  body.market_overview.market_regime_details.score_basis = "ticker_momentum";
  for (const row of body.confluence_scores)
    Object.assign(row, { score_basis: "ticker_momentum", components: null, score_history: [], has_breakdown: false });
}

/** What an edge serves of another exchange, where only its words matter; with what must be known of its figures. */
export const ofExchange = (venue, caveat) => (answer) => {
  direct(answer);
  const { body } = answer;
  Object.assign(body, { data_source: "secondary_exchange", producer: "secondary_exchange", venue });
  body.degraded = [...body.degraded, caveat];
  if (body.sections) body.sections.tickers = { ...body.sections.tickers, source: venue };
};

/** The problem that an edge answers with when nothing valid is left. */
export const NO_VALID_DATA = {
  type: "urn:market-data:problem:no-valid-data",
  title: "No valid market data",
  status: 503,
  detail: "No source has data that is complete and young enough to be shown.",
  retry_after: 4,
  sources: [
    { name: "origin", outcome: "timeout", as_of_ms: null },
    { name: "bybit-direct", outcome: "http_503", as_of_ms: null },
    { name: "edge-last-good", outcome: "empty", as_of_ms: null },
  ],
};

/**
 * Sits between the page and the edge. `order` is what happens to answers from now on: a list of changes to their bodies,
 * or `refused` (503), `cut` (no connection) or `silent` (no answer). With `hold`, the first body of each path is served again and again.
 */
export async function between(page, { hold = false } = {}) {
  const bodies = new Map();
  const state = { order: [] };
  const answer = async (route) => {
    const request = route.request();
    const { pathname, search } = new URL(request.url());
    if (state.order === "cut") return route.abort("connectionfailed");
    if (state.order === "silent" && request.method() === "GET") return;
    if (state.order === "refused") return route.fulfill(refusal());
    const held = bodies.get(pathname + search);
    if (hold && held)
      return route.fulfill({
        headers: { "content-type": "application/json", date: new Date().toUTCString() },
        json: held,
      });
    // Without the page's own condition, so that there is always a body to change.
    const headers = { ...request.headers() };
    delete headers["if-none-match"];
    const response = await route.fetch({ headers });
    if (response.status() !== 200) return route.fulfill({ response });
    const body = await response.json();
    for (const change of state.order) change({ body, path: pathname });
    bodies.set(pathname + search, body);
    return route.fulfill({ response, json: body });
  };
  // A page that is closed takes its questions with it.
  await page.route(isData, (route) => answer(route).catch(() => undefined));
  return {
    /** The body that the page was given last for a path. */
    body: (path) => bodies.get(path),
    order: (order) => {
      state.order = order;
    },
    /** Changes what is held of `/mobile-data`. */
    change: (change) => change({ body: bodies.get("/mobile-data") }),
  };
}

function refusal() {
  const headers = {
    "content-type": "application/problem+json",
    "cache-control": "no-store",
    "retry-after": "4",
    date: new Date().toUTCString(),
  };
  return { status: 503, headers, body: JSON.stringify(NO_VALID_DATA) };
}
