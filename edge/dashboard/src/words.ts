// Machine-readable words → what people read. An unknown word is shown as it is: never swallowed, never taken for another.

import { isOfOtherRelease } from "./data/ask.ts";
import type { Body, Level, Mark, Status, Trouble } from "./data/freshness.ts";
import type { MobileData, Sections } from "../generated/contract.ts";

/** What a source did, as the rest of a sentence that begins with its name. */
const DEEDS = new Map(
  Object.entries({
    timeout: "did not answer in time",
    unreachable: "cannot be reached",
    failed_validation: "sent what is not plausible",
    from_the_future: "has a wrong clock",
    figures_contradict: "sent figures that contradict one another",
    figure_leapt: "sent figures far from those before",
    label_contradicted: "sent a word that does not fit its value",
    unknown: "does not say why",
    origin_unavailable: "does not answer",
  }),
);

/** Why a contract's figure is unknown while its price is known. */
export const ODD_FIGURE = "not told, or contradicted by its row";

/** Why a sum or mean of the whole market is unknown. */
export const TOO_FEW_TELL = "too few contracts tell it, or not the largest";

const REASONS = new Map(
  Object.entries({
    too_old: "the last value is too old to be shown",
    not_fetched_yet: "it was not fetched yet",
    not_collected_at_edge: "only the origin knows it, and it does not answer",
    not_analysed: "the analysis is not ready",
    candles_not_loaded_yet: "the candles are still being loaded",
    deadline_passed: "no source answered in time",
    empty: "nothing is held",
  }),
);

/** What one source said, beside its name. */
export function outcome(word: string): string {
  const status = /^http_(\d{3})$/.exec(word);
  if (status) return `answered with status ${status[1]}`;
  return DEEDS.get(word) ?? REASONS.get(word) ?? word.replaceAll("_", " ");
}

/** A reason in words. */
export function reason(word: string): string {
  const isDeed = DEEDS.has(word) || /^http_\d{3}$/.test(word);
  return isDeed ? `the source ${outcome(word)}` : outcome(word);
}

const VENUES = new Map(
  Object.entries({
    bybit: "Bybit",
    coingecko: "CoinGecko",
    alternative_me: "alternative.me",
    okx: "OKX",
    binance: "Binance",
  }),
);

const SOURCE_NAMES = new Map(
  Object.entries({
    origin: "Origin",
    "bybit-direct": "Bybit, asked directly",
    okx: "OKX",
    binance: "Binance",
    "edge-last-good": "Last known good",
    analysis: "Analysis",
  }),
);

/** Who was asked, where a problem names them. */
export const sourceName = (wire: string): string => SOURCE_NAMES.get(wire) ?? wire;

/** A source such as `simulated:bybit`. */
export function source(wire: string): string {
  const [feed, venue] = wire.includes(":") ? wire.split(":", 2) : ["", wire];
  const name = VENUES.get(venue ?? "") ?? venue ?? "";
  return feed ? `${name} (${feed})` : name;
}

/** The name of each part of the data. */
export const SECTION_NAMES: Record<keyof Sections, string> = {
  tickers: "Prices and turnover",
  instruments: "List of contracts",
  global_market: "Whole market",
  defi_market: "Decentralised finance",
  fear_greed: "Fear & greed",
  beta: "Bitcoin beta",
  performance: "Performance",
  alerts: "Alerts",
};

/** Why a figure that rests on a section is not there. */
export function whySection(body: MobileData, section: keyof Sections): string {
  const state = body.sections[section];
  if (state === undefined) return "this server does not have it";
  return state.reason === undefined ? "the source does not give it" : reason(state.reason);
}

const LEVELS: Record<Level, string> = {
  fresh: "Live",
  aging: "Aging",
  stale: "Stale",
  expired: "Old",
  none: "No data",
};

/** What the pill on top says. */
export function headline({ level, link }: Status): string {
  switch (link) {
    case "ok":
      return LEVELS[level];
    case "offline":
      return "Offline";
    case "unreachable":
      return "No connection";
    case "refused":
      return "No valid data";
    case "faulty":
      return "Server error";
    case "defect":
      return "Page error";
  }
}

