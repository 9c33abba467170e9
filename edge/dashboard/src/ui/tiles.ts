// Where the tiles of the heat map lie, and how each is coloured: pure.

import { hierarchy, treemap, treemapSquarify } from "d3-hierarchy";
import type { ScoredSymbol } from "../../generated/contract.ts";

/** From this change on, percent, the colour is as strong as it gets. */
const FULL_COLOUR_PCT = 6;
const SHADES = 4;

/** A contract whose size and colour on the map are known. */
export type Whole = ScoredSymbol & { readonly change_24h: number; readonly turnover_24h: number };

/** Those that have a place on the map. */
export function whole(rows: readonly ScoredSymbol[]): Whole[] {
  return rows.filter((row): row is Whole => row.change_24h !== null && row.turnover_24h !== null);
}

/** One contract and its place. */
export interface Tile {
  readonly row: Whole;
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

interface Node {
  readonly row?: Whole;
  readonly children?: readonly Node[];
}

/** Where each tile lies in a rectangle of this size, the largest first. */
export function layout(rows: readonly Whole[], width: number, height: number): Tile[] {
  const root = hierarchy<Node>({ children: rows.map((row) => ({ row })) }, (node) => node.children)
    .sum((node) => node.row?.turnover_24h ?? 0)
    .sort((a, b) => (b.value ?? 0) - (a.value ?? 0));
  const laid = treemap<Node>().tile(treemapSquarify.ratio(1.3)).size([width, height]).paddingInner(2).round(true)(root);
  return laid
    .leaves()
    .flatMap(({ data, x0, x1, y0, y1 }) =>
      data.row ? [{ row: data.row, left: x0, top: y0, width: x1 - x0, height: y1 - y0 }] : [],
    );
}

/** What is written on a tile, and how large. */
export interface Label {
  readonly fontPx: number;
  readonly hasChange: boolean;
}

/** The sizes that are tried, the largest first: a name alone is never larger than one with its change beside it. */
const FONTS_PX = { withChange: [18, 15, 13, 11, 10], alone: [11, 10] };
/** A bold letter's width and a line's height in parts of the font's size. */
const LETTER = 0.66;
const LINE = 1.3;
/** Letters of a change such as +12.34%. */
const CHANGE_LETTERS = 7;

/**
 * The largest label that a tile has room for: name and change before the name alone. None for one that is too small. `scale`
 * is how much larger than usual the reader wants text.
 */
export function label(letters: number, width: number, height: number, scale = 1): Label | null {
  const fits = (fontPx: number, wide: number, lines: number): boolean =>
    wide * LETTER * fontPx <= width && lines * LINE * fontPx <= height;
  for (const hasChange of [true, false]) {
    const wide = hasChange ? Math.max(letters, CHANGE_LETTERS) : letters;
    const fonts = hasChange ? FONTS_PX.withChange : FONTS_PX.alone;
    const fontPx = fonts.map((size) => size * scale).find((size) => fits(size, wide, hasChange ? 2 : 1));
    if (fontPx !== undefined) return { fontPx, hasChange };
  }
  return null;
}

/** `up-1` … `up-4`, `down-1` … `down-4`, or `flat`. */
export function shade(changePct: number): string {
  if (changePct === 0) return "flat";
  const step = Math.min(SHADES, Math.ceil((Math.abs(changePct) / FULL_COLOUR_PCT) * SHADES));
  return `${changePct > 0 ? "up" : "down"}-${step}`;
}
