// Machine-readable words → what people read. An unknown word is shown as it is: never swallowed, never taken for another.

import { isOfOtherRelease } from "./data/ask.ts";
import type { Status, Trouble } from "./data/freshness.ts";
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
    not_collected_at_edge: "only the origin collects it",
    unknown_to_secondary_exchange: "the exchange in Bybit's place does not tell it",
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

const SOURCE_NAMES = new Map(
  Object.entries({
    origin: "Origin",
    "bybit-direct": "Bybit, asked directly",
    "bybit-alternative": "Bybit, at its other address",
    "direct-worker": "Our server near the exchanges",
    okx: "OKX",
    binance: "Binance",
    "edge-last-good": "Last known good",
    "last-good-store": "Last known good, kept for all",
    analysis: "Analysis",
  }),
);

/** Who was asked, where a problem names them. */
export const sourceName = (wire: string): string => SOURCE_NAMES.get(wire) ?? wire;

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
  statistics: "Trend and volatility",
};

/** Why a figure that rests on a section is not there. */
export function whySection(body: MobileData, section: keyof Sections): string {
  const state = body.sections[section];
  if (state === undefined) return "this server does not have it";
  return state.reason === undefined ? "the source does not give it" : reason(state.reason);
}

const LEVELS: Record<Exclude<Status["level"], "none">, string> = {
  fresh: "Live",
  aging: "Delayed",
  stale: "Stale",
  expired: "Old",
};

/** What the pill on top says; `isAsked` when nothing came of the first question yet. */
export function headline({ level, cause, link }: Status, isAsked: boolean): string {
  switch (link) {
    case "ok":
      if (level === "none") return isAsked ? "Loading" : "No data";
      if (cause === "unchecked" || cause === "ahead") return "Unchecked";
      return LEVELS[level];
    case "offline":
      return "Offline";
    case "unreachable":
      return "No connection";
    case "refused":
      // The word is of what is shown: old data is data.
      return level === "none" ? "No data" : "Not updating";
    case "faulty":
      return "Server error";
    case "defect":
      return "Page error";
  }
}

const REMARKS = new Map(
  Object.entries({
    coverage_thin: "Some contracts are missing from the table of prices.",
    instruments_incomplete: "Some contracts that trade are missing from the list.",
    turnover_incomplete: "The turnover of some contracts is unknown and in no sum.",
    analysis_incomplete: "Some pairs have no score right now.",
    analysis_carried_over: "Some scores are up to a minute older than the prices.",
  }),
);

/** What a body says of its own gaps, where no figure says it by itself. */
export const remarks = (degraded: readonly string[]): string[] =>
  degraded.flatMap((word) => REMARKS.get(word) ?? []);

/** Stands wherever a list or a verdict could be taken for advice. */
export const NOT_ADVICE =
  "Not investment advice. Scores are statistics; no record of how they did is published yet.";

/** What a market is that is not the real one. */
export const ARTIFICIAL = {
  simulated: "Simulated data. Not real prices.",
  replayed: "Replayed recording. Not today's prices.",
} as const;

/** All that is to be said of the data's state, and nothing twice: what is wrong, then what that means for the figures. */
export function stateSentences(status: Status, trouble: Trouble | null, at: string | null): string[] {
  const { level, cause, link, marks, isAgeLeast } = status;
  const last = at === null ? [] : [`Last update ${at}.`];
  const said = link === "ok" ? ageSentences(status, at) : [...linkSentences(link, trouble), ...last];
  if (isAgeLeast && link === "ok" && cause !== "unchecked") said.push("Age not checked yet.");
  if (marks.includes("device")) said.push("Saved on this device.");
  if (marks.includes("turnover_estimated")) said.push("Turnover is estimated.");
  if (marks.includes("spot_market")) said.push("Spot prices and volumes, no perpetuals.");
  if (marks.includes("direct") || marks.includes("secondary"))
    said.push(link === "ok" && level === "fresh" ? "Prices are live. Scores are unavailable." : "Scores are unavailable.");
  return said;
}

/** Why data is not fresh although nothing is wrong with the way to it. */
function ageSentences({ level, cause }: Status, at: string | null): string[] {
  const when = at === null ? "" : ` than ${at}`;
  switch (cause) {
    case "source":
      return [level === "aging" ? `The server has nothing newer${when} yet.` : `No source has anything newer${when}.`];
    case "unrefreshed":
      return [at === null ? "Not refreshed yet." : `As of ${at}, not refreshed yet.`];
    case "unchecked":
      return ["Age not checked yet."];
    case "ahead":
      return ["Its time is ahead of the server's clock."];
    case "none":
      return [];
  }
}

function linkSentences(link: Exclude<Status["link"], "ok">, trouble: Trouble | null): string[] {
  switch (link) {
    case "offline":
      return ["This device is offline."];
    case "unreachable":
      return ["Can't connect. Retrying…"];
    case "refused":
      return ["No live data. Retrying…"];
    case "faulty":
      if (isOfOtherRelease(trouble)) return ["Update available: load the page again."];
      return [`The server's answer is not data (${troubleWord(trouble)}). Retrying…`];
    case "defect":
      return [defectSentence(trouble)];
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

/** What is said of a part with a time of its own. */
export interface Part {
  /** What is wrong with asking for it, where that is not wrong with everything. */
  readonly trouble: Trouble | null;
  /** From this device, while the rest is not. */
  readonly isSaved: boolean;
  /** Much older than the rest. */
  readonly isBehind: boolean;
  /** When it was true. */
  readonly at: string;
  /** How long ago that is; nothing when the clocks contradict one another. */
  readonly age: string | null;
}

/** How old a part is, and why it is older than the rest. */
export function partSentences({ trouble, isSaved, isBehind, at, age }: Part): string[] {
  const said = [age === null ? `As of ${at}, age unknown.` : `As of ${at}, ${age} ago.`];
  if (trouble !== null) said.unshift(pausedSentence(trouble));
  if (isSaved) said.push("Saved on this device.");
  if (isBehind) said.push("Older than the prices on top.");
  return said;
}

/** Why a part that is shown gets no newer figures. */
export function pausedSentence(trouble: Trouble): string {
  const isAnalysis = trouble.kind === "problem" && trouble.problem?.sources?.some(({ name }) => name === "analysis");
  return isAnalysis === true ? "Scores paused." : "Paused.";
}

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

const ACRONYMS = new Set(["rsi", "ao", "adx", "atr", "cci", "adl", "cmf", "obv", "vwap", "cvd", "oir", "di"]);

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
