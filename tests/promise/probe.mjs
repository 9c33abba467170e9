// Checks a running deployment from outside: every route, and every promise about its answers. `scripts/probe` runs it.

import { randomUUID } from "node:crypto";
import http from "node:http";
import https from "node:https";
import { parseArgs } from "node:util";
import zlib from "node:zlib";
import { LIMITS, faults } from "./answer.mjs";
import { ask } from "./ask.mjs";
import { cacheControl, dateMs, members, seconds } from "./fields.mjs";
import { ANALYSIS_ROUTES, HEALTH_ROUTES, STREAM_ROUTES, TICKER_ROUTES } from "./routes.mjs";

/** Tries to see the same data twice, which is renewed every few seconds. */
const TRIES = 10;

/** How far two clocks, one of which tells whole seconds, may seem to drift apart while they are watched, seconds. */
const DRIFT_S = 1.5;

/** The pause between two looks at the same path, milliseconds. */
const LOOK_EVERY_MS = 250;

const CODINGS = ["gzip", "br", ...(zlib.zstdDecompressSync ? ["zstd"] : [])];

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

class Wrong extends Error {}

function expect(condition, wrong) {
  if (!condition) throw new Wrong(wrong);
}

/**
 * Checks what is at `base`. `say` gets a line per check; the result counts them: `{ passed, failed }`.
 *
 * `watchS`: how long the age of the data is watched, seconds. `limits`: the age limits of the deployment, seconds.
 */
export async function probe(base, { watchS = 6, limits = LIMITS, say = console.log } = {}) {
  const agent = new (base.startsWith("https:") ? https : http).Agent({ keepAlive: true });
  const deployment = {
    limits,
    watchS,
    /** Asks, and holds the answer against the promise. */
    get: async (path, init = {}) => {
      const answer = await ask(base + path, { agent, patienceMs: 10_000, ...init });
      const found = faultsOf(answer, limits);
      expect(found.length === 0, `${answer.method} ${path} → ${answer.status}: ${found.join("; ")}`);
      return answer;
    },
  };
  const counts = { passed: 0, failed: 0 };
  for (const [name, check] of checks()) {
    try {
      const note = await check(deployment);
      counts.passed += 1;
      say(`✓ ${name}${note ? `: ${note}` : ""}`);
    } catch (error) {
      counts.failed += 1;
      say(`✗ ${name}: ${error.message}`);
    }
  }
  agent.destroy();
  return counts;
}

/** Faults of one answer, and of the caches that a content network may have put in front. */
function faultsOf(answer, limits) {
  const proxied = answer.headers.has("cf-ray");
  const found = faults(answer, { limits, proxied });
  const state = answer.header("cf-cache-status");
  if (state === "HIT" || state === "STALE" || state === "UPDATING") {
    const maxAge = cacheControl(answer.header("cache-control"))?.get("max-age") ?? 0;
    const age = seconds(answer.header("age"));
    if (!(age <= maxAge)) found.push(`a cache in front answered at the age of ${age} s, max-age is ${maxAge} s`);
  }
  // The edge sends bodies as they are: what is compressed there, was by who stands in front of it.
  const isEdge = members(answer.header("cache-status") ?? "")?.at(-1)?.name === "edge";
  if (answer.headers.has("content-encoding") && !/accept-encoding/i.test(answer.header("vary") ?? "") && !isEdge) {
    found.push("compressed, and Vary does not say so");
  }
  return found;
}

function checks() {
  const tickers = Object.keys(TICKER_ROUTES).map((path) => [path, hasData(path)]);
  const analysis = Object.keys({ ...ANALYSIS_ROUTES, ...STREAM_ROUTES }).map((path) => [path, hasDataOrSaysWhy(path)]);
  const health = HEALTH_ROUTES.map((path) => [path, isHealthy(path)]);
  return [
    ...health, ...tickers, ...analysis,
    ["the age grows with the time and from the data's own", ageGrows],
    ["a client that holds the body gets 304", isConditional],
    ["HEAD is GET without the body", headIsGet],
    ["queries and other headers change nothing", junkChangesNothing],
    ["compressed bodies unpack to the same", codingsAgree],
    ["an unknown path is 404, and not kept", unknownIs404],
    ["other methods are 405 with Allow", writingIs405],
    ["a browser's preflight is answered", preflightIs204],
    ["where the way to the exchanges begins is told when it was taken", placeIsTold],
  ];
}

