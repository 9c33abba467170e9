// The wiring: the browser's clock, network and visibility on one side, what the screens read on the other.

import { type ReadonlySignal, computed, effect, signal } from "@preact/signals";
import type {
  Alerts,
  Analysis,
  Beta,
  BetaChart,
  BreakdownBody,
  MobileData,
  Opportunities,
  PerpetualsPulse,
  Signals,
} from "../generated/contract.ts";
import { PATHS } from "../generated/contract.ts";
import { ask, askTime } from "./data/ask.ts";
import { type Clock, type Passed, UNHEARD, heard, passed, proven, serverTime } from "./data/clock.ts";
import { type Body, type Status, ageOf, statusOf } from "./data/freshness.ts";
import { type Connection, isMetered } from "./data/pace.ts";
import { Poller, type Task } from "./data/poller.ts";
import { Resource } from "./data/resource.ts";
import { deviceShelf } from "./data/shelf.ts";

let time: Passed = { local: Date.now(), steady: performance.now(), wall: Date.now() };

function localNow(): number {
  time = passed(time, performance.now(), Date.now());
  return time.local;
}

const clock = signal<Clock>(UNHEARD);
const ticks = signal(localNow());
const online = signal(navigator.onLine);

/** The server's time, renewed each second while the page is seen. */
export const now: ReadonlySignal<number> = computed(() => serverTime(clock.value, ticks.value));

/** Whether that is known, and not only the latest of all that was heard. */
export const isTimeKnown: ReadonlySignal<boolean> = computed(() => clock.value.proven !== null);

const connection = (navigator as { connection?: Connection }).connection;

const poller = new Poller({
  now: localNow,
  later: (ms, what) => {
    const timer = setTimeout(what, ms);
    return () => clearTimeout(timer);
  },
  random: Math.random,
  isVisible: () => document.visibilityState === "visible",
  isMetered: () => isMetered(connection),
});

const shelf = deviceShelf(() => globalThis.caches);

function resource<T extends Body>(path: string, everyMs: number): Resource<T> {
  const question = async (at: string, etag: string | null) => {
    const { outcome, said } = await ask<T>(globalThis.fetch, at, etag);
    const arrivedAt = localNow();
    clock.value = heard(clock.value, said, arrivedAt);
    ticks.value = arrivedAt;
    // Whatever the browser believes of its network: somebody answered.
    if (outcome.kind !== "failed" || outcome.trouble.kind !== "unreachable") online.value = true;
    return outcome;
  };
  return new Resource<T>(path, everyMs, question, shelf, (body) => ageOf(body.as_of_ms, now.peek()));
}

/** The server's time, which is asked for only while it is in doubt. */
const timekeeper: Task = {
  // In doubt it is asked for again soon: until it is known nothing is live. Each failure waits longer, as everywhere.
  get everyMs() {
    return clock.peek().isDoubted ? 3_000 : 30_000;
  },
  async run() {
    if (!clock.value.isDoubted) return { kind: "unchanged" };
    const askedAt = localNow();
    const answer = await askTime(globalThis.fetch, PATHS["mobile-data"]);
    // Whether the server can be reached is for questions about data to tell: a proxy may swallow this one alone.
    if (answer.kind === "failed") return { ...answer, trouble: { kind: "unreadable", what: "time" } };
    const arrivedAt = localNow();
    clock.value = proven(clock.value, answer.date, askedAt, arrivedAt);
    ticks.value = arrivedAt;
    return { kind: "unchanged" };
  },
};

/** Everything that every screen needs. */
export const market = resource<MobileData>(PATHS["mobile-data"], 3_000);
export const signals = resource<Signals>(PATHS.signals, 5_000);
export const opportunities = resource<Opportunities>(PATHS.opportunities, 5_000);
export const alerts = resource<Alerts>(PATHS.alerts, 5_000);
export const beta = resource<Beta>(PATHS.beta, 30_000);
export const pulse = resource<PerpetualsPulse>(PATHS["perpetuals-pulse"], 5_000);

const perKey = <T extends Body>(everyMs: number, path: (key: string) => string): ((key: string) => Resource<T>) => {
  const made = new Map<string, Resource<T>>();
  return (key) => {
    const found = made.get(key) ?? resource<T>(path(key), everyMs);
    made.set(key, found);
    return found;
  };
};

/** Every part of one contract's score. */
export const breakdown = perKey<BreakdownBody>(
  5_000,
  (symbol) => PATHS["confluence-breakdown"] + encodeURIComponent(symbol),
);
/** The report about one contract. */
export const analysis = perKey<Analysis>(10_000, (symbol) => PATHS["confluence-analysis"] + encodeURIComponent(symbol));
/** The chart of one timeframe. */
export const chart = perKey<BetaChart>(
  15_000,
  (hours) => `${PATHS["beta-chart"]}?timeframe=${encodeURIComponent(hours)}`,
);

/** What can be asked for and remembered. */
export type Watched = Task & Pick<Resource<Body>, "recall">;

/** Asks for a resource as long as it is needed; gives what ends that. */
export function watch(needed: Watched): () => void {
  void needed.recall();
  poller.add(needed);
  return () => poller.remove(needed);
}

/** Asks at once for whatever is waited for because of a failure. */
export const askAgain = (): void => poller.reconnected();

/** When a server last answered with what every screen needs, by the page's own time. */
const answeredAt = signal<number | null>(null);
effect(() => {
  const { body, fromDevice, trouble } = market.held.value;
  if (body !== null && !fromDevice && trouble === null) answeredAt.value = localNow();
});

/** What the top of the page says. */
export const status: ReadonlySignal<Status> = computed(() => {
  const { body, fromDevice, trouble } = market.held.value;
  return statusOf({
    said: body,
    fromDevice,
    answeredAgoMs: answeredAt.value === null ? null : Math.max(0, ticks.value - answeredAt.value),
    trouble,
    online: online.value,
    now: now.value,
    isTimeKnown: isTimeKnown.value,
  });
});

/** Starts asking and counting. */
export function start(): void {
  // The time first: before it is known nothing can be called live.
  poller.add(timekeeper);
  watch(market);
  let timer: ReturnType<typeof setInterval> | undefined;
  const followVisibility = (): void => {
    clearInterval(timer);
    if (document.visibilityState === "visible") {
      ticks.value = localNow();
      timer = setInterval(() => (ticks.value = localNow()), 1_000);
    }
    poller.visibilityChanged();
  };
  document.addEventListener("visibilitychange", followVisibility);
  addEventListener("online", () => {
    online.value = true;
    poller.reconnected();
  });
  addEventListener("offline", () => (online.value = false));
  followVisibility();
  effect(() => {
    document.documentElement.dataset["level"] = status.value.level;
  });
}
