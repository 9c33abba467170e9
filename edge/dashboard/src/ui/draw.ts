// The one file that knows the chart library.

import uPlot from "uplot";
import * as format from "../format.ts";
import { lineColour } from "./line-colour.ts";
import { textScale } from "./text-scale.ts";

/** Moments in seconds, then for each line a value or a hole per moment. */
export type Lines = [number[], ...(number | null)[][]];

/** A chart on the page. */
export interface Drawn {
  update(data: Lines): void;
  remove(): void;
}

/** Draws into `frame` and follows its size and the page's colours. */
export function draw(frame: HTMLElement, names: readonly string[], data: Lines): Drawn {
  let current = data;
  let plot = make(frame, names, current);
  const observer = new ResizeObserver(() => plot.setSize({ width: frame.clientWidth, height: frame.clientHeight }));
  observer.observe(frame);
  const scheme = matchMedia("(prefers-color-scheme: dark)");
  const repaint = (): void => {
    plot.destroy();
    plot = make(frame, names, current);
  };
  scheme.addEventListener("change", repaint);
  return {
    update: (newer) => {
      current = newer;
      plot.setData(newer);
    },
    remove: () => {
      observer.disconnect();
      scheme.removeEventListener("change", repaint);
      plot.destroy();
    },
  };
}

function make(frame: HTMLElement, names: readonly string[], data: Lines): uPlot {
  const style = getComputedStyle(frame);
  const colour = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  const scale = textScale();
  const axis = { stroke: colour("quiet"), font: `${11 * scale}px ${style.fontFamily}`, ticks: { show: false } };
  return new uPlot(
    {
      width: frame.clientWidth,
      height: frame.clientHeight,
      legend: { show: false },
      cursor: { points: { show: false }, drag: { x: false, y: false } },
      padding: [8, 8, 0, 0],
      scales: { x: { time: true } },
      axes: [
        {
          ...axis,
          grid: { show: false },
          size: 24 * scale,
          space: 64 * scale,
          values: (_, moments) => moments.map((moment) => format.clock(moment * 1_000)),
        },
        {
          ...axis,
          grid: { stroke: colour("line"), width: 1 },
          size: 52 * scale,
          values: (_, values) => values.map((value) => format.change(value)),
        },
      ],
      series: [
        {},
        ...names.map((name, index) => ({
          label: name,
          stroke: colour(lineColour(index)),
          width: index === 0 ? 2.5 : 1.5,
          points: { show: false },
          spanGaps: false,
        })),
      ],
    },
    data,
    frame,
  );
}
