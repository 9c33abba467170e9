// One question to the API, and everything that can come of it. Nothing here throws, and nothing but a body that names its
// own age and source counts as data.

import { LIMITS_MS, type Problem, SCHEMA_VERSION } from "../../generated/contract.ts";
import type { Said } from "./clock.ts";
import type { Body, Trouble } from "./freshness.ts";
import { retryAfterMs } from "./pace.ts";

/** What came of a question. */
export type Outcome<T extends Body> =
  | { readonly kind: "data"; readonly body: T; readonly etag: string | null }
  | { readonly kind: "unchanged" }
  | { readonly kind: "failed"; readonly trouble: Trouble; readonly retryAfterMs: number | null };

/** An outcome, and what the answer's headers say of time. */
export interface Answer<T extends Body> {
  readonly outcome: Outcome<T>;
  readonly said: Said;
}

/** What came of a question about the time: the `Date` of an answer that was made for it, or why there is none. */
export type TimeAnswer = { readonly kind: "time"; readonly date: string } | Extract<Outcome<never>, { kind: "failed" }>;

/** The complaint about a body of another version of the contract. */
const OTHER_SCHEMA = "other_schema";

/** Whether server and page are of different releases, so that loading the page again may help. */
export function isOfOtherRelease(trouble: Trouble | null): boolean {
  return trouble?.kind === "unreadable" && trouble.what === OTHER_SCHEMA;
}

/** How long one question may take. */
const PATIENCE_MS = 8_000;

/** How long the question about the time may take: its answer is a few bytes, and the data waits for it at the start. */
const TIME_PATIENCE_MS = 4_000;

/** Asks for `path`; `etag` is that of the body in hand. */
export async function ask<T extends Body>(
  fetcher: typeof fetch,
  path: string,
  etag: string | null,
): Promise<Answer<T>> {
  const condition = etag === null ? {} : { headers: { "if-none-match": etag } };
  const answered = await answerTo(fetcher, path, condition, PATIENCE_MS);
  if ("trouble" in answered) return { outcome: failed(answered.trouble, null), said: { date: null, age: null, asOf: null } };
  const { response, text } = answered;
  const header = (name: string): string | null => response.headers.get(name);
  const asOf = Number(header("x-data-as-of") ?? NaN);
  const said = { date: header("date"), age: header("age"), asOf: asOf > 0 ? asOf : null };
  return { outcome: outcomeOf<T>(response, text), said };
}

/**
 * Asks what time it is at the server. No cache can answer this, whatever it does with lifetimes: it keeps no answer to
 * OPTIONS (RFC 9110, 9.3.7), and never had one at an address that only this question has.
 */
export async function askTime(fetcher: typeof fetch, path: string): Promise<TimeAnswer> {
  const only = Math.random().toString(36).slice(2);
  const answered = await answerTo(fetcher, `${path}?${only}`, { method: "OPTIONS" }, TIME_PATIENCE_MS);
  if ("trouble" in answered) return failed(answered.trouble, null);
  const { ok, status, headers } = answered.response;
  const date = headers.get("date");
  if (!ok || date === null || headers.has("age")) return failed({ kind: "problem", status, problem: null }, null);
  return { kind: "time", date };
}

/** Sends a question and waits for all of the answer. */
async function answerTo(
  fetcher: typeof fetch,
  path: string,
  init: RequestInit,
  patienceMs: number,
): Promise<{ response: Response; text: string } | { trouble: Trouble }> {
  let sent: Promise<Response>;
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    const patience = new AbortController();
    timer = setTimeout(() => patience.abort(), patienceMs);
    // Never through the browser's own cache: whether data may still be shown is judged here, by its age.
    sent = fetcher(path, { ...init, cache: "no-store", credentials: "omit", signal: patience.signal });
  } catch (error) {
    // A browser that can ask never throws here: it cannot, or the page itself is wrong.
    clearTimeout(timer);
    return { trouble: { kind: "defect", what: String(error) } };
  }
  try {
    const response = await sent;
    return { response, text: await response.text() };
  } catch {
    return { trouble: { kind: "unreachable" } };
  } finally {
    clearTimeout(timer);
  }
}

function failed(trouble: Trouble, retryAfter: number | null): Extract<Outcome<never>, { kind: "failed" }> {
  return { kind: "failed", trouble, retryAfterMs: retryAfter };
}

function outcomeOf<T extends Body>(response: Response, text: string): Outcome<T> {
  if (response.status === 304) return { kind: "unchanged" };
  const json = parsed(text);
  if (response.status !== 200) {
    const problem = isProblem(json) ? json : null;
    return failed(
      { kind: "problem", status: response.status, problem },
      retryAfterMs(response.headers.get("retry-after")),
    );
  }
  const what = complaint(json);
  if (what !== null) return failed({ kind: "unreadable", what }, null);
  return { kind: "data", body: json as T, etag: response.headers.get("etag") };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function isProblem(value: unknown): value is Problem {
  return isRecord(value) && typeof value["status"] === "number" && typeof value["title"] === "string";
}

/** Why a value is not a body of the contract, or nothing when it is one. */
export function complaint(value: unknown): string | null {
  if (!isRecord(value)) return "not_an_object";
  if (value["status"] !== "success") return "no_success";
  if ("schema_version" in value && value["schema_version"] !== SCHEMA_VERSION) return OTHER_SCHEMA;
  const asOf = value["as_of_ms"];
  if (typeof asOf !== "number" || !Number.isFinite(asOf) || asOf <= 0) return "no_time";
  if (typeof value["freshness"] !== "string" || !Object.hasOwn(LIMITS_MS, value["freshness"])) return "no_freshness";
  if (typeof value["data_source"] !== "string") return "no_source";
  return Array.isArray(value["degraded"]) ? null : "no_reasons";
}
