// The promise, as a check of one answer: no zero, no placeholder, never silently stale, with its source and its age.
//
// Every answer that a test or `scripts/probe` receives passes through here, whatever the test is about.

import assert from "node:assert/strict";
import { dataFaults, problemFaults, valueFaults } from "./bodies.mjs";
import {
  cacheControl, cacheStatusFaults, dateMs, isWeakEtag, members, proxyStatusFaults, seconds, serverTimingFaults,
} from "./fields.mjs";

/** The limits of an unchanged configuration, seconds of data age. */
export const LIMITS = { refresh: 3, fresh: 15, aging: 60, stale: 300 };

/** The largest body of data, bytes. The list of every contract is none for phones, and a tenth of this when compressed. */
export const maxBodyBytes = (path) => (path.startsWith("/api/contracts") ? 250_000 : 100_000);

const SOURCES = ["origin", "bybit_direct", "secondary_exchange", "last_known_good"];

const ALWAYS = {
  "access-control-allow-origin": /^\*$/,
  "content-security-policy": /^default-src 'none'; frame-ancestors 'none'$/,
  "cross-origin-resource-policy": /^cross-origin$/,
  "referrer-policy": /^no-referrer$/,
  "strict-transport-security": /^max-age=31536000$/,
  "timing-allow-origin": /^\*$/,
  "x-content-type-options": /^nosniff$/,
};

const EXPOSED = ["age", "date", "etag", "cache-status", "proxy-status", "retry-after", "server-timing", "x-request-id"];

/** Fields that appear once, and those that no answer has. Cloudflare adds some of the latter in front of the Worker. */
const SINGLE = ["age", "cache-control", "content-type", "date", "etag", "retry-after", "x-data-as-of", "x-data-source"];
const NEVER = ["set-cookie", "warning", "x-powered-by"];
const NEVER_BEHIND_NOBODY = ["cf-cache-status", "server"];

/** The name of a request is harmless text, and on nothing that a cache could hand to another client. */
const REQUEST_NAME = /^[A-Za-z0-9._-]{1,64}$/;

/** Of what exists only with data: absent from every problem. */
const DATA_HEADERS = ["age", "etag", "cache-status", "x-data-as-of", "x-data-source", "x-data-freshness", "x-data-quality"];

/**
 * Which kind of answer this is: `H1` fresh, `aging`, `H2` marked stale, `H3` a 503 that says why, `304`, `problem` for any
 * other refusal, `health`, or `other`.
 */
export function profile(answer) {
  if (answer.status === 304) return "304";
  if (answer.status === 503) return "H3";
  if (answer.status >= 400) return "problem";
  if (answer.status !== 200) return "other";
  const freshness = answer.header("x-data-freshness");
  return { fresh: "H1", aging: "aging", stale: "H2" }[freshness] ?? "health";
}

/**
 * Everything that is wrong with an answer, in words.
 *
 * `limits`: the age limits of who answered, seconds. `expected`: further statuses that are in order here, such as 500.
 * `proxied`: a content network stands in front and adds headers of its own.
 */
export function faults(answer, { limits = LIMITS, expected = [], proxied = false } = {}) {
  const context = { limits, proxied };
  const found = [...everyAnswerFaults(answer, context), ...fieldFaults(answer, context)];
  const statuses = [200, 204, 304, 400, 401, 404, 405, 412, 429, 503, ...expected];
  if (!statuses.includes(answer.status)) found.push(`the status is ${answer.status}`);
  if (answer.method === "HEAD" && answer.sent.length > 0) found.push("HEAD has a body");
  const kind = profile(answer);
  if (kind === "304") found.push(...notModifiedFaults(answer, context));
  else if (kind === "H3" || kind === "problem") found.push(...problemAnswerFaults(answer));
  else if (kind === "health") found.push(...healthFaults(answer));
  else if (answer.status === 200) found.push(...dataAnswerFaults(answer, context));
  return found;
}

/** Fails with everything that is wrong with an answer. */
export function checkAnswer(answer, context) {
  const found = faults(answer, context);
  const what = `${answer.method} ${answer.path} → ${answer.status}`;
  assert.deepEqual(found, [], `${what}: ${found.join("; ")}\n${answer.text.slice(0, 300)}`);
}

