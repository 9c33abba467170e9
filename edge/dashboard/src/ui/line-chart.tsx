// Lines against time. The chart library is loaded when the first chart is looked at.

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { Drawn, Lines } from "./draw.ts";
import { Absent } from "./parts.tsx";

interface LineChartProps {
  /** One name for each line of `data`. */
  readonly names: readonly string[];
  readonly data: Lines;
  readonly label: string;
}

/** The chart of some lines; it is drawn anew when their names change. */
export function LineChart({ names, data, label }: LineChartProps): JSX.Element {
  const frame = useRef<HTMLDivElement>(null);
  const drawn = useRef<Drawn | null>(null);
  const newest = useRef(data);
  const [isBroken, setBroken] = useState(false);
  const joined = names.join(" ");
  useEffect(() => {
    let isGone = false;
    void import("./draw.ts").then(
      ({ draw }) => {
        // The library may arrive after newer data.
        if (!isGone && frame.current !== null) drawn.current = draw(frame.current, names, newest.current);
      },
      () => setBroken(true),
    );
    return () => {
      isGone = true;
      drawn.current?.remove();
      drawn.current = null;
    };
  }, [joined]);
  useEffect(() => {
    newest.current = data;
    drawn.current?.update(data);
  }, [data]);
  if (isBroken) return <Absent>The chart could not be loaded; the figures below are complete.</Absent>;
  return <div class="line-chart" ref={frame} role="img" aria-label={label} data-lines={joined} />;
}
