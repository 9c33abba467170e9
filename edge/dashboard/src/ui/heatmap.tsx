// The heat map: a tile for each contract, as large as its turnover, coloured by its change.

import type { JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ScoredSymbol } from "../../generated/contract.ts";
import * as format from "../format.ts";
import { href } from "../route.ts";
import { layout, shade } from "./tiles.ts";

/** Smaller tiles carry no text; their names are still read out. */
const MIN_NAME_WIDTH = 34;
const MIN_NAME_HEIGHT = 18;
const MIN_CHANGE_HEIGHT = 34;

/** The map; each tile leads to its contract. */
export function HeatMap({ rows }: { rows: readonly ScoredSymbol[] }): JSX.Element {
  const frame = useRef<HTMLUListElement>(null);
  const [size, setSize] = useState<{ width: number; height: number } | null>(null);
  useEffect(() => {
    const element = frame.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setSize({ width: element.clientWidth, height: element.clientHeight }));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  const tiles = size === null ? [] : layout(rows, size.width, size.height);
  return (
    <ul class="heatmap" ref={frame} aria-label="Contracts by turnover and change">
      {tiles.map(({ row, left, top, width, height }) => (
        <li key={row.symbol} style={{ left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` }}>
          <a
            class={`tile ${shade(row.change_24h)}`}
            href={href("scores", row.symbol)}
            aria-label={`${row.display_symbol}, ${format.change(row.change_24h)}, turnover ${format.usd(row.turnover_24h)}`}
          >
            {width >= MIN_NAME_WIDTH && height >= MIN_NAME_HEIGHT && (
              <span class="name" aria-hidden="true">
                {row.display_symbol}
              </span>
            )}
            {width >= MIN_NAME_WIDTH + 12 && height >= MIN_CHANGE_HEIGHT && (
              <data class="num" aria-hidden="true" value={String(row.change_24h)} data-field="heatmap_change_24h">
                {format.change(row.change_24h)}
              </data>
            )}
          </a>
        </li>
      ))}
    </ul>
  );
}
