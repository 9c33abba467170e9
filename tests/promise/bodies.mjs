// What no body may ever hold, whoever made it: zeros in place of figures, placeholders, nothing dressed as data.

/** Fields that are above zero or `null`: nothing that is traded costs or turns over nothing. */
const ABOVE_ZERO = /(^|_)(price|high_24h|low_24h|turnover|turnover_24h|volume|volume_24h|market_cap|open_interest|open_interest_usd|dominance|bid|ask|size_base)$/;

const SCORE = /(^|_)score$/;
const MOMENT_MS = /_ms$/;

/** Moments of the future, at most as far ahead as fundings are apart. */
const AHEAD = new Set(["next_funding_ms"]);
const MOST_AHEAD_MS = 7 * 86_400_000;

/** Durations end like moments do. */
const DURATIONS = new Set(["age_ms", "unheard_ms"]);

/** The predecessor's words and constant for "I know nothing", and markup. */
const PLACEHOLDERS = ["SYSTEM_STATUS", "INITIALIZING", "cache_warmer_generated", "<"];
const PLACEHOLDER_DOMINANCE = 57.0;

const YEAR_2020_MS = Date.UTC(2020, 0);

/** How far ahead of ours a clock may be. */
const CLOCK_SKEW_MS = 5_000;

function* leaves(value, path = "$", key = "") {
  if (value !== null && typeof value === "object") {
    for (const [name, inner] of Object.entries(value)) {
      yield* leaves(inner, `${path}.${name}`, Array.isArray(value) ? key : name);
    }
  } else {
    yield [path, key, value];
  }
}

/** What is wrong with any JSON body. */
export function* valueFaults(body, nowMs) {
  for (const [path, key, value] of leaves(body)) {
    if (typeof value === "number") yield* numberFaults(path, key, value, nowMs);
    if (typeof value === "string") {
      const found = PLACEHOLDERS.find((placeholder) => value.includes(placeholder));
      if (found) yield `${path} holds ${JSON.stringify(found)}`;
      if (key === "symbol" && !/^[\p{L}\p{N}]+USDT$/u.test(value)) yield `${path} is ${JSON.stringify(value)}, which is no symbol`;
      // A sentence about a figure stands under the figure's name.
      if (ABOVE_ZERO.test(key) && !path.includes(".interpretations.")) yield `${path} is text: ${JSON.stringify(value)}`;
    }
  }
}

function* numberFaults(path, key, value, nowMs) {
  if (!Number.isFinite(value)) yield `${path} is ${value}`;
  if (ABOVE_ZERO.test(key) && value <= 0) yield `${path} is ${value}, which is not above zero`;
  if (key.endsWith("dominance") && value === PLACEHOLDER_DOMINANCE) yield `${path} is the placeholder ${value}`;
  if (SCORE.test(key) && (value < 0 || value > 100)) yield `${path} is ${value}, which is no score`;
  const until = nowMs + (AHEAD.has(key) ? MOST_AHEAD_MS : CLOCK_SKEW_MS);
  if (MOMENT_MS.test(key) && !DURATIONS.has(key) && !(value > YEAR_2020_MS && value <= until)) {
    yield `${path} is ${value}, which is no moment in the past${AHEAD.has(key) ? " or near future" : ""}, in milliseconds`;
  }
}

/** What is wrong with a body of data, in addition: it must hold some. */
export function* dataFaults(body) {
  if (body.status !== "success") yield `status is ${JSON.stringify(body.status)}`;
  if (!Array.isArray(body.degraded)) yield "degraded is no list";
  if ("confluence_scores" in body && !(body.confluence_scores?.length >= 30)) yield `${body.confluence_scores?.length} scores`;
  if ("symbols" in body && !(body.symbols?.length > 0)) yield "there are no symbols";
  if ("market_overview" in body && !(body.market_overview?.btc_price > 0)) yield "Bitcoin has no price";
  const movers = body.top_movers;
  if (movers && !(movers.gainers?.length + movers.losers?.length > 0)) yield "nothing moved";
  for (const [name, section] of Object.entries(body.sections ?? {})) yield* sectionFaults(name, section);
  for (const row of body.confluence_scores ?? []) yield* rowFaults(row);
}

function* sectionFaults(name, { source, as_of_ms, status, reason }) {
  const isAbsent = status === "unavailable";
  if (!["fresh", "aging", "stale", "unavailable"].includes(status)) yield `section ${name} is ${status}`;
  if (isAbsent !== (source === null) || isAbsent !== (as_of_ms === null)) yield `section ${name} contradicts its status`;
  if (isAbsent && !reason) yield `section ${name} is missing without a reason`;
}

function* rowFaults(row) {
  if (!["six_dimension", "ticker_momentum"].includes(row.score_basis)) yield `${row.symbol} has the basis ${row.score_basis}`;
  const isAnalysed = row.score_basis === "six_dimension";
  if (isAnalysed !== (row.components !== null)) yield `${row.symbol} presents momentum as confluence, or hides its parts`;
  if (!(row.price > 0)) yield `${row.symbol} has no price`;
  // Unknown where the exchange's own row contradicts it.
  for (const field of ["turnover_24h", "high_24h", "low_24h"]) {
    if (row[field] !== null && !(row[field] > 0)) yield `${row.symbol}'s ${field} is ${row[field]}`;
  }
}

/** Fields that only data has: a problem with one of them would look like data. */
const DATA_FIELDS = ["confluence_scores", "market_overview", "symbols", "top_movers", "signals", "alerts", "as_of_ms"];

/** What is wrong with a problem (RFC 9457). */
export function* problemFaults(body, status) {
  if (body.status !== status) yield `the problem says status ${body.status}, the status line ${status}`;
  for (const field of ["type", "title", "detail"]) {
    if (typeof body[field] !== "string" || !body[field]) yield `the problem has no ${field}`;
  }
  for (const field of DATA_FIELDS) if (field in body) yield `the problem has ${field}, which looks like data`;
}