const isHealthy = (path) => async ({ get }) => {
  const answer = await get(path);
  expect(answer.status === 200, `${answer.status}: ${sources(answer)}`);
  return `${answer.json.status}, ${answer.json.data_source}, ${answer.json.age_ms} ms old`;
};

/** Isolates that have not taken the way know nothing of it, so this is asked some times. */
async function placeIsTold({ get }) {
  for (let tried = 0; tried < TRIES; tried += 1) {
    const { direct_place: place } = (await get("/health")).json ?? {};
    if (place === undefined) return "no edge";
    expect(place === null || /^[A-Za-z0-9-]{1,32}$/.test(place), `the place ${place}`);
    if (place !== null) return place;
  }
  return "not taken lately";
}

const hasData = (path) => async ({ get }) => {
  const answer = await get(path);
  expect(answer.status === 200, `${answer.status}: ${sources(answer)}`);
  return provenance(answer);
};

/** What rests on the analysis may be missing, if that is said. */
const hasDataOrSaysWhy = (path) => async ({ get }) => {
  const answer = await get(path);
  if (answer.status === 200) return provenance(answer);
  expect(answer.status === 503 && answer.json.sources?.[0]?.name === "analysis", `${answer.status}: ${sources(answer)}`);
  return `no analysis, and says so (${answer.json.sources[0].outcome})`;
};

const sources = ({ json }) => (json?.sources ?? []).map(({ name, outcome }) => `${name} ${outcome}`).join(", ") || "no reason given";

const provenance = (answer) =>
  `${answer.header("x-data-source")}, ${answer.header("x-data-freshness")}, ${answer.header("age")} s old, ${answer.bytes.length} bytes`;

/** Two answers about the same data, if need be after some tries. */
async function ofTheSameData(first, second) {
  for (let tried = 0; tried < TRIES; tried += 1) {
    const answers = [await first(), await second()];
    const [one, other] = answers.map((answer) => answer.header("x-data-as-of") + answer.header("x-data-freshness"));
    if (one === other) return answers;
  }
  throw new Wrong(`the data changed between any two requests, ${TRIES} times`);
}

async function ageGrows({ get, watchS }) {
  const seen = [];
  const until = performance.now() + watchS * 1_000;
  do {
    const answer = await get("/api/market/overview");
    expect(answer.status === 200, `${answer.status}`);
    const [asOf, age] = [Number(answer.header("x-data-as-of")), seconds(answer.header("age"))];
    seen.push({ atS: performance.now() / 1_000, dateS: dateMs(answer.header("date")) / 1_000, asOf, age });
    await pause(LOOK_EVERY_MS);
  } while (performance.now() < until);
  for (const [index, now] of seen.entries()) {
    const before = seen[Math.max(0, index - 1)];
    expect(now.asOf >= before.asOf, `the data went back by ${before.asOf - now.asOf} ms`);
    const [first] = seen;
    const passed = now.atS - first.atS;
    expect(Math.abs(now.dateS - first.dateS - passed) <= DRIFT_S, `Date moved ${now.dateS - first.dateS} s in ${passed.toFixed(1)} s: a cache in front keeps answers`);
    const since = seen.find(({ asOf }) => asOf === now.asOf);
    const [grown, elapsed] = [now.age - since.age, now.atS - since.atS];
    expect(Math.abs(grown - elapsed) <= DRIFT_S, `Age grew by ${grown} s in ${elapsed.toFixed(1)} s while the data stayed the same`);
  }
  const renewed = new Set(seen.map(({ asOf }) => asOf)).size - 1;
  return `${seen.length} looks in ${watchS} s, renewed ${renewed} times, ${Math.max(...seen.map(({ age }) => age))} s old at most`;
}

async function isConditional({ get }) {
  for (const path of ["/mobile-data", "/api/dashboard/symbols"]) {
    const held = await get(path);
    const etag = held.header("etag");
    const [, not] = await ofTheSameData(() => get(path), async () => {
      const { headers } = await get(path);
      return get(path, { headers: { "if-none-match": `"other", ${headers.get("etag")}` } });
    });
    expect(not.status === 304, `${path}: ${not.status} to a client that holds ${etag}`);
    const other = await get(path, { headers: { "if-none-match": '"other"' } });
    expect(other.status === 200, `${path}: ${other.status} to a client that holds something else`);
  }
}

