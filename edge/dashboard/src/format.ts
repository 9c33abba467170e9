// Numbers and times as the page's language, English, writes them, whatever the browser's is: words and digits are of one
// script. Each takes a number that is there: what is not there is never formatted, it is named (see ui/value.tsx).

const LOCALE = "en-US";

/** Writes numbers; one that is not zero is never written as zero: it is less than the least that has digits. */
const formatter = (options: Intl.NumberFormatOptions): ((value: number) => string) => {
  const format = new Intl.NumberFormat(LOCALE, options);
  const zero = format.format(0);
  const digits = format.resolvedOptions().maximumFractionDigits ?? 0;
  const least = 10 ** -(options.style === "percent" ? digits + 2 : digits);
  return (value) => {
    // Without the sign that a zero may have in memory.
    if (value === 0) return zero;
    const written = format.format(value);
    if (/[1-9]/.test(written)) return written;
    return value > 0 ? `<${format.format(least)}` : `>${format.format(-least)}`;
  };
};

/** A price with every digit that the exchange quotes. */
export const price = formatter({ maximumSignificantDigits: 10 });

/** US dollars, shortened: $1.23B. */
export const usd = formatter({
  style: "currency",
  currency: "USD",
  notation: "compact",
  minimumFractionDigits: 2,
  maximumFractionDigits: 2,
});

/** A count. */
export const count = formatter({ maximumFractionDigits: 0 });

/** Figures of 0–100 with so many decimals: what is not nothing is not rounded to nothing. */
const scoreOf = (digits: number): ((value: number) => string) => {
  const format = formatter({ minimumFractionDigits: digits, maximumFractionDigits: digits });
  const least = 10 ** -digits;
  return (value) => (value > 0 && value < least / 2 ? `<${format(least)}` : format(value));
};

/** A score of 0–100 in whole points: a score moves by about as much in a minute without a reason. */
export const score = scoreOf(0);

/** What a score is made of, and other figures of 0–100, with one decimal. */
export const fineScore = scoreOf(1);

/** A number without a unit, such as a β. */
export const ratio = formatter({ minimumFractionDigits: 2, maximumFractionDigits: 2 });

/** The same with its sign. */
export const signedRatio = formatter({ minimumFractionDigits: 2, maximumFractionDigits: 2, signDisplay: "exceptZero" });

const percentOf = (digits: number, signDisplay: "auto" | "exceptZero"): ((value: number) => string) => {
  const format = formatter({
    style: "percent",
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
    signDisplay,
  });
  return (value) => format(value / 100);
};

/** A change in percent, with its sign. */
export const change = percentOf(2, "exceptZero");

/** A change so large that decimals say nothing, with its sign. */

/** `up` or `down` by a change's sign, `flat` where there is none. */
export function tone(value: number): "up" | "down" | "flat" {
  if (value === 0) return "flat";
  return value > 0 ? "up" : "down";
}

/** A share of a whole in percent. */
export const share = percentOf(1, "auto");

/** A percentage with two decimals and no sign of its own. */
export const percent = percentOf(2, "auto");

/** A rate so small that it needs four decimals, with its sign. */
export const rate = percentOf(4, "exceptZero");

/** A fraction of 0–1 as percent. */
export const fraction = formatter({ style: "percent", maximumFractionDigits: 0 });

/** An age: seconds to two minutes, rounded up, minutes to two hours, then hours and days. */
export function age(ms: number): string {
  const seconds = Math.ceil(ms / 1_000);
  if (seconds < 120) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  if (minutes < 120) return `${minutes} min`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${hours} h` : `${Math.floor(hours / 24)} d`;
}

const writer = (options: Intl.DateTimeFormatOptions): ((ms: number) => string) => {
  const format = new Intl.DateTimeFormat(LOCALE, options);
  return (ms) => format.format(ms);
};

const HOUR_AND_MINUTE = { hour: "numeric", minute: "2-digit" } as const;

/** A time of day. */
export const clock = writer(HOUR_AND_MINUTE);
const clockWithSeconds = writer({ hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
const dayAndClock = writer({ day: "numeric", month: "short", ...HOUR_AND_MINUTE });

/** A moment, with its day when that is not today's. */
export function moment(ms: number, now: number): string {
  const isToday = new Date(ms).toDateString() === new Date(now).toDateString();
  return (isToday ? clock : dayAndClock)(ms);
}

/** The same to the second, for what should be seconds ago. */
export function exactMoment(ms: number, now: number): string {
  const isToday = new Date(ms).toDateString() === new Date(now).toDateString();
  return isToday ? clockWithSeconds(ms) : dayAndClock(ms);
}
