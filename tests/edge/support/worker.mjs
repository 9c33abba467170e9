// The built Worker, in bare workerd or in wrangler's runtime. Every answer of it that a test gets is checked.

import { existsSync } from "node:fs";
import path from "node:path";
import { LIMITS, checkAnswer } from "../../promise/answer.mjs";
import { ask } from "../../promise/ask.mjs";
import { ROOT } from "./process.mjs";
import { startWorkerd } from "./workerd.mjs";

const BUILD = path.join(ROOT, "edge", "build");

/** The modules of the built Worker. */
export function builtModules() {
  const wasm = path.join(BUILD, "index_bg.wasm");
  if (!existsSync(wasm)) throw new Error(`${wasm} is missing: scripts/build-edge`);
  return { "index.js": ["esModule", path.join(BUILD, "index.js")], "index_bg.wasm": ["wasm", wasm] };
}

/** The age limits that these variables make, seconds. */
function limitsOf(vars) {
  const names = { refresh: "REFRESH_AFTER_S", fresh: "FRESH_S", aging: "AGING_S", stale: "STALE_S" };
  return Object.fromEntries(Object.entries(names).map(([limit, name]) => [limit, Number(vars[name] ?? LIMITS[limit])]));
}

/** Asks, and holds the answer against the promise. */
const getter = (base, context) => async (at, init) => {
  const answer = await ask(base + at, init);
  checkAnswer(answer, context);
  return answer;
};

/** Both Workers for wrangler's harness, the one that clients reach first. */
export function bothWorkers(vars) {
  const { ORIGIN_URL, ...both } = vars;
  const worker = (file, vars) => ({ configPath: path.join(ROOT, file), prebuiltWorkerDir: BUILD, vars });
  return [worker("wrangler.toml", { ORIGIN_URL, ...both }), worker("wrangler.direct.toml", both)];
}

/** The built Workers as wrangler runs them, with the configurations that are deployed. */
export async function startWrangler({ origin, bybit, vars = {} }) {
  builtModules();
  // Read when it is loaded: no request to Cloudflare, no metrics, no questions. Loading it takes a while, and few need it.
  Object.assign(process.env, { CLOUDFLARE_CF_FETCH_ENABLED: "false", WRANGLER_SEND_METRICS: "false", CI: "1" });
  const { createTestHarness } = await import("wrangler");
  const harness = createTestHarness({ root: ROOT, workers: bothWorkers({ ORIGIN_URL: origin, BYBIT_BASE_URL: bybit, ...vars }) });
  const { url } = await harness.listen();
  const base = url.href.replace(/\/$/, "");
  return { url: base, stop: () => harness.close(), get: getter(base, { limits: limitsOf(vars) }) };
}

const NOBODY = "http://127.0.0.1:1";

/** The variables of a Worker that owns the way to the exchanges, and of one that it is bound to and that knows no exchange. */
function divided(vars) {
  const { ORIGIN_URL, BYBIT_BASE_URL, BYBIT_ALTERNATIVE_BASE_URL, OKX_BASE_URL, BINANCE_BASE_URL, ...rest } = vars;
  const { REFRESH_AFTER_S, FRESH_S, AGING_S, STALE_S } = rest;
  const ages = { REFRESH_AFTER_S, FRESH_S, AGING_S, STALE_S };
  return {
    own: { ...rest, ORIGIN_URL, BYBIT_BASE_URL: NOBODY },
    direct: { ROLE: "direct", BYBIT_BASE_URL, BYBIT_ALTERNATIVE_BASE_URL, OKX_BASE_URL, BINANCE_BASE_URL, ...ages },
  };
}

/**
 * The built Worker in bare workerd, cold, whose cache is `cache` or nothing. With `direct` the exchanges are known to a second one
 * alone, which is bound to it; `direct` may hold that one's own `cache` and `vars`, or the `url` of one that runs already.
 *
 * `expected`: statuses that are in order here beside the usual ones. `inspector`: so that its memory can be measured.
 * `trusted`: the authority of an origin with TLS, PEM.
 */
export async function startEdge({ origin, bybit, vars = {}, cache, direct, expected = [], inspector = false, trusted }) {
  // Counts are to be exact: the way to the exchange is taken neither now and then without need, nor beside an origin that a busy
  // machine made slow, unless a test asks for it.
  const exact = { DIRECT_EXERCISE_PERCENT: "0", HEDGE_AFTER_MS: "1000" };
  const all = { ORIGIN_URL: origin, BYBIT_BASE_URL: bybit, ...exact, ...vars };
  const parts = direct && !direct.url ? divided(all) : { own: all };
  const workerd = await startWorkerd({
    modules: builtModules(),
    vars: parts.own,
    cachePort: cache?.port,
    direct: direct?.url ? direct : direct && { vars: { ...parts.direct, ...direct.vars }, cachePort: direct.cache?.port },
    inspector,
    trusted,
  });
  const limits = limitsOf(all);
  return {
    ...workerd,
    limits,
    get: getter(workerd.url, { limits, expected }),
    /** The lines that the Worker wrote, parsed. */
    logs: () => workerd.lines.flatMap((line) => (line.startsWith("{") ? [JSON.parse(line)] : [])),
  };
}