async function headIsGet({ get }) {
  for (const path of ["/mobile-data", "/api/market/overview"]) {
    const [full, head] = await ofTheSameData(() => get(path), () => get(path, { method: "HEAD" }));
    expect(head.status === full.status, `${path}: HEAD ${head.status}, GET ${full.status}`);
    for (const name of ["content-type", "etag", "cache-control", "x-data-source", "x-data-as-of", "x-data-freshness", "x-market-data"]) {
      expect(head.header(name) === full.header(name), `${path}: ${name} is ${head.header(name)} of HEAD, ${full.header(name)} of GET`);
    }
    const lengths = [head, full].map((answer) => answer.header("content-length"));
    expect(lengths.includes(null) || lengths[0] === lengths[1], `${path}: Content-Length is ${lengths.join(" of HEAD, ")} of GET`);
  }
}

async function junkChangesNothing({ get }) {
  const junk = [
    ["/mobile-data?t=1&symbols=XUSDT"],
    ["/mobile-data", { "cache-control": "no-cache", pragma: "no-cache" }],
    ["/mobile-data", { "x-forwarded-host": "evil.example", "x-original-url": "/admin" }],
    ["/mobile-data", { range: "bytes=0-10" }],
  ];
  for (const [path, headers] of junk) {
    const [plain, other] = await ofTheSameData(() => get("/mobile-data"), () => get(path, { headers }));
    expect(other.status === 200 && other.text === plain.text, `another body for ${path} with ${JSON.stringify(headers ?? {})}`);
  }
}

async function codingsAgree({ get }) {
  const used = [];
  for (const coding of CODINGS) {
    const coded = () => get("/mobile-data", { headers: { "accept-encoding": coding } });
    const [plain, packed] = await ofTheSameData(() => get("/mobile-data", { headers: { "accept-encoding": "identity" } }), coded);
    expect(packed.text === plain.text, `${coding}: another body`);
    if (packed.header("content-encoding") === coding) used.push(`${coding} ${packed.sent.length} bytes`);
    expect(!plain.headers.has("content-encoding"), `identity was asked for, ${plain.header("content-encoding")} came`);
  }
  return used.join(", ") || "not compressed";
}

async function unknownIs404({ get }) {
  const path = `/no-such-path-${randomUUID()}`;
  for (const again of [false, true]) {
    const answer = await get(path);
    expect(answer.status === 404, `${answer.status}`);
    expect(!again || answer.header("cf-cache-status") !== "HIT", "the refusal was kept");
  }
}

async function writingIs405({ get }) {
  for (const method of ["POST", "PUT", "DELETE", "PATCH"]) {
    const answer = await get("/mobile-data", { method });
    expect(answer.status === 405, `${method}: ${answer.status}`);
    expect(answer.header("allow") === "GET, HEAD, OPTIONS", `${method}: Allow is ${answer.header("allow")}`);
  }
}

async function preflightIs204({ get }) {
  const headers = { origin: "https://example.com", "access-control-request-method": "GET" };
  const answer = await get("/mobile-data", { method: "OPTIONS", headers });
  expect(answer.status === 204, `${answer.status}`);
  expect(/GET/.test(answer.header("access-control-allow-methods")), "GET is not allowed to other sites");
}

/** The command line. Gives the exit code. */
export async function main(argv) {
  const { values, positionals } = parseArgs({
    args: argv, allowPositionals: true, options: { watch: { type: "string", default: "6" }, limits: { type: "string" } },
  });
  const [base] = positionals.map((url) => url.replace(/\/+$/, ""));
  const [refresh, fresh, aging, stale] = (values.limits ?? Object.values(LIMITS).join()).split(",").map(Number);
  const limits = { refresh, fresh, aging, stale };
  const watchS = Number(values.watch);
  if (positionals.length !== 1 || !/^https?:/.test(base) || !URL.canParse(base)) throw new Wrong("name one address, such as https://data.example.com");
  if (!Object.values(limits).every(Number.isFinite)) throw new Wrong(`--limits is '${values.limits}', not four numbers`);
  if (!(watchS >= 0)) throw new Wrong(`--watch is '${values.watch}', not a number of seconds`);
  const { passed, failed } = await probe(base, { watchS, limits });
  console.log(failed === 0 ? `✓ all ${passed} checks of ${base} passed` : `✗ ${failed} of ${passed + failed} checks of ${base} failed`);
  return failed === 0 ? 0 : 1;
}

if (import.meta.main ?? process.argv[1] === new URL(import.meta.url).pathname) {
  main(process.argv.slice(2)).then(
    (code) => process.exit(code),
    (error) => {
      console.error(`✗ probe: ${error.message}`);
      process.exit(2);
    },
  );
}
