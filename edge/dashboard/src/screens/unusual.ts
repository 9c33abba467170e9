// What is said of the perpetuals as a whole, and what must be known before it can be said that nothing is unusual: pure.

import type { PerpetualsPulse } from "../../generated/contract.ts";
import * as format from "../format.ts";

type Measured = Pick<PerpetualsPulse, "funding_paid" | "funding_unusual" | "premium_unusual" | "long_pct" | "short_pct">;

/** Every measure that is looked at, with its name. */
export const MEASURES: readonly (readonly [keyof Measured, string])[] = [
  ["funding_paid", "the funding rate"],
  ["funding_unusual", "funding against what was paid before"],
  ["premium_unusual", "the premium against its last day"],
  ["long_pct", "long and short accounts"],
];

/** The names of those that are unknown. */
export const notLookedAt = (body: Measured): string[] =>
  MEASURES.filter(([field]) => typeof body[field] !== "number").map(([, name]) => name);

/** From here on something stands out: percent per 8 hours, deviations, percent of the accounts. */
const HIGH_FUNDING = 0.05;
const FAR_FROM_BEFORE = 2;
const CROWDED = 60;

/** Something that stands out. */
export interface StandOut {
  readonly kind: string;
  readonly title: string;
  readonly sentence: string;
}

/** What stands out, by the figures that the screen shows. */
export function standOuts(body: Measured): StandOut[] {
  const { funding_paid: paid, funding_unusual: far, premium_unusual: premium, long_pct: long, short_pct: short } = body;
  const found: StandOut[] = [];
  if (typeof paid === "number" && Math.abs(paid) >= HIGH_FUNDING)
    found.push({
      kind: "funding_high",
      title: "Funding is high",
      sentence: `It is ${format.rate(paid)} per 8 hours. ${payer(paid)}`,
    });
  if (typeof far === "number" && Math.abs(far) >= FAR_FROM_BEFORE)
    found.push({
      kind: "funding_unusual",
      title: "Funding far from before",
      sentence: `It is ${format.signedRatio(far)} deviations from the middle of what was paid before.`,
    });
  if (typeof premium === "number" && Math.abs(premium) >= FAR_FROM_BEFORE)
    found.push({
      kind: "premium_unusual",
      title: "Premium far from before",
      sentence: `It is ${format.signedRatio(premium)} deviations from the middle of its last day.`,
    });
  for (const [kind, share] of [["long", long], ["short", short]] as const)
    if (share !== null && share >= CROWDED)
      found.push({
        kind: `crowded_${kind}`,
        title: `Most accounts are ${kind}`,
        sentence: `${format.percent(share)} of them, weighted by turnover.`,
      });
  return found;
}

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
