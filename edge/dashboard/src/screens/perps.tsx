// The perpetuals as a whole: who pays whom, how many positions are open, and what is unusual about it.

import type { JSX } from "preact";
import type { PerpetualsPulse } from "../../generated/contract.ts";
import * as format from "../format.ts";
import { pulse } from "../state.ts";
import { Card, Figure, From, Stacked } from "../ui/parts.tsx";
import { Maybe } from "../ui/value.tsx";
import { MEASURES, notLookedAt, payer, premiumNote, pulseTitle } from "./unusual.ts";
import * as words from "../words.ts";

/** The screen. */
export function Perps(): JSX.Element {
  return <From resource={pulse}>{(body) => <PerpsOf body={body} />}</From>;
}

function PerpsOf({ body }: { body: PerpetualsPulse }): JSX.Element {
  // What the exchange's tickers alone do not tell is known to the origin only.
  const whyHistory =
    (body.producer ?? body.data_source) === "bybit_direct" ? "the exchange's tickers alone do not tell" : "not enough is loaded yet";
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
          <Maybe of={body.funding_rate} as={format.rate} name="funding_rate" why={words.TOO_FEW_TELL} />
          <span class="quiet">per 8 hours, {meanOf(body.funding_contracts)}</span>
        </div>
        {body.funding_rate !== null && (
          <p class="aside">
            {payer(body.funding_rate)}{" "}
            {body.funding_strength !== null && (
              <span class={`tag ${body.funding_strength}`}>{body.funding_strength}</span>
            )}
          </p>
        )}
        <dl class="figures">
          <Figure label="Last funding, against its history" note="standard deviations, weighted by turnover">
            <Maybe of={body.funding_zscore} as={format.signedRatio} name="funding_zscore" why={whyHistory} />
          </Figure>
          <Figure label="Premium over index" note={body.basis_pct === null ? undefined : premiumNote(body.basis_pct)}>
            <Maybe of={body.basis_pct} as={format.rate} name="basis_pct" why={words.TOO_FEW_TELL} />
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

/** What a mean is of. */
const meanOf = (contracts: number | null): string =>
  contracts === null ? "weighted by turnover" : `${format.count(contracts)} contracts weighted by turnover`;

function Unusual({ body }: { body: PerpetualsPulse }): JSX.Element {
  const unknown = notLookedAt(body);
  const isNothingKnown = unknown.length === MEASURES.length;
  return (
    <>
      {body.signals.length > 0 ? (
        <ul class="plain" data-field="signal_count">
          {body.signals.map(({ kind, message }) => (
            <li key={kind} data-pulse={kind}>
              <strong>{pulseTitle(kind)}</strong> {message}
            </li>
          ))}
        </ul>
      ) : (
        !isNothingKnown && (
          <p class="quiet" data-field="signal_count">
            {unknown.length === 0 ? "Nothing past its threshold." : "Nothing past its threshold in what is known."}
          </p>
        )
      )}
      {unknown.length > 0 && <p class="aside not-looked-at">Not looked at: {unknown.join(", ")}.</p>}
    </>
  );
}
