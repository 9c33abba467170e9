// Whose figures these are, in words. The exchange has a name on every screen, also when its data is the last known good.

import type { MobileData } from "../generated/contract.ts";
import type { Body } from "./data/freshness.ts";

const VENUES = new Map(
  Object.entries({
    bybit: "Bybit",
    coingecko: "CoinGecko",
    alternative_me: "alternative.me",
    okx: "OKX",
    binance: "Binance",
  }),
);

/** A source such as `simulated:bybit`. */
export function source(wire: string): string {
  const [feed, venue] = wire.includes(":") ? wire.split(":", 2) : ["", wire];
  const name = VENUES.get(venue ?? "") ?? venue ?? "";
  return feed ? `${name} (${feed})` : name;
}

type Sections = Partial<Pick<MobileData, "sections">>;

/** Whether the figures are those of a spot market, which has neither contracts nor funding. */
export const isSpot = (body: Body): boolean => body.degraded.includes("spot_market");

/** Whether turnovers are worked out of volumes that the exchange tells in coins. */
export const isTurnoverEstimated = (body: Body): boolean => body.degraded.includes("turnover_estimated");

/** The exchange whose prices these are; a spot market is said to be one. */
export function exchange(body: Body & Sections): string {
  const name = VENUES.get(venueOf(body) ?? "") ?? venueOf(body) ?? "another exchange";
  return isSpot(body) ? `${name} spot` : name;
}

function venueOf(body: Body & Sections): string | null {
  if (body.venue !== undefined) return body.venue;
  // A body that this device kept from before the field.
  const told = body.sections?.tickers.source?.split(":").at(-1);
  if (told !== undefined) return told;
  return body.data_source === "origin" || body.data_source === "bybit_direct" ? "bybit" : null;
}

/** Where data came from: which exchange, and which way. */
export function dataSource(body: Body & Sections): string {
  const name = exchange(body);
  switch (body.data_source) {
    case "origin":
      return `${name} via origin`;
    case "bybit_direct":
      return `${name}, direct`;
    case "secondary_exchange":
      return `${name}, while Bybit is down`;
    case "last_known_good":
      return `last known good, of ${name}`;
    default:
      return body.data_source;
  }
}

/** What one row is: a contract, or where the market is a spot market a pair. */
export const rowsOf = (body: Body): "contracts" | "pairs" => (isSpot(body) ? "pairs" : "contracts");

/** What a turnover is of. */
export const turnoverTitle = (body: Body): string => (isSpot(body) ? "Spot turnover" : "Perpetuals turnover");

/** The time of a turnover, and what is to be known of it. */
export function turnoverNote(body: Body): string {
  if (isSpot(body)) return "24 h, spot";
  return isTurnoverEstimated(body) ? "24 h, estimated" : "24 h";
}
