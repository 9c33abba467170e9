// One question to the API, and everything that can come of it. Nothing here throws, and nothing but a body that names its
// own age and source counts as data.

import { LIMITS_MS, type Problem, SCHEMA_VERSION } from "../../generated/contract.ts";
import type { Body, Trouble } from "./freshness.ts";
import { retryAfterMs } from "./pace.ts";

/** What came of a question. */
export type Outcome<T extends Body> =
  | { readonly kind: "data"; readonly body: T; readonly etag: string | null }
  | { readonly kind: "unchanged" }
  | { readonly kind: "failed"; readonly trouble: Trouble; readonly retryAfterMs: number | null };

/** An outcome and what the answer said of the server's clock. */
export interface Answer<T extends Body> {
  readonly outcome: Outcome<T>;
  readonly date: string | null;
}

/** The complaint about a body of another version of the contract. */
const OTHER_SCHEMA = "other_schema";

/** Whether server and page are of different releases, so that loading the page again may help. */
export function isOfOtherRelease(trouble: Trouble | null): boolean {
  return trouble?.kind === "unreadable" && trouble.what === OTHER_SCHEMA;
}

/** How long one question may take. */
const PATIENCE_MS = 8_000;

/** Asks for `path`; `etag` is that of the body in hand. */
export async function ask<T extends Body>(
  fetcher: typeof fetch,
  path: string,
  etag: string | null,
): Promise<Answer<T>> {
  let response: Response;
  let text: string;
  try {
    // Never through the browser's own cache: whether data may still be shown is judged here, by its age.
    const headers = etag === null ? {} : { "if-none-match": etag };
    response = await fetcher(path, {
      cache: "no-store",
      credentials: "omit",
      headers,
      signal: AbortSignal.timeout(PATIENCE_MS),
    });
    text = await response.text();
  } catch {
    return { outcome: failed({ kind: "unreachable" }, null), date: null };
  }
  return { outcome: outcomeOf<T>(response, text), date: response.headers.get("date") };
}

function failed(
  trouble: Trouble,
  retryAfter: number | null,
): { kind: "failed"; trouble: Trouble; retryAfterMs: number | null } {
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
