// The server's clock as this page knows it, from the `Date` of its answers: ages are counted by it, so a phone whose clock
// is wrong still tells the truth.

/** What is known of (server time − local time), milliseconds. */
export interface Offset {
  readonly least: number;
  readonly most: number;
}

/** This page's own time, which never runs backwards, milliseconds since it began to count. */
export interface Passed {
  readonly local: number;
  /** The browser's two clocks when it was last looked at. */
  readonly steady: number;
  readonly wall: number;
}

/** The steady clock may stand still while a phone sleeps; when the other has gone on by so much more, it did. */
const SLEPT_MS = 1_000;

/** The time after another look at both clocks. What is in doubt makes data older, never younger. */
export function passed(before: Passed, steady: number, wall: number): Passed {
  const bySteady = Math.max(0, steady - before.steady);
  const byWall = wall - before.wall;
  return { local: before.local + (byWall > bySteady + SLEPT_MS ? byWall : bySteady), steady, wall };
}

/** `Date` counts whole seconds: the moment it was written lies within the second that it names. */
const DATE_RESOLUTION_MS = 1_000;

/**
 * Narrows the offset by one answer that was asked for at `askedAt` and had arrived at `arrivedAt` (local times).
 * An answer that contradicts what was known starts anew: one of the clocks was set.
 */
export function narrowed(known: Offset | null, date: string | null, askedAt: number, arrivedAt: number): Offset | null {
  const said = date === null ? NaN : Date.parse(date);
  if (Number.isNaN(said)) return known;
  const heard = { least: said - arrivedAt, most: said + DATE_RESOLUTION_MS - askedAt };
  if (known === null) return heard;
  const both = { least: Math.max(known.least, heard.least), most: Math.min(known.most, heard.most) };
  return both.least <= both.most ? both : heard;
}

/** The server's time at a local moment. */
export function serverTime(offset: Offset, local: number): number {
  return local + (offset.least + offset.most) / 2;
}
