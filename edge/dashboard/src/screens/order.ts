// Sorting and picking pairs: pure, and the same order for the same rows.

import type { ScoredSymbol, Stance } from "../../generated/contract.ts";
import { stanceOf } from "../stance.ts";

/** What a list can be sorted by. */
export type Order = "score" | "bearish" | "change" | "loss" | "turnover" | "range" | "symbol";

/** Which rows are wanted. */
export type Side = "all" | Stance;

type Compare = (a: ScoredSymbol, b: ScoredSymbol) => number;

/** Every order with its name. */
export const ORDERS: Record<Order, { readonly title: string; readonly compare: Compare }> = {
  score: { title: "Highest score", compare: (a, b) => byKind(a, b) || b.score - a.score },
  bearish: { title: "Lowest score", compare: (a, b) => byKind(a, b) || a.score - b.score },
  change: { title: "Biggest gain", compare: (a, b) => down(a.change_24h, b.change_24h) },
  loss: { title: "Biggest loss", compare: (a, b) => up(a.change_24h, b.change_24h) },
  turnover: { title: "Most turnover", compare: (a, b) => down(a.turnover_24h, b.turnover_24h) },
  range: { title: "Widest range", compare: (a, b) => down(a.range_24h, b.range_24h) },
  symbol: { title: "Name", compare: (a, b) => compareText(a.symbol, b.symbol) },
};

/** Whether a row has a score in six dimensions; momentum is another measure and no worse kind of score. */
export const isScored = (row: Pick<ScoredSymbol, "score_basis">): boolean => row.score_basis === "six_dimension";

/** Two measures are not compared: what has a score stands before what has momentum alone. */
const byKind = (a: ScoredSymbol, b: ScoredSymbol): number => Number(isScored(b)) - Number(isScored(a));

/** The largest first; what is unknown stands at the end. */
const down = (a: number | null, b: number | null): number =>
  a === null || b === null ? Number(a === null) - Number(b === null) : b - a;

/** The smallest first; what is unknown stands at the end. */
const up = (a: number | null, b: number | null): number =>
  a === null || b === null ? Number(a === null) - Number(b === null) : a - b;

const compareText = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);

/** The rows as they were placed; new ones follow in the given order. */
export function ordered(rows: readonly ScoredSymbol[], placed: readonly string[], by: Order): ScoredSymbol[] {
  const places = new Map(placed.map((symbol, place) => [symbol, place]));
  const placeOf = ({ symbol }: ScoredSymbol): number => places.get(symbol) ?? placed.length;
  return [...rows].sort(
    (a, b) => placeOf(a) - placeOf(b) || ORDERS[by].compare(a, b) || compareText(a.symbol, b.symbol),
  );
}

/** Whether the places still are those of the given order. */
export function isInOrder(rows: readonly ScoredSymbol[], placed: readonly string[], by: Order): boolean {
  const shown = ordered(rows, placed, by);
  return ordered(rows, [], by).every(({ symbol }, place) => shown[place]?.symbol === symbol);
}

/** What the list says of its order: what it is by, or since when it is kept although the values have changed. */
export function orderSentence(by: Order, isCurrent: boolean, at: string): string {
  const title = ORDERS[by].title.toLowerCase();
  return isCurrent ? `Sorted by ${title}.` : `Sorted by ${title} at ${at}, held still.`;
}

/** The rows of one side whose symbol holds `text`. */
export function picked(rows: readonly ScoredSymbol[], side: Side, text: string): ScoredSymbol[] {
  const wanted = text.trim().toUpperCase();
  return rows.filter(
    (row) =>
      (side === "all" || (isScored(row) && stanceOf(row.score) === side)) && row.symbol.toUpperCase().includes(wanted),
  );
}
