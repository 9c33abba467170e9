// Machine-readable words → what people read. An unknown word is shown as it is: never swallowed, never taken for another.

import { isOfOtherRelease } from "./data/ask.ts";
import type { Body, Level, Status, Trouble } from "./data/freshness.ts";
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

const LEVELS: Record<Exclude<Level, "none">, string> = {
  fresh: "Live",
  aging: "Delayed",
  stale: "Stale",
  expired: "Old",
};

/** What the pill on top says; `isAsked` when nothing came of the first question yet. */
export function headline({ level, link }: Status, isAsked: boolean): string {
  switch (link) {
    case "ok":
      if (level === "none") return isAsked ? "Loading" : "No data";
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

/** What a market is that is not the real one. */
export const ARTIFICIAL = {
  simulated: "Simulated data. Not real prices.",
  replayed: "Replayed recording. Not today's prices.",
} as const;

/** All that is to be said of the data's state, and nothing twice: what is wrong, then what that means for the figures. */
export function stateSentences(status: Status, trouble: Trouble | null, body: MobileData | null, at: string | null): string[] {
  const { level, link, marks, isAgeLeast } = status;
  const last = at === null ? [] : [`Last update ${at}.`];
  const said = link === "ok" ? levelSentences(level, at) : [...linkSentences(link, trouble), ...last];
  if (isAgeLeast && link === "ok") said.push("Age not checked yet.");
  if (marks.includes("device")) said.push("Saved on this device.");
  if (marks.includes("direct"))
    said.push(link === "ok" && level === "fresh" ? "Prices are live. Scores are temporarily unavailable." : "Scores are temporarily unavailable.");
  if (marks.includes("secondary")) said.push(secondarySentence(body));
  return said;
}

function levelSentences(level: Level, at: string | null): string[] {
  switch (level) {
    case "aging":
      return ["Updating…"];
    case "stale":
    case "expired":
      return [at === null ? "No updates." : `No updates since ${at}.`, "Reconnecting…"];
    case "fresh":
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

function secondarySentence(body: MobileData | null): string {
  const wire = body?.sections.tickers.source ?? null;
  return wire === null ? "Prices from another exchange while Bybit is down." : `Prices from ${source(wire)} while Bybit is down.`;
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
