// The figures of the whole market, which come from slower sources than the prices, each with its own age.

import type { JSX } from "preact";
import type { MarketOverview, MobileData } from "../../generated/contract.ts";
import * as format from "../format.ts";
import { Card, Figure, Stacked } from "../ui/parts.tsx";
import { Maybe, MaybeChange, Num, Unavailable } from "../ui/value.tsx";
import { exchange, rowsOf, turnoverNote, turnoverTitle } from "../provenance.ts";
import * as words from "../words.ts";
import { SectionAge } from "./sources.tsx";

/** Fear & greed, with whom it is from. */
export function FearGreedCard({ body }: { body: MobileData }): JSX.Element {
  const { fear_greed_value: value, fear_greed_label: label } = body.market_overview;
  return (
    <Card title="Fear & greed" note={<SectionAge body={body} section="fear_greed" />}>
      {value === null ? (
        <Unavailable name="fear_greed_value" why={words.whySection(body, "fear_greed")} />
      ) : (
        <div class="fear-greed">
          <Gauge of={value} />
          <div class="reading">
            <Num of={value} as={format.count} name="fear_greed_value" class="big" />
            <span data-field="fear_greed_label">{label}</span>
          </div>
        </div>
      )}
      <p class="attribution">
        Index by{" "}
        <a href="https://alternative.me/crypto/fear-and-greed-index/" rel="noopener noreferrer">
          alternative.me
        </a>
      </p>
    </Card>
  );
}

/** A half circle from fear (left) to greed (right) with a hand. */
function Gauge({ of }: { of: number }): JSX.Element {
  const turn = Math.PI * (1 - of / 100);
  const hand = (radius: number): string => `${60 + radius * Math.cos(turn)} ${56 - radius * Math.sin(turn)}`;
  const at = (share: number): string => `${60 - 48 * Math.cos(Math.PI * share)} ${56 - 48 * Math.sin(Math.PI * share)}`;
  return (
    <svg class="gauge" viewBox="0 0 120 64" aria-hidden="true">
      {[0, 1, 2, 3, 4].map((fifth) => (
        <path
          key={fifth}
          class={`fifth-${fifth}`}
          d={`M ${at(fifth / 5 + 0.008)} A 48 48 0 0 1 ${at((fifth + 1) / 5 - 0.008)}`}
        />
      ))}
      <path class="hand" d={`M ${hand(30)} L ${hand(55)}`} />
    </svg>
  );
}

/** All of crypto, by the venue that counts it. */
export function WholeMarketCard({ body }: { body: MobileData }): JSX.Element {
  const { market_overview: overview } = body;
  const why = words.whySection(body, "global_market");
  const whyDefi = words.whySection(body, "defi_market");
  const isAllGone =
    body.sections.global_market?.status === "unavailable" &&
    body.sections.defi_market?.status === "unavailable" &&
    why === whyDefi;
  return (
    <Card
      title="Whole market"
      class={isAllGone ? "why-once" : ""}
      note={<SectionAge body={body} section="global_market" />}
    >
      {isAllGone && <p class="aside">Mostly unavailable: {why}.</p>}
      <Dominance overview={overview} why={why} />
      <dl class="figures">
        <Figure
          label="Market cap"
          note={
            <MaybeChange
              of={overview.market_cap_change_24h}
              as={format.change}
              name="market_cap_change_24h"
              why={why}
            />
          }
        >
          <Maybe of={overview.total_market_cap} as={format.usd} name="total_market_cap" why={why} />
        </Figure>
        <Figure
          label="Volume 24 h"
          note={
            <>
              all venues,{" "}
              <Maybe of={overview.volume_mcap_ratio} as={format.percent} name="volume_mcap_ratio" why={why} /> of cap
            </>
          }
        >
          <Maybe of={overview.total_volume} as={format.usd} name="total_volume" why={why} />
        </Figure>
        <Figure
          label={turnoverTitle(body)}
          note={`${turnoverNote(body)}, ${turnoverCount(body)} on ${exchange(body)}`}
        >
          <Maybe of={overview.total_turnover} as={format.usd} name="total_turnover" why={words.TOO_FEW_TELL} />
        </Figure>
        <Figure
          label="DeFi cap"
          note={
            <>
              dominance{" "}
              <Maybe
                of={overview.defi_dominance}
                as={format.percent}
                name="defi_dominance"
                why={whyDefi}
              />
            </>
          }
        >
          <Maybe
            of={overview.defi_market_cap}
            as={format.usd}
            name="defi_market_cap"
            why={whyDefi}
          />
        </Figure>
      </dl>
    </Card>
  );
}

