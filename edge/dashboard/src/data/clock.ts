// The server's clock as this page knows it: ages are counted by it, so a phone whose clock is wrong still tells the truth.
//
// An answer may have lain in a cache on the way, whatever lifetime the server gave it, and its `Date` is the moment at
// which it was made. So an answer to a question about data only says how late it is at least. The time is known when an
// answer was made for this very question (see `askTime` in ask.ts); until then the latest of all that is heard counts,
// this device's clock among it. What is in doubt makes data older, never younger.

/** What is known of (server time − local time), milliseconds. */
export interface Offset {
  readonly least: number;
  readonly most: number;
}

/** What all answers together say of the server's time. */
export interface Clock {
  /** By answers that were made for this page's own questions. */
  readonly proven: Offset | null;
  /** Without such an answer: the largest offset that any answer, or this device's own clock, speaks for. */
  readonly latest: number;
  /** Whether the time should be asked for: it is not proven, or an answer does not fit what is. */
  readonly isDoubted: boolean;
}

/** Nobody was heard yet: this device's clock is all there is. */
export const UNHEARD: Clock = { proven: null, latest: 0, isDoubted: true };

/** What an answer's headers say of time. */
export interface Said {
  /** `Date` and `Age`, as they are. */
  readonly date: string | null;
  readonly age: string | null;
  /** `X-Data-As-Of`, when its data was true; nothing when it has none. */
  readonly asOf: number | null;
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

/** `Date` and `Age` count whole seconds. */
const SECOND_MS = 1_000;

/** The age that stands for every greater one (RFC 9111, 1.2.2). */
const GREATEST_AGE_S = 2 ** 31;

/** `Age` in milliseconds: of several the greatest, since each cache on the way may have added its own. */
export function ageHeaderMs(header: string | null): number | null {
  const ages = (header ?? "").split(",").map((age) => age.trim()).filter((age) => /^\d+$/.test(age));
  if (ages.length === 0) return null;
  return Math.min(Math.max(...ages.map(Number)), GREATEST_AGE_S) * SECOND_MS;
}

function parsedDate(header: string | null): number | null {
  const at = header === null ? NaN : Date.parse(header);
  return Number.isNaN(at) ? null : at;
}

/** The moments that the server's clock had passed when an answer arrived. */
function passedMoments({ date, age, asOf }: Said): number[] {
  const made = parsedDate(date);
  const ageMs = ageHeaderMs(age);
  const moments = made === null ? [] : [made];
  if (ageMs === null) return moments;
  // Our servers write into `Age` how old the data is, rounded up, and caches add the time that they kept the answer.
  if (asOf !== null) moments.push(asOf + ageMs - SECOND_MS);
  if (made !== null) {
    // A cache that knows of no age but its own writes just that; then it is counted from `Date`.
    const ofData = asOf === null ? 0 : Math.max(0, made - asOf) + 2 * SECOND_MS;
    if (ageMs > ofData) moments.push(made + ageMs);
  }
  return moments;
}

/** The clock after an answer that any cache may have kept, and that arrived at `arrivedAt` (local time). */
export function heard(clock: Clock, said: Said, arrivedAt: number): Clock {
  const latest = Math.max(clock.latest, ...passedMoments(said).map((moment) => moment - arrivedAt));
  const made = parsedDate(said.date);
  if (clock.proven === null || made === null) return { ...clock, latest };
  // Made later than now can be: the clock was set. Earlier: the answer was kept, or the clock was set back.
  if (made - arrivedAt > clock.proven.most) return { proven: null, latest, isDoubted: true };
  const isEarlier = made + SECOND_MS - arrivedAt < clock.proven.least;
  return { ...clock, latest, isDoubted: clock.isDoubted || isEarlier };
}

/**
 * The clock after an answer that was made between `askedAt` and `arrivedAt` (local times), since no cache could have had
 * it. One that contradicts what was known starts anew: one of the clocks was set.
 */
export function proven(clock: Clock, date: string | null, askedAt: number, arrivedAt: number): Clock {
  const made = parsedDate(date);
  if (made === null) return clock;
  const told = { least: made - arrivedAt, most: made + SECOND_MS - askedAt };
  const known = clock.proven ?? told;
  const both = { least: Math.max(known.least, told.least), most: Math.min(known.most, told.most) };
  return { proven: both.least <= both.most ? both : told, latest: 0, isDoubted: false };
}

/** The server's time at a local moment; rather too late than too early. */
export function serverTime(clock: Clock, local: number): number {
  return local + (clock.proven?.most ?? clock.latest);
}
