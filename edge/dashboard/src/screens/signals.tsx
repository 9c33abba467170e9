// What the scores suggest, what stands out, and what just happened.

import type { JSX } from "preact";
import {
  type Alert,
  type Alerts,
  type Opportunities,
  SENTIMENT,
  type Signal,
  type SignalType,
  type Signals,
} from "../../generated/contract.ts";
import * as format from "../format.ts";
import { href } from "../route.ts";
import { alerts, now, opportunities, signals } from "../state.ts";
import { Age, Choice, From } from "../ui/parts.tsx";
import { Ring } from "../ui/ring.tsx";
import { Change, Num } from "../ui/value.tsx";
import * as words from "../words.ts";

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

const { long_from: BUY_FROM, short_to: SELL_TO } = SENTIMENT;

/** Each side with the scores that are on it. */
const SIDES: readonly (readonly [SignalType, string, string, string])[] = [
  ["BUY", "Buy", `score ${BUY_FROM} and more`, `No score is at ${BUY_FROM} or above.`],
  ["SELL", "Sell", `score ${SELL_TO} and less`, `No score is at ${SELL_TO} or below.`],
  ["NEUTRAL", "Neutral", `between ${SELL_TO} and ${BUY_FROM}`, "No score is between the two."],
];

function SignalList({ body }: { body: Signals }): JSX.Element {
  const of = (side: SignalType): Signal[] => body.signals.filter(({ signal_type }) => signal_type === side);
  return (
    <>
      <p class="aside">
        Inputs: how much of what a score is made of was there and fresh. A contract's own sheet names what is missing.
      </p>
      {SIDES.map(([side, name, which, none]) => (
        <section key={side} class={`group ${side.toLowerCase()}`} data-side={side}>
          <h3>
            {name} <Num of={of(side).length} as={format.count} name={`count_${side.toLowerCase()}`} class="quiet" />{" "}
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
        <Ring score={signal.score} sentiment={signal.sentiment} />
        <span class="who">
          <strong>{signal.display_symbol}</strong>
          <Num of={signal.price} as={format.price} name="signal_price" class="quiet" />
        </span>
        <span class="why">
          {signal.strength !== null && <span class={`tag ${signal.strength}`}>{signal.strength}</span>}
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
  if (body.opportunities.length === 0) return <p class="absent">No score stands out from neutral.</p>;
  return (
    <>
      <p class="aside">Ordered by the score's distance from neutral × its inputs × up to 2 for how far the price moved.</p>
      <ul class="rows opportunities">
        {body.opportunities.map((found) => (
          <li key={found.id} data-symbol={found.symbol}>
            <a class="opportunity" href={href("scores", found.symbol)}>
              <span class="opportunity-head">
                <strong>{found.symbol}</strong>
                <span class={`tag ${found.direction === "long" ? "bullish" : "bearish"}`}>
                  {found.direction === "long" ? "above neutral" : "below neutral"}
                </span>
                <Num of={found.opportunity_score} as={format.exactScore} name="opportunity_score" class="strong" />
              </span>
              <span class="sentence">{found.description}</span>
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
