// The address → the screen. Everything after `#` stays on this device, so a deep link needs nothing of the server.

import { computed, signal } from "@preact/signals";

/** The screens, in the order of the navigation. */
export const SCREENS = ["market", "scores", "signals", "beta", "perps"] as const;

/** A screen's name in the address. */
export type Screen = (typeof SCREENS)[number];

/** A place within the page. */
export interface Route {
  readonly screen: Screen;
  /** What the screen is narrowed to: a contract, a tab, a timeframe. */
  readonly detail: string | null;
}

/** Reads what stands after `#`; whatever it is, it is a place. */
export function parseRoute(hash: string): Route {
  const [first = "", detail = ""] = hash.replace(/^#?\/?/, "").split("/", 2);
  const screen = SCREENS.find((known) => known === first) ?? "market";
  return { screen, detail: detail === "" ? null : decoded(detail) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** The address of a place. */
export function href(screen: Screen, detail?: string): string {
  return detail === undefined ? `#/${screen}` : `#/${screen}/${encodeURIComponent(detail)}`;
}

/** What an entry of the browser's history knows beside its address. */
export interface Entry {
  readonly id: number;
  /** The address of the screen that a contract's sheet lies over. */
  readonly under: string | null;
  /** Whether the reader came from within the page, so that going back stays in it. */
  readonly isInside: boolean;
}

/** Where the reader is, as the history has it. */
export interface Place {
  readonly hash: string;
  readonly entry: Entry;
}

/** The entry of an address that was not visited before; a sheet lies over whatever was looked at. */
export function entryOf(hash: string, before: Place | null): Entry {
  const { screen, detail } = parseRoute(hash);
  const isSheet = screen === "scores" && detail !== null;
  const below = before === null ? href("scores") : (before.entry.under ?? before.hash);
  return { id: Math.random(), under: isSheet ? below : null, isInside: before !== null };
}

/** The screen that is seen, and the contract whose sheet lies over it. */
export function viewOf({ hash, entry }: Place): Route & { readonly sheet: string | null } {
  if (entry.under === null) return { ...parseRoute(hash), sheet: null };
  return { ...parseRoute(entry.under), sheet: parseRoute(hash).detail };
}

const isEntry = (state: unknown): state is Entry => typeof state === "object" && state !== null && "under" in state;

const hasHistory = typeof history !== "undefined";

function here(before: Place | null): Place {
  const hash = hasHistory ? location.hash : "";
  if (hasHistory && isEntry(history.state)) return { hash, entry: history.state };
  const entry = entryOf(hash, before);
  if (hasHistory) history.replaceState(entry, "");
  return { hash, entry };
}

const place = signal(here(null));

/** Where the reader is. */
export const route = computed(() => viewOf(place.value));

/** How far down each entry was when it was left. */
const scrolls = new Map<number, number>();

/** How far down the present screen is to be; nothing where it stays as it is. */
export function wantedScroll(): number | null {
  return wanted;
}

let wanted: number | null = null;
let isLeaving = false;

function arrive(): void {
  const before = place.peek();
  const after = here(before);
  isLeaving = false;
  scrolls.set(before.entry.id, scrollY);
  const known = scrolls.get(after.entry.id);
  const isOtherScreen = viewOf(before).screen !== viewOf(after).screen;
  wanted = known ?? (isOtherScreen ? 0 : null);
  place.value = after;
}

if (hasHistory) {
  // A browser would do it before the screen is there, and so not far enough.
  history.scrollRestoration = "manual";
  addEventListener("hashchange", arrive);
}

/** Closes the sheet: back to where it was opened, so that going back never opens it again. */
export function closeSheet(): void {
  const { entry } = place.peek();
  if (entry.under === null || isLeaving) return;
  if (entry.isInside) {
    isLeaving = true;
    history.back();
    return;
  }
  history.replaceState(null, "", entry.under);
  arrive();
}
