// Who is asked when: one question at a time, the most overdue first; nothing while the page is hidden.

import type { Outcome } from "./ask.ts";
import type { Body } from "./freshness.ts";
import { backoffMs, paceMs } from "./pace.ts";

/** Something that is asked for again and again. */
export interface Task {
  /** The least pause between two answers, milliseconds. */
  readonly everyMs: number;
  /** How old what it holds is, milliseconds; nothing when it holds nothing or the age is unknown. */
  ageMs?(): number | null;
  /** Asks once and takes what comes of it. */
  run(): Promise<Outcome<Body>>;
}

/** What the poller needs from the world, so that a test can be the world. */
export interface World {
  now(): number;
  later(ms: number, what: () => void): () => void;
  random(): number;
  isVisible(): boolean;
  isMetered(): boolean;
}

interface Entry {
  dueAt: number;
  failures: number;
}

/** The one queue of questions. */
export class Poller {
  readonly #world: World;
  readonly #entries = new Map<Task, Entry>();
  /** Nobody is asked before this while the server cannot be reached. */
  #quietUntil = 0;
  #unreachable = 0;
  #running = false;
  #cancel: (() => void) | null = null;

  constructor(world: World) {
    this.#world = world;
  }

  /** Asks from now on. A task that was asked for before keeps its pauses. */
  add(task: Task): void {
    if (!this.#entries.has(task)) this.#entries.set(task, { dueAt: this.#world.now(), failures: 0 });
    this.#schedule();
  }

  /** Asks no more. An answer that is under way still arrives. */
  remove(task: Task): void {
    this.#entries.delete(task);
    this.#schedule();
  }

  /** The page was shown or hidden. */
  visibilityChanged(): void {
    this.#schedule();
  }

  /** The connection is back: whoever waited because of a failure is asked now. */
  reconnected(): void {
    this.#quietUntil = 0;
    this.#unreachable = 0;
    for (const entry of this.#entries.values()) {
      if (entry.failures > 0) entry.dueAt = this.#world.now();
    }
    this.#schedule();
  }

  #schedule(): void {
    this.#cancel?.();
    this.#cancel = null;
    const next = this.#next();
    if (this.#running || next === null || !this.#world.isVisible()) return;
    const pause = Math.max(0, next.at - this.#world.now());
    this.#cancel = this.#world.later(pause, () => void this.#run(next.task, next.entry));
  }

  #next(): { task: Task; entry: Entry; at: number } | null {
    let next: { task: Task; entry: Entry; at: number } | null = null;
    for (const [task, entry] of this.#entries) {
      const at = Math.max(entry.dueAt, this.#quietUntil);
      if (next === null || at < next.at || (at === next.at && entry.dueAt < next.entry.dueAt))
        next = { task, entry, at };
    }
    return next;
  }

  async #run(task: Task, entry: Entry): Promise<void> {
    this.#running = true;
    try {
      this.#settle(task, entry, await task.run());
    } finally {
      this.#running = false;
      this.#schedule();
    }
  }

  #settle(task: Task, entry: Entry, outcome: Outcome<Body>): void {
    const now = this.#world.now();
    if (outcome.kind !== "failed") {
      entry.failures = 0;
      this.#unreachable = 0;
      entry.dueAt = now + paceMs(task.everyMs, this.#world.isMetered(), task.ageMs?.() ?? null);
      return;
    }
    entry.failures += 1;
    entry.dueAt = now + Math.max(task.everyMs, backoffMs(entry.failures, outcome.retryAfterMs, this.#world.random()));
    if (outcome.trouble.kind === "unreachable") {
      this.#unreachable += 1;
      this.#quietUntil = now + backoffMs(this.#unreachable, null, this.#world.random());
    }
  }
}
