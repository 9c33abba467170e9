// Which side a score takes: the same thresholds on either side, those of the server.

import { STANCE, type Stance } from "../generated/contract.ts";

/** Long from 70 on, short to 30, else neutral. */
export const stanceOf = (score: number): Stance =>
  score >= STANCE.long_from ? "long" : score <= STANCE.short_to ? "short" : "neutral";
