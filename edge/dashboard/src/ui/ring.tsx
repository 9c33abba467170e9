// A score in six dimensions as a ring: how full says how much, the colour which side it takes.

import type { JSX } from "preact";
import * as format from "../format.ts";
import { stanceOf } from "../stance.ts";

const RADIUS = 20;
const LENGTH = 2 * Math.PI * RADIUS;

interface RingProps {
  readonly score: number;
  readonly size?: "small" | "large";
}

/** The ring with its number. */
export function Ring({ score, size = "small" }: RingProps): JSX.Element {
  const filled = (score / 100) * LENGTH;
  return (
    <span class={`ring ${size} ${stanceOf(score)}`}>
      <svg viewBox="0 0 48 48" aria-hidden="true">
        <circle class="track" cx="24" cy="24" r={RADIUS} />
        <circle
          class="arc"
          cx="24"
          cy="24"
          r={RADIUS}
          stroke-dasharray={`${filled} ${LENGTH}`}
          transform="rotate(-90 24 24)"
        />
      </svg>
      <data class="num" value={String(score)} data-field="score">
        {format.score(score)}
      </data>
    </span>
  );
}
