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

/** A server of an earlier release may lack a field that the contract has now: what is not there is unknown, too. */
const isNumber = (of: number | null): of is number => typeof of === "number";

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
  return isNumber(of) ? <Num of={of} {...rest} /> : <Unavailable name={rest.name} why={why} />;
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
  return isNumber(of) ? <Change of={of} as={as} name={name} /> : <Unavailable name={name} why={why} />;
}

/** Instead of what is unknown. */
export function Unavailable({ name, why }: { name: string; why: string }): JSX.Element {
  return (
    <span class="unavailable" data-field={name} data-unavailable>
      <span class="word">unavailable</span> <small>{why}</small>
    </span>
  );
}