/** How many rows are in the sum. */
function turnoverCount(body: MobileData): string {
  const { turnover_contracts: counted } = body.market_overview;
  return counted === null ? rowsOf(body) : `${format.count(counted)} ${rowsOf(body)}`;
}

function Dominance({ overview, why }: { overview: MarketOverview; why: string }): JSX.Element {
  const parts = [
    { name: "btc", title: "Bitcoin", field: "btc_dominance" },
    { name: "eth", title: "Ether", field: "eth_dominance" },
    { name: "stable", title: "Stablecoins", field: "stablecoin_top10_dominance" },
    { name: "alt", title: "All others", field: "remaining_dominance" },
  ] as const;
  const known = parts.flatMap(({ name, field }) => {
    const of = overview[field];
    // An edge or a device may still hold a body from before two of these fields.
    return of == null ? [] : [{ name, of }];
  });
  return (
    <div class="dominance">
      {/* A bar with a part missing would show the others too large. */}
      {known.length === parts.length && <Stacked parts={known} />}
      <dl class="legend" aria-label="Shares of the whole market's capitalisation">
        {parts.map(({ name, title, field }) => (
          <div key={name}>
            <dt class={`key-${name}`}>{title}</dt>
            <dd>
              <Maybe of={overview[field]} as={format.share} name={field} why={why} />
            </dd>
          </div>
        ))}
      </dl>
      <p class="aside">
        Stablecoins are those among the ten largest coins; smaller ones count with the others.
        {typeof overview.altcoin_share === "number" && (
          <>
            {" "}
            Of {format.count(overview.altcoin_share_contracts ?? 0)} pairs{" "}
            <Num of={overview.altcoin_share} as={format.share} name="altcoin_share" /> did better than Bitcoin over 90 days.
          </>
        )}
      </p>
    </div>
  );
}

/** How far prices move, and how differently. */
export function MovesCard({ body }: { body: MobileData }): JSX.Element {
  const { market_overview: overview } = body;
  const why = "30 daily candles are not loaded";
  const whyCandles = words.whySection(body, "statistics");
  const { realised_volatility_avg: usual } = overview;
  return (
    <Card title="How prices move" note={<SectionAge body={body} section="statistics" />}>
      <dl class="figures">
        <Figure
          label="Realised volatility"
          note={typeof usual !== "number" ? "a day" : <>a day; <Num of={usual} as={format.percent} name="realised_volatility_avg" /> over 30 days</>}
        >
          <Maybe of={overview.realised_volatility} as={format.percent} name="realised_volatility" why={whyCandles} />
        </Figure>
        <Figure label="Trend, either way" note="ADX of 4 h candles, 0 to 100">
          <Maybe of={overview.trend_adx} as={format.fineScore} name="trend_adx" why={whyCandles} />
        </Figure>
        <Figure label="Average range" note="high to low, 24 h">
          <Maybe of={overview.avg_volatility} as={format.percent} name="avg_volatility" why={words.TOO_FEW_TELL} />
        </Figure>
        <Figure label="Bitcoin's volatility" note="a day, over 30 days">
          <Maybe of={overview.btc_daily_volatility} as={format.percent} name="btc_daily_volatility" why={why} />
        </Figure>
        <Figure label="Annualised" note="the same times √365">
          <Maybe of={overview.btc_volatility} as={format.percent} name="btc_volatility" why={why} />
        </Figure>
      </dl>
    </Card>
  );
}
