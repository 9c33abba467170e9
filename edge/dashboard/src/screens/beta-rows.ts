// What the beta screen shows of a body: pure.

import type { BetaChart, BetaSymbol } from "../../generated/contract.ts";
import type { Lines } from "../ui/draw.ts";

/** The windows over which a beta is computed. */
export const SPANS = ["7d", "30d", "90d"] as const;

/** One of them. */
export type Span = (typeof SPANS)[number];

/** The contract that all others are compared with. */
export const BENCHMARK = "BTCUSDT";

/** So many of the best and of the worst are drawn unasked. */
const EACH_SIDE = 3;

/** One window of a contract. */
export interface Figures {
  readonly beta: number;
  readonly correlation: number;
  readonly rSquared: number;
  /** Between these the true β lies, in 95 of 100 samples; unknown with a β of before they were published. */
  readonly low: number | null;
  readonly high: number | null;
}

/** The figures of one window; nothing when it is unknown. */
export function figuresOf(row: BetaSymbol, span: Span): Figures | null {
  const beta = row[`beta_${span}`];
  const correlation = row[`correlation_${span}`];
  const rSquared = row[`r_squared_${span}`];
  if (beta === null || correlation === null || rSquared === null) return null;
  const window = row.windows?.find(({ days }) => `${days}d` === span);
  return { beta, correlation, rSquared, low: window?.beta_low ?? null, high: window?.beta_high ?? null };
}

/** The rows of one window, the highest β first; those without one at the end, by name. */
export function byBeta(rows: readonly BetaSymbol[], span: Span): BetaSymbol[] {
  const betaOf = (row: BetaSymbol): number => figuresOf(row, span)?.beta ?? -Infinity;
  const byName = (a: BetaSymbol, b: BetaSymbol): number => (a.symbol < b.symbol ? -1 : 1);
  return [...rows].sort((a, b) => {
    const [first, second] = [betaOf(a), betaOf(b)];
    return first === second ? byName(a, b) : second - first;
  });
}

/** With a smaller share than this of its movement explained, what a β says is said with a caution. */
const LOOSE_R_SQUARED = 0.25;

/** What a β says of a contract's moves with Bitcoin, on average: of its moves without Bitcoin it says nothing. */
export function betaWords({ beta, rSquared }: Pick<Figures, "beta" | "rSquared">): string {
  const said = moves(beta);
  return rSquared < LOOSE_R_SQUARED ? `${said}, loosely` : said;
}

function moves(beta: number): string {
  if (beta < 0) return "against Bitcoin";
  if (beta < 0.5) return "under half of Bitcoin";
  if (beta < 0.9) return "less than Bitcoin";
  if (beta < 1.1) return "like Bitcoin";
  return beta < 1.5 ? "more than Bitcoin" : "1.5 × Bitcoin or more";
}

/** The lines to draw: Bitcoin, the best, the worst, and what the reader chose. */
export function lineNames(body: BetaChart, chosen: ReadonlyMap<string, boolean>): string[] {
  const others = body.performance_order.filter((symbol) => symbol !== BENCHMARK);
  const unasked = new Set([...others.slice(0, EACH_SIDE), ...others.slice(-EACH_SIDE), BENCHMARK]);
  const wanted = body.performance_order.filter((symbol) => chosen.get(symbol) ?? unasked.has(symbol));
  return [...wanted.filter((symbol) => symbol === BENCHMARK), ...wanted.filter((symbol) => symbol !== BENCHMARK)];
}

/** The named lines over all their moments. Holes are never bridged. */
export function columns(body: BetaChart, names: readonly string[]): Lines {
  const lines = names.map((name) => new Map(body.chart_data[name]?.map(({ timestamp, value }) => [timestamp, value])));
  const moments = [...new Set(lines.flatMap((line) => [...line.keys()]))].sort((a, b) => a - b);
  return [
    moments.map((moment) => moment / 1_000),
    ...lines.map((line) => moments.map((moment) => line.get(moment) ?? null)),
  ];
}
