// What the page says about the data it shows: one pure function from facts to a status, so that every state can be tested.

import { type Freshness, LIMITS_MS, type MobileData, type Problem } from "../../generated/contract.ts";

/** How the age of what is shown is judged; `expired` is older than any server would serve. */
export type Level = Freshness | "expired" | "none";

/** Why the last question was not answered with data. */
export type Trouble =
  | { readonly kind: "unreachable" }
  | { readonly kind: "problem"; readonly status: number; readonly problem: Problem | null }
  | { readonly kind: "unreadable"; readonly what: string }
  /** The page could not even ask: this browser lacks something, or the page's own program is wrong. */
  | { readonly kind: "defect"; readonly what: string };

/** Why data is not called fresh. */
export type Cause =
  /** It is fresh, or there is none. */
  | "none"
  /** The server was asked and has nothing younger. */
  | "source"
  /** The server was not asked lately: the page slept, or shows what this device kept. */
  | "unrefreshed"
  /** The server's time is not known, so nobody can tell its age. */
  | "unchecked"
  /** It is from after the server's time: one of the clocks is wrong. */
  | "ahead";

/** Where the data came from, when not from the exchange by way of the origin, and what must be known of its figures. */
export type Mark =
  | "simulated"
  | "replayed"
  | "direct"
  | "secondary"
  | "last_known_good"
  | "device"
  | "turnover_estimated"
  | "spot_market";

/** What every body says of itself: how old it is, of which exchange, and who made it. */
export type Body = Readonly<Pick<MobileData, "as_of_ms" | "freshness" | "data_source" | "degraded">> &
  // A device may still hold a body from before these.
  Readonly<Partial<Pick<MobileData, "venue" | "producer" | "served_as">>>;

/** Everything that the status depends on. */
export interface Facts {
  readonly said: Body | null;
  /** Whether the body comes from this device's store and no server has confirmed it since. */
  readonly fromDevice: boolean;
  /** How long ago a server last answered with data, milliseconds; nothing when none did. */
  readonly answeredAgoMs: number | null;
  readonly trouble: Trouble | null;
  readonly online: boolean;
  /** The server's time. */
  readonly now: number;
  /** Whether that time is known: an answer was made for this page's own question about it. */
  readonly isTimeKnown: boolean;
}

/** What the page shows on top. */
export interface Status {
  readonly level: Level;
  /** Why it is not fresh. */
  readonly cause: Cause;
  /** How old the data is; unknown without data, and when the clocks contradict one another. */
  readonly ageMs: number | null;
  /** Whether it may be older than that: the server's time is not known. */
  readonly isAgeLeast: boolean;
  /** What is wrong with the way to the data, whatever its age. */
  readonly link: "ok" | "offline" | "unreachable" | "refused" | "faulty" | "defect";
  readonly marks: readonly Mark[];
}

/** An answer from longer ago says nothing of what the server has now. The page asks more often than that, on any line. */
const ANSWER_HOLDS_MS = LIMITS_MS.fresh;

/** Data from further in the future than this has no age: one of the clocks is wrong. */
const MAX_AHEAD_MS = 5_000;

const RANK: Record<Level, number> = { fresh: 0, aging: 1, stale: 2, expired: 3, none: 4 };

/** The class of an age by the limits of the contract. */
export function levelOfAge(ageMs: number): Level {
  if (ageMs <= LIMITS_MS.fresh) return "fresh";
  if (ageMs <= LIMITS_MS.aging) return "aging";
  return ageMs <= LIMITS_MS.stale ? "stale" : "expired";
}

/** How old something is, or nothing when it lies in the future. */
export function ageOf(asOf: number, now: number): number | null {
  const age = now - asOf;
  return age < -MAX_AHEAD_MS ? null : Math.max(0, age);
}

/**
 * The class of a body: the worse of what the server said and what the age since then makes of it. Nothing is fresh before
 * the time is known: a cache on the way may have kept the answer, and a device's clock may be slow.
 */
export function levelOf(said: Body, now: number, isTimeKnown: boolean): Level {
  const ageMs = ageOf(said.as_of_ms, now);
  const byAge = ageMs === null ? "stale" : levelOfAge(ageMs);
  const worse = RANK[byAge] > RANK[said.freshness] ? byAge : said.freshness;
  return worse === "fresh" && !isTimeKnown ? "aging" : worse;
}

/** Whether a part is so much older than all else that the reader must be told: by its class, or by its time. */
export function isBehind(part: Body, all: Body, now: number, isTimeKnown: boolean, pauseMs: number): boolean {
  const isWorse = RANK[levelOf(part, now, isTimeKnown)] > RANK[levelOf(all, now, isTimeKnown)];
  const behindMs = all.as_of_ms - part.as_of_ms;
  // What is asked for less often is behind by that much at the end of each pause.
  return behindMs > Math.max(LIMITS_MS.fresh, 2 * pauseMs) || (isWorse && behindMs > 2 * pauseMs);
}

/** What the page says. */
export function statusOf(facts: Facts): Status {
  const { said, now, isTimeKnown } = facts;
  const link = linkOf(facts);
  if (said === null) return { level: "none", cause: "none", ageMs: null, isAgeLeast: false, link, marks: [] };
  return {
    level: levelOf(said, now, isTimeKnown),
    cause: causeOf(said, facts),
    ageMs: ageOf(said.as_of_ms, now),
    isAgeLeast: !isTimeKnown,
    link,
    marks: marksOf(said, facts.fromDevice),
  };
}

function causeOf(said: Body, { now, isTimeKnown, fromDevice, answeredAgoMs }: Facts): Cause {
  const level = levelOf(said, now, isTimeKnown);
  if (level === "fresh") return "none";
  const ageMs = ageOf(said.as_of_ms, now);
  if (ageMs === null) return "ahead";
  if (RANK[said.freshness] >= RANK[level]) {
    const isAnswered = !fromDevice && answeredAgoMs !== null && answeredAgoMs <= ANSWER_HOLDS_MS;
    return isAnswered ? "source" : "unrefreshed";
  }
  return levelOfAge(ageMs) === "fresh" ? "unchecked" : "unrefreshed";
}

function linkOf({ online, trouble }: Facts): Status["link"] {
  // Whatever the connection does: nothing is asked.
  if (trouble?.kind === "defect") return "defect";
  if (!online) return "offline";
  switch (trouble?.kind) {
    case undefined:
      return "ok";
    case "unreachable":
      return "unreachable";
    case "problem":
      return trouble.status === 503 ? "refused" : "faulty";
    case "unreadable":
      return "faulty";
  }
}

function marksOf(said: Body, fromDevice: boolean): Mark[] {
  const marks: Mark[] = [];
  if (said.degraded.includes("simulated_data")) marks.push("simulated");
  if (said.degraded.includes("replayed_data")) marks.push("replayed");
  const producer = said.producer ?? said.data_source;
  if (producer === "bybit_direct") marks.push("direct");
  if (producer === "secondary_exchange") marks.push("secondary");
  if (said.data_source === "last_known_good") marks.push("last_known_good");
  if (said.degraded.includes("turnover_estimated")) marks.push("turnover_estimated");
  if (said.degraded.includes("spot_market")) marks.push("spot_market");
  if (fromDevice) marks.push("device");
  return marks;
}