function* everyAnswerFaults(answer, { proxied }) {
  for (const [name, expected] of Object.entries(ALWAYS)) {
    if (!expected.test(answer.header(name) ?? "")) yield `${name} is ${answer.header(name)}`;
  }
  const exposed = (answer.header("access-control-expose-headers") ?? "").toLowerCase().split(/, */);
  for (const name of EXPOSED) if (!exposed.includes(name)) yield `browsers may not read ${name}`;
  if (Number.isNaN(dateMs(answer.header("date")))) yield `Date is ${answer.header("date")}`;
  for (const name of SINGLE) {
    const lines = answer.lines.filter(([line]) => line === name).length;
    if (lines > 1) yield `${name} stands ${lines} times`;
  }
  const name = answer.header("x-request-id");
  if (name !== null && !REQUEST_NAME.test(name)) yield `X-Request-Id is ${name}`;
  if (name !== null && answer.header("cache-control") !== "no-store") yield "a cache may keep the name of a request";
  const never = proxied ? NEVER : [...NEVER, ...NEVER_BEHIND_NOBODY];
  for (const name of never) if (answer.headers.has(name)) yield `${name} is sent: ${answer.header(name)}`;
}

/** Every field that is there is written as its standard has it. */
function* fieldFaults(answer, { limits }) {
  const written = (name, check) => (answer.headers.has(name) ? check(answer.header(name)) : []);
  yield* written("cache-status", cacheStatusFaults);
  yield* written("proxy-status", proxyStatusFaults);
  yield* written("server-timing", serverTimingFaults);
  for (const name of ["age", "retry-after"]) {
    if (answer.headers.has(name) && Number.isNaN(seconds(answer.header(name)))) yield `${name} is ${answer.header(name)}`;
  }
  if (answer.headers.has("etag") && !isWeakEtag(answer.header("etag"))) yield `ETag is ${answer.header("etag")}`;
  if (!answer.headers.has("cache-control")) {
    // Without it, caches make up a lifetime.
    if (answer.status !== 204) yield "there is no Cache-Control";
  } else {
    yield* cacheControlFaults(answer.header("cache-control"), limits);
  }
}

/** A cache downstream may show what it keeps while that is fresh, whoever answered it; past that it would have to be marked. */
function* cacheControlFaults(value, limits) {
  const directives = cacheControl(value);
  if (!directives) {
    yield `Cache-Control is ${value}`;
    return;
  }
  // The first three switch the stale windows off in some caches, and mean nothing else to us.
  for (const name of ["s-maxage", "must-revalidate", "proxy-revalidate", "immutable"]) {
    if (directives.has(name)) yield `Cache-Control has ${name}`;
  }
  const [maxAge, ...windows] = ["max-age", "stale-while-revalidate", "stale-if-error"].map((name) => directives.get(name) ?? 0);
  for (const window of windows) if (maxAge + window > Math.min(limits.fresh, LIMITS.fresh)) yield `a cache may keep this for ${maxAge + window} s: ${value}`;
}

function* dataAnswerFaults(answer, { limits }) {
  yield* freshnessFaults(answer, limits);
  if (answer.header("content-type") !== "application/json") yield `Content-Type is ${answer.header("content-type")}`;
  if (answer.method === "HEAD") return;
  const { json } = answer;
  if (json === null || typeof json !== "object" || Array.isArray(json)) {
    yield "the body is no JSON object";
    return;
  }
  if (answer.bytes.length > maxBodyBytes(answer.path)) yield `the body has ${answer.bytes.length} bytes`;
  const told = { data_source: "x-data-source", freshness: "x-data-freshness", as_of_ms: "x-data-as-of" };
  for (const [field, name] of Object.entries(told)) {
    if (String(json[field]) !== answer.header(name)) yield `${field} is ${json[field]} in the body and ${answer.header(name)} in ${name}`;
  }
  yield* dataFaults(json);
  yield* valueFaults(json, dateMs(answer.header("date")) + 1_000);
}