/** Where data came from. */
export function dataSource(body: Body): string {
  switch (body.data_source) {
    case "origin":
      return "Bybit via origin";
    case "bybit_direct":
      return "Bybit, direct";
    case "secondary_exchange":
      return "another exchange";
    case "last_known_good":
      return "last known good";
    default:
      return body.data_source;
  }
}

/** A sentence about each mark; none for what the level says already. */
export function markSentence(mark: Mark): string {
  switch (mark) {
    case "simulated":
      return "Simulated market: these prices are invented.";
    case "replayed":
      return "Replayed recording: these are not the prices of today.";
    case "direct":
      return "Taken from the exchange directly: scores are momentum only, and parts are missing.";
    case "secondary":
      return "Taken from another exchange than usual: totals are not comparable.";
    case "last_known_good":
      return "This is the last known good.";
    case "device":
      return "Kept on this device since the last visit.";
  }
}

/** A sentence about the age of what is shown; nothing when it is young. */
export function levelSentence(level: Level): string | null {
  switch (level) {
    case "aging":
      return "Newer data is on its way.";
    case "stale":
      return "Every source failed to give newer data.";
    case "expired":
      return "No newer data has come for more than five minutes.";
    case "fresh":
    case "none":
      return null;
  }
}

/** A sentence about trouble on the way to the data; nothing when all is well. */
export function linkSentence(link: Status["link"], trouble: Trouble | null): string | null {
  switch (link) {
    case "ok":
      return null;
    case "offline":
      return "This device is offline.";
    case "unreachable":
      return "The server cannot be reached; it is asked again by itself.";
    case "refused":
      return "The server has no valid data at the moment; it is asked again by itself.";
    case "faulty":
      if (isOfOtherRelease(trouble))
        return "The server is of another version than this page: load the page again.";
      return `The server answered with something that is not data (${troubleWord(trouble)}).`;
    case "defect":
      return defectSentence(trouble);
  }
}

/** Trouble in a few words. */
export function troubleWord(trouble: Trouble | null): string {
  switch (trouble?.kind) {
    case undefined:
      return "unknown";
    case "unreachable":
      return "no connection";
    case "problem":
      return trouble.problem?.title ?? `status ${trouble.status}`;
    case "unreadable":
      return trouble.what.replaceAll("_", " ");
    case "defect":
      return trouble.what;
  }
}

/** What is wrong with the page itself, or with the browser that it runs in. */
const defectSentence = (trouble: Trouble | null): string =>
  `This page does not work in this browser (${troubleWord(trouble)}).`;

/** Why a screen's own data is not there. */
export function absence(trouble: Trouble): string {
  if (trouble.kind === "problem") {
    const said = trouble.problem?.sources?.find(({ name }) => name === "analysis");
    if (said !== undefined) return `Unavailable: ${reason(said.outcome)}.`;
    if (trouble.status === 404) return "This server does not have it.";
    return `${trouble.problem?.detail ?? `The server answered with status ${trouble.status}.`}`;
  }
  if (trouble.kind === "defect") return defectSentence(trouble);
  return trouble.kind === "unreachable"
    ? "The server cannot be reached."
    : `The answer is not data (${troubleWord(trouble)}).`;
}

const ACRONYMS = new Set(["rsi", "ao", "adx", "atr", "cci", "adl", "cmf", "obv", "vwap", "cvd", "oir", "mpi", "di"]);

/** The name of a part of a score, such as `technical.williams_r`. */
export function partName(wire: string): string {
  const short = wire.slice(wire.indexOf(".") + 1);
  if (ACRONYMS.has(short)) return short.toUpperCase();
  if (short === "williams_r") return "Williams %R";
  const words = short.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** A contract's name without the currency that every one here is quoted in. */
export const baseOf = (symbol: string): string => symbol.replace(/USDT$/, "");

/** A word on the wire with a capital first letter. */
export function title(word: string): string {
  const lower = word.replaceAll("_", " ").toLowerCase();
  return lower.charAt(0).toUpperCase() + lower.slice(1);
}
