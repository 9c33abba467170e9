// A score in six dimensions as a ring: how full says how much, the colour what it means.

import type { JSX } from "preact";
import type { Sentiment } from "../../generated/contract.ts";
import * as format from "../format.ts";

const RADIUS = 20;
const LENGTH = 2 * Math.PI * RADIUS;

interface RingProps {
  readonly score: number;
  readonly sentiment: Sentiment;
  readonly size?: "small" | "large";
}

/** The ring with its number. */
export function Ring({ score, sentiment, size = "small" }: RingProps): JSX.Element {
  const filled = (score / 100) * LENGTH;
  return (
    <span class={`ring ${size} ${sentiment.toLowerCase()}`}>
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
        {size === "large" ? format.exactScore(score) : format.score(score)}
      </data>
    </span>
  );
}
