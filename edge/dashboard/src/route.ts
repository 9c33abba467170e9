// The address → the screen. Everything after `#` stays on this device, so a deep link needs nothing of the server.

import { type ReadonlySignal, computed, signal } from "@preact/signals";

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

const hash = signal(typeof location === "undefined" ? "" : location.hash);

if (typeof addEventListener !== "undefined") addEventListener("hashchange", () => (hash.value = location.hash));

/** Where the reader is. */
export const route: ReadonlySignal<Route> = computed(() => parseRoute(hash.value));
