// What must be known before it can be said that nothing about the perpetuals is unusual: pure.

import type { PerpetualsPulse } from "../../generated/contract.ts";

type Measured = Pick<PerpetualsPulse, "funding_rate" | "funding_zscore" | "long_pct" | "basis_pct">;

/** Every measure that a signal can come of, with its name. */
export const MEASURES: readonly (readonly [keyof Measured, string])[] = [
  ["funding_rate", "the funding rate"],
  ["funding_zscore", "funding against its history"],
  ["long_pct", "long and short accounts"],
  ["basis_pct", "the basis"],
];

/** The names of those that are unknown. */
export const notLookedAt = (body: Measured): string[] =>
  MEASURES.filter(([field]) => body[field] === null).map(([, name]) => name);
