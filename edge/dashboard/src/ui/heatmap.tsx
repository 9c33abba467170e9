// The heat map: a tile for each contract, as large as its turnover, coloured by its change.

import type { ComponentChildren, JSX } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import type { ScoredSymbol } from "../../generated/contract.ts";
import * as format from "../format.ts";
import { href } from "../route.ts";
import { layout, shade } from "./tiles.ts";

/** The width of a letter and the height of a line, pixels. Tiles that are too small carry no text; their names are read out. */
const LETTER = 7.2;
const LINE = 16;
const CHANGE_LETTERS = 7;

/** The least side of what a finger can hit, pixels (WCAG 2.5.8). */
const MIN_TARGET = 24;

function hasRoom(letters: number, lines: number, width: number, height: number): boolean {
  return letters * LETTER <= width && lines * LINE <= height;
}

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
          <TileFace row={row} isLink={Math.min(width, height) >= MIN_TARGET}>
            {hasRoom(row.display_symbol.length, 1, width, height) && (
              <span class="name" aria-hidden="true">
                {row.display_symbol}
              </span>
            )}
            {hasRoom(Math.max(row.display_symbol.length, CHANGE_LETTERS), 2, width, height) && (
              <data class="num" aria-hidden="true" value={String(row.change_24h)} data-field="heatmap_change_24h">
                {format.change(row.change_24h)}
              </data>
            )}
          </TileFace>
        </li>
      ))}
    </ul>
  );
}

interface FaceProps {
  readonly row: ScoredSymbol;
  readonly isLink: boolean;
  readonly children: ComponentChildren;
}

/** A tile leads to its contract where a finger can hit it; the list of scores leads to every one. */
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
