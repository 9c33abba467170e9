// How good the data is: always in sight, and a sentence where it is not simply live.

import type { JSX } from "preact";
import type { Trouble } from "../data/freshness.ts";
import * as format from "../format.ts";
import { market, now, status } from "../state.ts";
import * as words from "../words.ts";

/** The state, the age that counts, and where the data came from. */
export function Pill(): JSX.Element {
  const { level, link, ageMs } = status.value;
  const { body } = market.held.value;
  return (
    <div class={`pill level-${level} link-${link}`} data-level={level} data-link={link}>
      <span class="pill-line">
        <span class="dot" aria-hidden="true" />
        <strong data-field="headline">{words.headline(status.value)}</strong>
        {body !== null && (
          <time
            dateTime={new Date(body.as_of_ms).toISOString()}
            data-field="age"
            data-as-of={body.as_of_ms}
            data-sequence={body.sequence}
          >
            {ageMs === null ? "age unknown" : format.age(ageMs)}
          </time>
        )}
      </span>
      {body !== null && <small data-field="data_source">{words.dataSource(body)}</small>}
    </div>
  );
}

/**
 * What the reader must know before believing a number. What never changes stands on top; what comes and goes lies over the
 * page's lower edge, so that it is seen wherever the reader is and moves nothing.
 */
export function Banner(): JSX.Element {
  const { level, link, marks } = status.value;
  const { trouble, body } = market.held.value;
  const artificial = marks.filter((mark) => mark === "simulated" || mark === "replayed");
  const others = marks.filter((mark) => mark !== "simulated" && mark !== "replayed");
  const sentence = link === "ok" ? words.levelSentence(level) : words.linkSentence(link, trouble);
  const sentences = [sentence, ...others.map(words.markSentence)].filter((said) => said !== null);
  return (
    <>
      <div role="status">
        {artificial.map((mark) => (
          <p key={mark} class="banner artificial" data-mark={mark}>
            {words.markSentence(mark)}
          </p>
        ))}
      </div>
      <div class="bar" role="status">
        {sentences.length > 0 && (
          <p class={`banner level-${level} link-${link}`} data-marks={others.join(" ")}>
            {sentences.join(" ")}
            {body !== null && (level !== "fresh" || link !== "ok") && (
              <> Shown is what was true at {format.moment(body.as_of_ms, now.value)}.</>
            )}
          </p>
        )}
      </div>
    </>
  );
}

/** Instead of a screen, when there is nothing true to show. */
export function NoData({ trouble }: { trouble: Trouble }): JSX.Element {
  const problem = trouble.kind === "problem" ? trouble.problem : null;
  return (
    <section class="no-data" role="alert">
      <h2>No market data</h2>
      <p>
        {trouble.kind === "problem"
          ? (problem?.detail ?? `The server answered with status ${trouble.status}.`)
          : words.absence(trouble)}
      </p>
      <p class="quiet">Nothing is shown rather than something that may not be true. It is asked for again by itself.</p>
      {problem?.sources !== undefined && problem.sources.length > 0 && (
        <dl class="outcomes">
          {problem.sources.map(({ name, outcome, as_of_ms }) => (
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
    </section>
  );
}
