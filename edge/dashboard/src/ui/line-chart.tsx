// Lines against time. The chart library is loaded when the first chart is looked at.

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { BetaChart } from "../../generated/contract.ts";
import * as format from "../format.ts";
import { columns } from "../screens/beta-rows.ts";
import type { Drawn } from "./draw.ts";
import { Absent } from "./parts.tsx";

/** The chart of the lines named in `shown`. */
export function LineChart({ body, shown }: { body: BetaChart; shown: readonly string[] }): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const drawn = useRef<Drawn | null>(null);
  const [isBroken, setBroken] = useState(false);
  const names = shown.join(" ");
  useEffect(() => {
    let isGone = false;
    void import("./draw.ts").then(
      ({ draw }) => {
        if (!isGone && frame.current !== null) drawn.current = draw(frame.current, shown, columns(body, shown));
      },
      () => setBroken(true),
    );
    return () => {
      isGone = true;
      drawn.current?.remove();
      drawn.current = null;
    };
  }, [names]);
  useEffect(() => drawn.current?.update(columns(body, shown)), [body]);
  if (isBroken) return <Absent>The chart could not be loaded; the figures below are complete.</Absent>;
  const ends = body.performance_summary.filter(({ symbol }) => shown.includes(symbol));
  const said = ends.map(({ symbol, change }) => `${symbol} ${format.change(change)}`).join(", ");
  return (
    <div class="line-chart" ref={frame} role="img" aria-label={`Performance in percent: ${said}`} data-lines={names} />
  );
}
