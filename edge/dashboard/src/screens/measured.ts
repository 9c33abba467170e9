// What the market screen may say of what was measured: pure.

import type { MobileData, RegimeDetails } from "../../generated/contract.ts";
import * as format from "../format.ts";
import { isScored } from "./order.ts";

type Rows = MobileData["confluence_scores"];
type Basis = Pick<RegimeDetails, "score_basis">;

/** What the mean of the market is a mean of. Scores and momentum are two measures, so it is of one of them alone. */
export const meanTitle = ({ score_basis: of }: Basis): string =>
  of === "six_dimension" ? "Average score" : "Average momentum";

/** How many of how many are in it. */
export function meanNote({ score_basis: of }: Basis, rows: Rows): string {
  const scored = rows.filter(isScored).length;
  if (of !== "six_dimension") return `of ${format.count(rows.length)} pairs`;
  if (scored === rows.length) return `of ${format.count(scored)} scored pairs`;
  return `of ${format.count(scored)} scored of ${format.count(rows.length)} pairs`;
}

/** What the direction of the market rests on. */
export function basis({ score_basis: of }: Basis, rows: Rows): string {
  const scored = rows.filter(isScored).length;
  if (of !== "six_dimension") return "from the momentum of tickers alone";
  if (scored === rows.length) return `from the scores of ${format.count(scored)} pairs`;
  return `from ${format.count(scored)} scores of ${format.count(rows.length)} pairs`;
}