/** Source, age and class: there, true to one another, and within the limits. */
function* freshnessFaults(answer, limits) {
  const [freshness, source] = [answer.header("x-data-freshness"), answer.header("x-data-source")];
  const age = seconds(answer.header("age"));
  if (!SOURCES.includes(source)) yield `X-Data-Source is ${source}`;
  yield* ageFaults(answer);
  const limit = limits[freshness];
  if (!(age <= Math.ceil(limit))) yield `${freshness} at the age of ${age} s, above ${limit} s`;
  const directives = cacheControl(answer.header("cache-control"));
  const isKept = { fresh: directives?.has("max-age"), aging: directives?.has("no-cache"), stale: directives?.has("no-store") };
  if (!isKept[freshness]) yield `${freshness} with Cache-Control ${answer.header("cache-control")}`;
  if ((freshness === "stale") !== (source === "last_known_good")) yield `${freshness} from ${source}`;
  if (!isWeakEtag(answer.header("etag"))) yield "there is no ETag";
  const last = members(answer.header("cache-status") ?? "")?.at(-1);
  if (!last) yield "there is no Cache-Status";
  else if (last.parameters.has("ttl") && last.parameters.get("ttl") !== limits.fresh - age) {
    yield `Cache-Status has ttl=${last.parameters.get("ttl")} at the age of ${age} s of ${limits.fresh} s`;
  }
  if (freshness === "stale" && last?.name === "edge" && !answer.headers.has("proxy-status")) yield "stale, and not said why";
}

/** `Age` counts from the data's own time: it is `Date` less `X-Data-As-Of`, rounded up. */
export function* ageFaults(answer) {
  const [age, asOf] = [seconds(answer.header("age")), Number(answer.header("x-data-as-of") ?? NaN)];
  if (Number.isNaN(age) || Number.isNaN(asOf)) {
    yield `Age is ${answer.header("age")}, X-Data-As-Of ${answer.header("x-data-as-of")}`;
    return;
  }
  // `Date` names a second, so the moment of the answer lies within it.
  const date = dateMs(answer.header("date"));
  const [least, most] = [date, date + 999].map((now) => Math.max(0, Math.ceil((now - asOf) / 1_000)));
  if (age < least || age > most) yield `Age is ${age}, Date less X-Data-As-Of between ${least} and ${most} s`;
}

function* notModifiedFaults(answer, { limits }) {
  if (answer.sent.length > 0) yield "304 has a body";
  for (const name of ["cache-control", "date", "etag", "age", "cache-status", "x-data-as-of", "x-data-freshness"]) {
    if (!answer.headers.has(name)) yield `304 has no ${name}`;
  }
  for (const name of ["content-type", "content-encoding", "content-length"]) {
    if (answer.headers.has(name)) yield `304 has ${name}`;
  }
  yield* freshnessFaults(answer, limits);
}

function* problemAnswerFaults(answer) {
  if (answer.header("content-type") !== "application/problem+json") yield `Content-Type is ${answer.header("content-type")}`;
  if (answer.header("cache-control") !== "no-store") yield `a failure with Cache-Control ${answer.header("cache-control")}`;
  for (const name of DATA_HEADERS) if (answer.headers.has(name)) yield `a failure has ${name}`;
  const isPause = answer.status === 503 || answer.status === 429;
  if (isPause !== answer.headers.has("retry-after")) yield `${answer.status} with Retry-After ${answer.header("retry-after")}`;
  if (answer.status === 405 && !answer.headers.has("allow")) yield "405 without Allow";
  if (answer.method === "HEAD") return;
  if (!answer.json) {
    yield "the problem is no JSON";
    return;
  }
  yield* problemFaults(answer.json, answer.status);
  if (isPause && answer.json.retry_after !== seconds(answer.header("retry-after"))) yield "retry_after is not Retry-After";
  for (const source of answer.json.sources ?? []) {
    if (!source.name || !/^[a-z0-9_]+$/.test(source.outcome ?? "")) yield `a source says ${JSON.stringify(source)}`;
  }
}

/** The state of the service: never kept, and made from the data that a client would get. */
function* healthFaults(answer) {
  if (answer.header("cache-control") !== "no-store") yield `health with Cache-Control ${answer.header("cache-control")}`;
  if (answer.method === "HEAD" || !answer.json) return;
  // That a process answers is no word about data.
  if (answer.path === "/health/live" && answer.json.status === "alive") return;
  if (!["fresh", "aging", "stale"].includes(answer.json.status)) yield `health says ${answer.json.status}`;
  if (!SOURCES.includes(answer.json.data_source)) yield `health names the source ${answer.json.data_source}`;
  yield* valueFaults(answer.json, dateMs(answer.header("date")) + 1_000);
}
