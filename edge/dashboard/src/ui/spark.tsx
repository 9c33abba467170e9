// The history of a score: one bar for each score that was computed, up or down from neutral. Nothing is drawn between them.

import type { JSX } from "preact";
import { STANCE } from "../../generated/contract.ts";

const SLOTS = 24;
const STEP = 3;
const HEIGHT = 28;
const NEUTRAL = 50;
/** Scores as far from neutral as one that takes a side fill the height. */
const REACH = STANCE.long_from - NEUTRAL;

/** The last scores, oldest first, the newest at the right edge. */
export function Spark({ scores, label }: { scores: readonly number[]; label: string }): JSX.Element {
  const shown = scores.slice(-SLOTS);
  const middle = HEIGHT / 2;
  return (
    <svg
      class="spark"
      viewBox={`0 0 ${SLOTS * STEP} ${HEIGHT}`}
      preserveAspectRatio="none"
      role="img"
      aria-label={label}
      data-scores={shown.join(" ")}
    >
      <line class="neutral" x1="0" x2={SLOTS * STEP} y1={middle} y2={middle} />
      {shown.map((score, index) => {
        const x = (SLOTS - shown.length + index) * STEP;
        const height = Math.max(1, (Math.min(Math.abs(score - NEUTRAL), REACH) / REACH) * middle);
        return (
          <rect
            key={index}
            class={score >= NEUTRAL ? "above" : "below"}
            x={x}
            y={score >= NEUTRAL ? middle - height : middle}
            width={STEP - 1}
            height={height}
          />
        );
      })}
    </svg>
  );
}
