// How often to ask, as arithmetic: the pace of the data, slower on a metered connection, and ever slower while asking fails.

import { LIMITS_MS } from "../../generated/contract.ts";

/** The connection costs the reader money or is very slow: ask up to this many times less often. */
const METERED_FACTOR = 4;

/** How long an answer may take without the data growing too old meanwhile, milliseconds. */
const ANSWER_MS = 3_000;

/** The first pause after a failure, milliseconds; it doubles with each further one. */
const FIRST_PAUSE_MS = 3_000;

/** The longest pause after failures. */
const LONGEST_PAUSE_MS = 60_000;

/** Pauses differ by up to this share, so that the phones of the world do not come back all at once. */
const JITTER = 0.2;

/**
 * The pause after an answer whose data is `ageMs` old.
 *
 * On a metered connection it is as long as the class of the data allows: the next answer arrives before data that is asked
 * for within the fresh limit passes it, and all else before it passes the aging limit. So no pause of the page's own makes
 * healthy data look old. Data that is past its limit anyway is asked for at the slow pace.
 */
export function paceMs(everyMs: number, metered: boolean, ageMs: number | null): number {
  if (!metered) return everyMs;
  const slow = everyMs * METERED_FACTOR;
  const limit = everyMs < LIMITS_MS.fresh ? LIMITS_MS.fresh : LIMITS_MS.aging;
  if (ageMs === null || ageMs > limit) return slow;
  return Math.max(everyMs, Math.min(slow, limit - ageMs - ANSWER_MS));
}

/** The pause after the `failures`-th failure in a row; at least what the server asked for. `random` is from [0, 1). */
export function backoffMs(failures: number, retryAfterMs: number | null, random: number): number {
  const doubled = Math.min(FIRST_PAUSE_MS * 2 ** Math.max(0, failures - 1), LONGEST_PAUSE_MS);
  const spread = doubled * (1 - JITTER + 2 * JITTER * random);
  return Math.max(spread, retryAfterMs ?? 0);
}

/** `Retry-After` in milliseconds, where it is a number of seconds. */
export function retryAfterMs(header: string | null): number | null {
  return header !== null && /^\d{1,5}$/.test(header) ? Number(header) * 1_000 : null;
}

/** What browsers tell of a connection; not all tell anything. */
export interface Connection {
  readonly saveData?: boolean;
  readonly type?: string;
  readonly effectiveType?: string;
}

/** Whether the reader saves data, pays for it, or has a line on which every request is felt. */
export function isMetered(connection: Connection | undefined): boolean {
  return (
    connection !== undefined &&
    (connection.saveData === true || connection.type === "cellular" || /2g$/.test(connection.effectiveType ?? ""))
  );
}
