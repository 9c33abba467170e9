// Small pieces that several screens are made of.

import type { ComponentChildren, JSX } from "preact";
import { useEffect } from "preact/hooks";
import { type Body, type Trouble, ageOf, isBehind, levelOf } from "../data/freshness.ts";
import type { Resource } from "../data/resource.ts";
import * as format from "../format.ts";
import { isTimeKnown, market, now, watch } from "../state.ts";
import * as words from "../words.ts";

interface CardProps {
  readonly title: string;
  readonly note?: ComponentChildren;
  readonly class?: string;
  readonly children: ComponentChildren;
}

/** A titled part of a screen. */
export function Card({ title, note, class: className = "", children }: CardProps): JSX.Element {
  const id = `t-${title.toLowerCase().replace(/[^a-z]+/g, "-")}`;
  return (
    <section class={`card ${className}`} aria-labelledby={id}>
      <header>
        <h2 id={id}>{title}</h2>
        {note !== undefined && <div class="note">{note}</div>}
      </header>
      {children}
    </section>
  );
}

/** One figure with its name. */
export function Figure({
  label,
  children,
  note,
}: {
  label: string;
  children: ComponentChildren;
  note?: ComponentChildren;
}): JSX.Element {
  return (
    <div class="figure">
      <dt>{label}</dt>
      <dd>
        {children}
        {note !== undefined && <div class="sub">{note}</div>}
      </dd>
    </div>
  );
}

/** How long ago something was true, counting. */
export function Age({ of, name = "as_of_ms" }: { of: number; name?: string }): JSX.Element {
  const age = ageOf(of, now.value);
  return (
    <time class="age" dateTime={new Date(of).toISOString()} data-field={name} data-as-of={of}>
      {age === null ? "of unknown age" : format.age(age)}
    </time>
  );
}

/** Asks for a resource while this is on the screen, and shows it with its own age, or says why it is not there. */
export function From<T extends Body>({
  resource,
  children,
}: {
  resource: Resource<T>;
  children: (body: T) => JSX.Element;
}): JSX.Element {
  useEffect(() => watch(resource), [resource]);
  const { body, trouble, fromDevice } = resource.held.value;
  if (body === null) return trouble === null ? <Waiting /> : <Absent>{words.absence(trouble)}</Absent>;
  return (
    <div class="dated" data-level={levelOf(body, now.value, isTimeKnown.value)}>
      <PartAge body={body} trouble={trouble} fromDevice={fromDevice} pauseMs={resource.everyMs} />
      {children(body)}
    </div>
  );
}

interface PartAgeProps {
  readonly body: Body;
  readonly trouble: Trouble | null;
  readonly fromDevice: boolean;
  readonly pauseMs: number;
}

/** How old a part is by its own time, and why it is older than the rest. The line is always there, so that none moves. */
function PartAge({ body, trouble, fromDevice, pauseMs }: PartAgeProps): JSX.Element {
  const all = market.held.value;
  const age = ageOf(body.as_of_ms, now.value);
  const part = {
    // What is true of everything is said once, in the head of the page.
    trouble: trouble !== null && !isOf(trouble, all.trouble) ? trouble : null,
    isSaved: fromDevice && trouble === null && !all.fromDevice,
    isBehind: all.body !== null && isBehind(body, all.body, now.value, isTimeKnown.value, pauseMs),
    at: format.exactMoment(body.as_of_ms, now.value),
    age: age === null ? null : format.age(age),
  };
  const isWorse = part.trouble !== null || part.isSaved || part.isBehind;
  return <p class={`part-age ${isWorse ? "behind" : ""}`}>{words.partSentences(part).join(" ")}</p>;
}

/** Whether a part has the trouble that everything has. */
const isOf = (trouble: Trouble, all: Trouble | null): boolean =>
  all !== null && all.kind === trouble.kind && (all.kind !== "problem" || all.status === (trouble as typeof all).status);

/** Nothing has been answered yet. */
export function Waiting(): JSX.Element {
  return (
    <p class="waiting" role="status">
      Asking the server…
    </p>
  );
}

/** Instead of a part that is not there. */
export function Absent({ children }: { children: ComponentChildren }): JSX.Element {
  return (
    <p class="absent" role="status">
      {children}
    </p>
  );
}

interface ChoiceProps<T extends string> {
  readonly label: string;
  readonly options: readonly (readonly [T, string])[];
  readonly chosen: T;
  readonly choose: (option: T) => void;
}

/** One of a few. */
export function Choice<T extends string>({ label, options, chosen, choose }: ChoiceProps<T>): JSX.Element {
  return (
    <div class="choice" role="group" aria-label={label}>
      {options.map(([value, text]) => (
        <button key={value} type="button" aria-pressed={value === chosen} onClick={() => choose(value)}>
          {text}
        </button>
      ))}
    </div>
  );
}

/** A bar of 0–100 that grows from the neutral middle. */
export function FromMiddle({ of }: { of: number }): JSX.Element {
  const from = Math.min(50, of);
  return (
    <span class="from-middle" aria-hidden="true">
      <span class={of >= 50 ? "above" : "below"} style={{ left: `${from}%`, width: `${Math.abs(of - 50)}%` }} />
    </span>
  );
}

/** A bar whose parts are shares of a whole. */
export function Stacked({ parts }: { parts: readonly { name: string; of: number }[] }): JSX.Element {
  return (
    <div class="stacked" aria-hidden="true">
      {parts.map(({ name, of }) => (
        <span key={name} class={`part-${name}`} style={{ flexGrow: String(of) }} />
      ))}
    </div>
  );
}
