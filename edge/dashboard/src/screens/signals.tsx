// What the scores suggest, what stands out, and what just happened.

import type { JSX } from "preact";
import {
  type Alert,
  type Alerts,
  type Opportunities,
  STANCE,
  type Signal,
  type Signals,
  type Stance,
} from "../../generated/contract.ts";
import * as format from "../format.ts";
import { href } from "../route.ts";
import { alerts, now, opportunities, signals } from "../state.ts";
import { Age, Choice, From } from "../ui/parts.tsx";
import { Ring } from "../ui/ring.tsx";
import { Change, Num } from "../ui/value.tsx";
import * as words from "../words.ts";
import { standingOut } from "./standing-out.ts";

const TABS = [
  ["signals", "Signals"],
  ["opportunities", "Stand-outs"],
  ["alerts", "Alerts"],
] as const;

type Tab = (typeof TABS)[number][0];

/** The screen; the address says which of its lists. */
export function SignalsScreen({ detail }: { detail: string | null }): JSX.Element {
  const tab: Tab = TABS.find(([name]) => name === detail)?.[0] ?? "signals";
  return (
    <section class="list-screen" aria-labelledby="signals-title">
      <h2 id="signals-title" class="hidden">
        Signals and alerts
      </h2>
      <div class="toolbar">
        <Choice
          label="Which list"
          options={TABS}
          chosen={tab}
          choose={(wanted) => location.replace(href("signals", wanted))}
        />
      </div>
      {tab !== "alerts" && <p class="not-advice">{words.NOT_ADVICE}</p>}
      {tab === "signals" && <From resource={signals}>{(body) => <SignalList body={body} />}</From>}
      {tab === "opportunities" && <From resource={opportunities}>{(body) => <OpportunityList body={body} />}</From>}
      {tab === "alerts" && <From resource={alerts}>{(body) => <AlertList body={body} />}</From>}
    </section>
  );
}

const { long_from: LONG_FROM, short_to: SHORT_TO } = STANCE;

/** Each side with the scores that are on it. */
const SIDES: readonly (readonly [Stance, string, string, string])[] = [
  ["long", "Long", `score ${LONG_FROM} and more`, `No score is at ${LONG_FROM} or above.`],
  ["short", "Short", `score ${SHORT_TO} and less`, `No score is at ${SHORT_TO} or below.`],
  ["neutral", "Neutral", `between ${SHORT_TO} and ${LONG_FROM}`, "No score is between the two."],
];

function SignalList({ body }: { body: Signals }): JSX.Element {
  const of = (side: Stance): Signal[] => body.signals.filter(({ stance }) => stance === side);
  return (
    <>
      <p class="aside">
        Inputs: how much of what a score is made of was there and fresh. A contract's own sheet names what is missing.
      </p>
      {SIDES.map(([side, name, which, none]) => (
        <section key={side} class={`group ${side}`} data-side={side}>
          <h3>
            {name} <Num of={of(side).length} as={format.count} name={`count_${side}`} class="quiet" />{" "}
            <small>{which}</small>
          </h3>
          {of(side).length === 0 && <p class="quiet">{none}</p>}
          <ul class="rows">
            {of(side).map((signal) => (
              <SignalRow key={signal.symbol} signal={signal} />
            ))}
          </ul>
        </section>
      ))}
    </>
  );
}

function SignalRow({ signal }: { signal: Signal }): JSX.Element {
  return (
    <li data-symbol={signal.symbol}>
      <a class="row" href={href("scores", signal.symbol)}>
        <Ring score={signal.score} />
        <span class="who">
          <strong>{signal.display_symbol}</strong>
          <Num of={signal.price} as={format.price} name="signal_price" class="quiet" />
        </span>
        <span class="why">
          {signal.stance_strength !== null && <span class={`tag ${signal.stance_strength}`}>{signal.stance_strength}</span>}
          <small>
            inputs <Num of={signal.reliability} as={format.fraction} name="signal_reliability" />
          </small>
        </span>
        <span class="what">
          <Change of={signal.change_24h} as={format.change} name="signal_change_24h" />
          <Num of={signal.volume_24h} as={format.usd} name="signal_volume_24h" class="quiet" />
        </span>
      </a>
    </li>
  );
}

function OpportunityList({ body }: { body: Opportunities }): JSX.Element {
  const found = standingOut(body.opportunities);
  if (found.length === 0) return <p class="absent">None of the scores that stand out most takes a side: {LONG_FROM} and more, {SHORT_TO} and less.</p>;
  return (
    <>
      <p class="aside">
        Of the 20 scores that stand out most, those that take a side. Ordered by the score's distance from neutral × its inputs × up to 2 for how far the price moved the score's way.
      </p>
      <ul class="rows opportunities">
        {found.map((one) => (
          <li key={one.id} data-symbol={one.symbol}>
            <a class="opportunity" href={href("scores", one.symbol)}>
              <span class="opportunity-head">
                <strong>{one.symbol}</strong>
                <span class={`tag ${one.direction === "long" ? "bullish" : "bearish"}`}>
                  {one.direction === "long" ? "above neutral" : "below neutral"}
                </span>
                <Num of={one.aligned_score} as={format.fineScore} name="aligned_score" class="strong" />
              </span>
              <span class="sentence">{one.description}</span>
            </a>
          </li>
        ))}
      </ul>
    </>
  );
}

function AlertList({ body }: { body: Alerts }): JSX.Element {
  return (
    <>
      <p class="aside">
        {body.alerts_as_of_ms === null ? (
          "Nobody has looked for alerts yet."
        ) : (
          <>
            Looked for <Age of={body.alerts_as_of_ms} name="alerts_as_of_ms" /> ago.
          </>
        )}
      </p>
      {body.alerts.length === 0 && body.alerts_as_of_ms !== null && <p class="absent">No alerts yet.</p>}
      <ol class="rows alerts">
        {body.alerts.map((alert) => (
          <AlertRow key={alert.id} alert={alert} />
        ))}
      </ol>
    </>
  );
}

function AlertRow({ alert }: { alert: Alert }): JSX.Element {
  return (
    <li class={`alert ${alert.level}`} data-alert={alert.id}>
      <span class="alert-head">
        <span class={`tag level-${alert.level}`}>{alert.level}</span>
        <span>{words.title(alert.alert_type)}</span>
        <time dateTime={new Date(alert.timestamp).toISOString()} class="quiet num">
          {format.moment(alert.timestamp, now.value)}
        </time>
      </span>
      <span class="sentence">{alert.message}</span>
    </li>
  );
}
