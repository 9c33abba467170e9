// What is said of the perpetuals as a whole, and what must be known before it can be said that nothing is unusual: pure.

import type { PerpetualsPulse, PulseKind } from "../../generated/contract.ts";
import { title } from "../words.ts";

type Measured = Pick<PerpetualsPulse, "funding_rate" | "funding_zscore" | "long_pct" | "basis_pct">;

/** Every measure that a signal can come of, with its name. */
export const MEASURES: readonly (readonly [keyof Measured, string])[] = [
  ["funding_rate", "the funding rate"],
  ["funding_zscore", "funding against its history"],
  ["long_pct", "long and short accounts"],
  ["basis_pct", "the premium over the index"],
];

/** The names of those that are unknown. */
export const notLookedAt = (body: Measured): string[] =>
  MEASURES.filter(([field]) => body[field] === null).map(([, name]) => name);

/** What stands out, by what was measured: the contract's words for a premium are those of dated futures. */
const PULSE_TITLES = new Map<string, string>(
  Object.entries({
    funding_elevated: "Funding is high",
    funding_unusual: "Funding far from its history",
    crowded_long: "Most accounts are long",
    crowded_short: "Most accounts are short",
    contango: "Mark above index",
    backwardation: "Mark below index",
  } satisfies Record<PulseKind, string>),
);

/** The name of what stands out. */
export const pulseTitle = (kind: string): string => PULSE_TITLES.get(kind) ?? title(kind);

/** Who pays whom at a funding rate. */
export function payer(rate: number): string {
  if (rate === 0) return "Nobody pays.";
  return rate > 0 ? "Longs pay shorts." : "Shorts pay longs.";
}

/** On which side of the index the mark stands. */
export function premiumNote(premium: number): string {
  if (premium === 0) return "mark at index";
  return premium > 0 ? "mark above index" : "mark below index";
}
