// What is held of one body: the newest that ever arrived, how it got here, and what is wrong with getting a newer one.

import { type Signal, signal } from "@preact/signals";
import { type Answer, type Outcome, complaint } from "./ask.ts";
import type { Body, Trouble } from "./freshness.ts";

/** One body and its circumstances. */
export interface Held<T> {
  readonly body: T | null;
  readonly etag: string | null;
  /** From this device's store, and not confirmed by a server since. */
  readonly fromDevice: boolean;
  readonly trouble: Trouble | null;
}

/** What a device keeps between two visits. */
export interface Kept<T> {
  readonly body: T;
  readonly etag: string | null;
}

/** Where a device keeps the last good body of a path. */
export interface Shelf {
  load(path: string): Promise<Kept<unknown> | null>;
  save(path: string, kept: Kept<Body>): Promise<void>;
}

/** Nothing is known yet. */
export const NOTHING: Held<never> = { body: null, etag: null, fromDevice: false, trouble: null };

/** What is held after an outcome. Data never moves back in time, and a failure takes nothing away. */
export function after<T extends Body>(held: Held<T>, outcome: Outcome<T>): Held<T> {
  switch (outcome.kind) {
    case "failed":
      return { ...held, trouble: outcome.trouble };
    case "unchanged":
      return { ...held, fromDevice: false, trouble: null };
    case "data": {
      const isOlder = held.body !== null && outcome.body.as_of_ms < held.body.as_of_ms;
      if (isOlder) return { ...held, trouble: null };
      return { body: outcome.body, etag: outcome.etag, fromDevice: false, trouble: null };
    }
  }
}

/** What is held after looking into the device's store, which never replaces what a server has sent meanwhile. */
export function recalled<T extends Body>(held: Held<T>, kept: Kept<unknown> | null): Held<T> {
  if (held.body !== null || kept === null || complaint(kept.body) !== null) return held;
  return { ...held, body: kept.body as T, etag: kept.etag, fromDevice: true };
}

/** One path of the API, held and asked for. */
export class Resource<T extends Body> {
  readonly held: Signal<Held<T>> = signal(NOTHING as Held<T>);
  readonly path: string;
  readonly everyMs: number;
  readonly #ask: (path: string, etag: string | null) => Promise<Answer<T>["outcome"]>;
  readonly #shelf: Shelf;
  readonly #ageOf: (body: T) => number | null;
  #recalled = false;

  constructor(
    path: string,
    everyMs: number,
    ask: (path: string, etag: string | null) => Promise<Outcome<T>>,
    shelf: Shelf,
    ageOf: (body: T) => number | null = () => null,
  ) {
    this.path = path;
    this.everyMs = everyMs;
    this.#ask = ask;
    this.#shelf = shelf;
    this.#ageOf = ageOf;
  }

  /** How old what is held is. */
  ageMs(): number | null {
    const { body } = this.held.peek();
    return body === null ? null : this.#ageOf(body);
  }

  /** Takes what the device kept from an earlier visit; once. */
  async recall(): Promise<void> {
    if (this.#recalled) return;
    this.#recalled = true;
    const kept = await this.#shelf.load(this.path);
    this.held.value = recalled(this.held.value, kept);
  }

  /** Asks once. */
  async run(): Promise<Outcome<T>> {
    let outcome: Outcome<T>;
    try {
      await this.recall();
      outcome = await this.#ask(this.path, this.held.value.etag);
    } catch (error) {
      outcome = { kind: "failed", trouble: { kind: "defect", what: String(error) }, retryAfterMs: null };
    }
    const before = this.held.value;
    this.held.value = after(before, outcome);
    const { body, etag } = this.held.value;
    if (body !== null && body !== before.body) void this.#shelf.save(this.path, { body, etag });
    return outcome;
  }
}
