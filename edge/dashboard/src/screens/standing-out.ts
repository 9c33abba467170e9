// Which scores stand out: pure.

import type { Opportunity } from "../../generated/contract.ts";

/** Those that take a side, by how far they are from neutral and how far the price went their way. */
export function standingOut(all: readonly Opportunity[]): Opportunity[] {
  const byName = (a: Opportunity, b: Opportunity): number => (a.symbol < b.symbol ? -1 : 1);
  return all
    .filter(({ stance }) => stance === "long" || stance === "short")
    .sort((a, b) => (a.aligned_score === b.aligned_score ? byName(a, b) : b.aligned_score - a.aligned_score));
}
