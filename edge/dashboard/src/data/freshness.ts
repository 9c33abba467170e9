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

/** Where the data came from, when not from the exchange by way of the origin. */
export type Mark = "simulated" | "replayed" | "direct" | "secondary" | "last_known_good" | "device";

/** What every body says of itself: how old it is and where it came from. */
export type Body = Readonly<Pick<MobileData, "as_of_ms" | "freshness" | "data_source" | "degraded">>;

/** Everything that the status depends on. */
export interface Facts {
  readonly said: Body | null;
  /** Whether the body comes from this device's store and no server has confirmed it since. */
  readonly fromDevice: boolean;
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
  /** How old the data is; unknown without data, and when the clocks contradict one another. */
  readonly ageMs: number | null;
  /** Whether it may be older than that: the server's time is not known. */
  readonly isAgeLeast: boolean;
  /** What is wrong with the way to the data, whatever its age. */
  readonly link: "ok" | "offline" | "unreachable" | "refused" | "faulty" | "defect";
  readonly marks: readonly Mark[];
}

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

/** What the page says. */
export function statusOf(facts: Facts): Status {
  const { said, now, isTimeKnown } = facts;
  const link = linkOf(facts);
  if (said === null) return { level: "none", ageMs: null, isAgeLeast: false, link, marks: [] };
  return {
    level: levelOf(said, now, isTimeKnown),
    ageMs: ageOf(said.as_of_ms, now),
    isAgeLeast: !isTimeKnown,
    link,
    marks: marksOf(said, facts.fromDevice),
  };
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
  if (said.data_source === "bybit_direct") marks.push("direct");
  if (said.data_source === "secondary_exchange") marks.push("secondary");
  if (said.data_source === "last_known_good") marks.push("last_known_good");
  if (fromDevice) marks.push("device");
  return marks;
}
