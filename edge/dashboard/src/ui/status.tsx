// How good the data is. It is said in one place, the head of the page, which is always in sight; a sheet that covers the head
// says the same in its own.

import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import type { Trouble } from "../data/freshness.ts";
import * as format from "../format.ts";
import { askAgain, market, now, status } from "../state.ts";
import { dataSource } from "../provenance.ts";
import * as words from "../words.ts";

interface HeadProps {
  /** The title, and what may stand beside the state. */
  readonly children: ComponentChildren;
  /** Beside the pill, at the edge. */
  readonly action?: ComponentChildren;
  /** A page has one header; a sheet has a part that looks alike. */
  readonly tag?: "header" | "div";
}

/** A head with the state of the data: what never changes above what does. */
export function Head({ children, action, tag: Tag = "header" }: HeadProps): JSX.Element {
  const { level, link } = status.value;
  return (
    <Tag class={`top level-${level} link-${link}`}>
      <div class="top-line">
        {children}
        <Pill />
        {action}
      </div>
      <State />
      <Artificial />
    </Tag>
  );
}

/** The state in a word, and the age that counts. */
function Pill(): JSX.Element {
  const { level, link, ageMs, isAgeLeast } = status.value;
  const { body, trouble } = market.held.value;
  return (
    <div class="pill" data-level={level} data-link={link} data-is-checked={!isAgeLeast}>
      <span class="dot" aria-hidden="true" />
      <strong data-field="headline">{words.headline(status.value, trouble === null)}</strong>
      {body !== null && (
        <time
          dateTime={new Date(body.as_of_ms).toISOString()}
          data-field="age"
          data-as-of={body.as_of_ms}
          data-sequence={body.sequence}
        >
          {ageMs === null ? "age unknown" : `${isAgeLeast ? "≥ " : ""}${format.age(ageMs)}`}
        </time>
      )}
    </div>
  );
}

/** Where the data came from, and a sentence where it is not simply live. The line is always there, so that none moves. */
function State(): JSX.Element {
  const { body, trouble } = market.held.value;
  const at = body === null ? null : format.exactMoment(body.as_of_ms, now.value);
  const said = words.stateSentences(status.value, trouble, at);
  return (
    <p class="state" role="status">
      {body !== null && <span data-field="data_source">{dataSource(body)}</span>}{" "}
      <span class="sentences" data-field="state">
        {said.join(" ")}
      </span>
    </p>
  );
}

/** That this is not the real market. */
function Artificial(): JSX.Element {
  const marks = status.value.marks.filter((mark) => mark === "simulated" || mark === "replayed");
  return (
    <>
      {marks.map((mark) => (
        <p key={mark} class="artificial" data-mark={mark}>
          {words.ARTIFICIAL[mark]}
        </p>
      ))}
    </>
  );
}

/** Instead of a screen, when there is nothing true to show. */
export function NoData({ trouble }: { trouble: Trouble }): JSX.Element {
  const problem = trouble.kind === "problem" ? trouble.problem : null;
  const sources = problem?.sources ?? [];
  return (
    <section class="no-data" role="alert">
      <h2>{trouble.kind === "problem" && trouble.status === 503 ? "No live data right now" : "Nothing to show yet"}</h2>
      <p>{trouble.kind === "problem" ? "We don't show prices we can't verify." : words.absence(trouble)}</p>
      <TryAgain trouble={trouble} />
      <details class="fold">
        <summary>Details</summary>
        <p>{trouble.kind === "problem" ? (problem?.detail ?? `Status ${trouble.status}.`) : words.troubleWord(trouble)}</p>
        {sources.length > 0 && (
          <dl class="outcomes">
            {sources.map(({ name, outcome, as_of_ms }) => (
              <div key={name} data-source={name}>
                <dt>{words.sourceName(name)}</dt>
                <dd>
                  {words.outcome(outcome)}
                  {as_of_ms !== null && <>, last good {format.moment(as_of_ms, now.value)}</>}
                </dd>
              </div>
            ))}
          </dl>
        )}
      </details>
    </section>
  );
}

/** Asks at once. It waits for what comes of that before it can be pressed again. */
function TryAgain({ trouble }: { trouble: Trouble }): JSX.Element {
  const [pressedOn, press] = useState<Trouble | null>(null);
  const isAsking = pressedOn === trouble;
  return (
    <button
      type="button"
      class="again"
      aria-disabled={isAsking}
      onClick={() => {
        if (isAsking) return;
        press(trouble);
        askAgain();
      }}
    >
      {isAsking ? "Asking…" : "Try again"}
    </button>
  );
}
