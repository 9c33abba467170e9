// Momentum: a measure of its own, from the ticker alone. It has no ring and no band, so that nobody takes it for a score.

import type { JSX } from "preact";
import * as format from "../format.ts";
import { Num } from "./value.tsx";

/** The figure with its name. */
export function Momentum({ of }: { of: number }): JSX.Element {
  return (
    <span class="momentum">
      <small>momentum</small> <Num of={of} as={format.score} name="momentum" />
    </span>
  );
}
