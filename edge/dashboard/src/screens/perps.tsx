// The perpetuals as a whole: who pays whom, how many positions are open, and what is unusual about it.

import type { JSX } from "preact";
import type { PerpetualsPulse } from "../../generated/contract.ts";
import * as format from "../format.ts";
import { pulse } from "../state.ts";
import { Card, Figure, From, Stacked } from "../ui/parts.tsx";
import { Maybe } from "../ui/value.tsx";
import { MEASURES, notLookedAt, payer, premiumNote, standOuts } from "./unusual.ts";
import * as words from "../words.ts";

/** The screen. */
export function Perps(): JSX.Element {
  return <From resource={pulse}>{(body) => <PerpsOf body={body} />}</From>;
}

function PerpsOf({ body }: { body: PerpetualsPulse }): JSX.Element {
  // What the exchange's tickers alone do not tell is known to the origin only.
  const isOfTickersAlone = (body.producer ?? body.data_source) === "bybit_direct";
  const whyHistory = isOfTickersAlone ? "the exchange's tickers alone do not tell" : "not enough is loaded yet";
  const whyPast = isOfTickersAlone ? whyHistory : "it was not watched for two hours yet";
  const isSplitUnknown = body.long_pct === null && body.short_pct === null;
  return (
    <div class="columns">
      <Card
        title="Funding"
        note={
          <Maybe
            of={body.contract_count}
            as={(n) => `${format.count(n)} contracts`}
            name="contract_count"
            why="these are not perpetuals"
          />
        }
      >
        <div class="reading">
          <Maybe of={body.funding_paid} as={format.rate} name="funding_paid" why={words.TOO_FEW_TELL} />
          <span class="quiet">per 8 hours, weighted by open interest</span>
        </div>
        {typeof body.funding_paid === "number" && <p class="aside">{payer(body.funding_paid)}</p>}
        <dl class="figures">
          <Figure label="Against what was paid before" note="deviations from the middle, −5 to 5">
            <Maybe of={body.funding_unusual} as={format.signedRatio} name="funding_unusual" why={whyHistory} />
          </Figure>
          <Figure label="Premium over index" note={typeof body.premium === "number" ? premiumNote(body.premium) : undefined}>
            <Maybe of={body.premium} as={format.rate} name="premium" why={words.TOO_FEW_TELL} />
          </Figure>
          <Figure label="Against its last day" note="deviations from the middle, −5 to 5">
            <Maybe of={body.premium_unusual} as={format.signedRatio} name="premium_unusual" why={whyPast} />
          </Figure>
        </dl>
      </Card>
      <Card
        title="Open interest"
        note={body.open_interest_contracts === null ? "one side" : `one side, ${format.count(body.open_interest_contracts)} contracts`}
      >
        <div class="reading">
          <Maybe
            of={body.total_open_interest}
            as={format.usd}
            name="total_open_interest"
            class="big"
            why={words.TOO_FEW_TELL}
          />
        </div>
      </Card>
      <Card title="Long and short" class={isSplitUnknown ? "why-once" : ""} note="of accounts, weighted by turnover">
        {isSplitUnknown && <p class="aside">Unavailable: {whyHistory}.</p>}
        {body.long_pct !== null && body.short_pct !== null && (
          <Stacked
            parts={[
              { name: "up", of: body.long_pct },
              { name: "down", of: body.short_pct },
            ]}
          />
        )}
        <dl class="figures">
          <Figure label="Long">
            <Maybe of={body.long_pct} as={format.percent} name="long_pct" why={whyHistory} class="up" />
          </Figure>
          <Figure label="Short">
            <Maybe of={body.short_pct} as={format.percent} name="short_pct" why={whyHistory} class="down" />
          </Figure>
        </dl>
      </Card>
      <Card title="Unusual now" class="wide">
        <Unusual body={body} />
      </Card>
    </div>
  );
}

function Unusual({ body }: { body: PerpetualsPulse }): JSX.Element {
  const [found, unknown] = [standOuts(body), notLookedAt(body)];
  const isNothingKnown = unknown.length === MEASURES.length;
  return (
    <>
      {found.length > 0 ? (
        <ul class="plain" data-field="stand_outs">
          {found.map(({ kind, title, sentence }) => (
            <li key={kind} data-pulse={kind}>
              <strong>{title}</strong> {sentence}
            </li>
          ))}
        </ul>
      ) : (
        !isNothingKnown && (
          <p class="quiet" data-field="stand_outs">
            {unknown.length === 0 ? "Nothing past its threshold." : "Nothing past its threshold in what is known."}
          </p>
        )
      )}
      {unknown.length > 0 && <p class="aside not-looked-at">Not looked at: {unknown.join(", ")}.</p>}
    </>
  );
}
