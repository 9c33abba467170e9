// A number on the screen, or the statement that there is none. No screen formats a number in any other way, so `null` can
// never be drawn as 0, as a dash or as nothing.

import type { JSX } from "preact";
import { tone } from "../format.ts";

interface NumProps {
  readonly of: number;
  readonly as: (value: number) => string;
  /** The field of the contract. */
  readonly name: string;
  readonly class?: string;
}

interface MaybeProps extends Omit<NumProps, "of"> {
  readonly of: number | null;
  /** Why it is unknown, when it is. */
  readonly why: string;
}

/** A number that is always there. */
export function Num({ of, as, name, class: className = "" }: NumProps): JSX.Element {
  return (
    <data class={`num ${className}`} value={String(of)} data-field={name}>
      {as(of)}
    </data>
  );
}

/** A number that may be unknown; then the reason stands in its place. */
export function Maybe({ of, why, ...rest }: MaybeProps): JSX.Element {
  return of === null ? <Unavailable name={rest.name} why={why} /> : <Num of={of} {...rest} />;
}

/** A change with colour and sign. */
export function Change({ of, name, as }: { of: number; name: string; as: (value: number) => string }): JSX.Element {
  return <Num of={of} as={as} name={name} class={tone(of)} />;
}

/** The same, when it may be unknown. */
export function MaybeChange({
  of,
  why,
  name,
  as,
}: {
  of: number | null;
  why: string;
  name: string;
  as: (value: number) => string;
}): JSX.Element {
  return of === null ? <Unavailable name={name} why={why} /> : <Change of={of} as={as} name={name} />;
}

/** Instead of what is unknown. */
export function Unavailable({ name, why }: { name: string; why: string }): JSX.Element {
  return (
    <span class="unavailable" data-field={name} data-unavailable>
      <span class="word">unavailable</span> <small>{why}</small>
    </span>
  );
}
