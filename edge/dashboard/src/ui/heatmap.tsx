// The heat map: a tile for each contract, as large as its turnover, coloured by its change.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ScoredSymbol } from "../../generated/contract.ts";
import * as format from "../format.ts";
import { href } from "../route.ts";
import { textScale } from "./text-scale.ts";
import { type Label, label, layout, shade, type Whole, whole } from "./tiles.ts";

/** The least side of a tile that is a link, pixels (WCAG 2.5.8); the list of scores leads to every contract. */
const MIN_TARGET = 24;

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
  const scale = textScale();
  const tiles = size === null ? [] : layout(whole(rows), size.width, size.height);
  return (
    <ul class="heatmap" ref={frame} aria-label="Contracts by turnover and change">
      {tiles.map(({ row, left, top, width, height }) => (
        <li key={row.symbol} style={{ left: `${left}px`, top: `${top}px`, width: `${width}px`, height: `${height}px` }}>
          <TileFace row={row} isLink={Math.min(width, height) >= MIN_TARGET}>
            <TileLabel row={row} written={label(row.display_symbol.length, width, height, scale)} />
          </TileFace>
        </li>
      ))}
    </ul>
  );
}

/** What is seen of a tile's text; all of it is read out. Small tiles carry none. */
function TileLabel({ row, written }: { row: Whole; written: Label | null }): JSX.Element | null {
  if (written === null) return null;
  const style = { fontSize: `${written.fontPx}px` };
  return (
    <>
      <span class="name" aria-hidden="true" style={style}>
        {row.display_symbol}
      </span>
      {written.hasChange && (
        <data
          class="num"
          aria-hidden="true"
          style={style}
          value={String(row.change_24h)}
          data-field="heatmap_change_24h"
        >
          {format.change(row.change_24h)}
        </data>
      )}
    </>
  );
}

interface FaceProps {
  readonly row: Whole;
  readonly isLink: boolean;
  readonly children: ComponentChildren;
}

/** A tile leads to its contract where a finger can hit it. */
function TileFace({ row, isLink, children }: FaceProps): JSX.Element {
  const className = `tile ${shade(row.change_24h)}`;
  const said = `${row.display_symbol}, ${format.change(row.change_24h)}, turnover ${format.usd(row.turnover_24h)}`;
  const face = (
    <>
      <span class="hidden">{said}</span>
      {children}
    </>
  );
  return isLink ? (
    <a class={className} href={href("scores", row.symbol)}>
      {face}
    </a>
  ) : (
    <span class={className}>{face}</span>
  );
}
