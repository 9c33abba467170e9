// The market at a glance: where it heads, how broad, what moves, and how the whole of crypto stands.

import type { JSX } from "preact";
import type { MarketOverview, MobileData, MovedSymbol, Sections } from "../../generated/contract.ts";
import * as format from "../format.ts";
import { href } from "../route.ts";
import { HeatMap } from "../ui/heatmap.tsx";
import { Age, Card, Figure, FromMiddle, Stacked } from "../ui/parts.tsx";
import { Change, Maybe, MaybeChange, Num, Unavailable } from "../ui/value.tsx";
import * as words from "../words.ts";

/** The screen. */
export function Market({ body }: { body: MobileData }): JSX.Element {
  return (
    <div class="columns">
      <RegimeCard body={body} />
      <BreadthCard body={body} />
      <FearGreedCard body={body} />
      <Card title="Heat map" class="wide" note="area: turnover, colour: change, 24 h">
        <HeatMap rows={body.confluence_scores} />
      </Card>
      <MoversCard body={body} />
      <WholeMarketCard body={body} />
      <VolatilityCard body={body} />
      <SourcesCard body={body} />
    </div>
  );
}

const NOTHING_MOVED = "no contract moved";
const BASIS = { six_dimension: "from scores in six dimensions", ticker_momentum: "from momentum alone" } as const;

function RegimeCard({ body }: { body: MobileData }): JSX.Element {
  const { market_overview: overview } = body;
  const { market_regime_details: regime } = overview;
  const bitcoin = body.confluence_scores.find(({ symbol }) => symbol === "BTCUSDT");
  return (
    <Card title="Market regime" class="hero" note={BASIS[regime.score_basis]}>
      <p
        class={`regime ${regime.category.toLowerCase().replace(" ", "-")}`}
        data-field="market_regime"
        data-text={overview.market_regime}
      >
        <strong>{regime.category}</strong> <span>{regime.label}</span>
      </p>
      <div class="trend">
        <div class="trend-line">
          <span>Trend strength</span>
          <Maybe
            of={overview.trend_strength}
            as={format.exactScore}
            name="trend_strength"
            why={NOTHING_MOVED}
            class="strong"
          />
        </div>
        {overview.trend_strength !== null && <FromMiddle of={overview.trend_strength} />}
        <div class="ends" aria-hidden="true">
          <span>all fall</span>
          <span>all rise</span>
        </div>
      </div>
      <dl class="figures three">
        <Figure
          label="Bitcoin"
          note={bitcoin ? <Change of={bitcoin.change_24h} as={format.change} name="btc_change_24h" /> : undefined}
        >
          <Num of={overview.btc_price} as={format.price} name="btc_price" />
        </Figure>
        <Figure label="Mean score" note="of all pairs">
          <Num of={regime.mean_score} as={format.exactScore} name="mean_score" />
        </Figure>
        <Figure label="Volatility" note={`${regime.dispersion} spread`}>
          <Maybe
            of={overview.current_volatility}
            as={format.percent}
            name="current_volatility"
            why="fewer than two contracts"
          />
        </Figure>
      </dl>
    </Card>
  );
}

function BreadthCard({ body }: { body: MobileData }): JSX.Element {
  const { market_breadth: breadth, market_overview: overview } = body;
  return (
    <Card
      title="Breadth"
      note={<Num of={breadth.total} as={(total) => `${format.count(total)} contracts`} name="breadth_total" />}
    >
      <div class="breadth">
        <div class="breadth-head">
          <Maybe
            of={breadth.breadth_percentage}
            as={format.share}
            name="breadth_percentage"
            why={NOTHING_MOVED}
            class="big"
          />
          <span class={`mood ${breadth.sentiment ?? ""}`}>
            {breadth.sentiment === null ? "" : `rising, ${breadth.sentiment}`}
          </span>
        </div>
        <Stacked
          parts={[
            { name: "up", of: breadth.up },
            { name: "flat", of: breadth.flat },
            { name: "down", of: breadth.down },
          ]}
        />
        <div class="breadth-legend">
          <span class="up">
            <Num of={breadth.up} as={format.count} name="breadth_up" /> up
          </span>
          <span class="quiet">
            <Num of={breadth.flat} as={format.count} name="breadth_flat" /> flat
          </span>
          <span class="down">
            <Num of={breadth.down} as={format.count} name="breadth_down" /> down
          </span>
        </div>
        <p class="aside">
          Average change <Change of={overview.average_change} as={format.change} name="average_change" />
        </p>
      </div>
    </Card>
  );
}

function FearGreedCard({ body }: { body: MobileData }): JSX.Element {
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

function MoversCard({ body }: { body: MobileData }): JSX.Element {
  return (
    <Card title="Movers" note="24 h, by contracts with real turnover">
      <div class="movers">
        <Movers name="Gainers" rows={body.top_movers.gainers} body={body} none="No contract rose." />
        <Movers name="Losers" rows={body.top_movers.losers} body={body} none="No contract fell." />
      </div>
    </Card>
  );
}

function Movers({
  name,
  rows,
  body,
  none,
}: {
  name: string;
  rows: readonly MovedSymbol[];
  body: MobileData;
  none: string;
}): JSX.Element {
  const isScored = (row: MovedSymbol): boolean => body.confluence_scores.some(({ symbol }) => symbol === row.symbol);
  return (
    <div class="mover-list" data-list={name.toLowerCase()}>
      <h3>{name}</h3>
      {rows.length === 0 && <p class="quiet">{none}</p>}
      <ol>
        {rows.map((row) => (
          <li key={row.symbol} data-symbol={row.symbol}>
            {isScored(row) ? (
              <a href={href("scores", row.symbol)}>{row.display_symbol}</a>
            ) : (
              <span>{row.display_symbol}</span>
            )}
            <Change of={row.change_24h} as={format.change} name="mover_change_24h" />
            <Num of={row.price} as={format.price} name="mover_price" class="quiet" />
            <Num of={row.turnover_24h} as={format.usd} name="mover_turnover_24h" class="quiet" />
          </li>
        ))}
      </ol>
    </div>
  );
}

function WholeMarketCard({ body }: { body: MobileData }): JSX.Element {
  const { market_overview: overview } = body;
  const why = words.whySection(body, "global_market");
  return (
    <Card title="Whole market" note={<SectionAge body={body} section="global_market" />}>
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
        <Figure label="Perpetuals turnover" note="24 h, these contracts on Bybit">
          <Num of={overview.total_turnover} as={format.usd} name="total_turnover" />
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
                why={words.whySection(body, "defi_market")}
              />
            </>
          }
        >
          <Maybe
            of={overview.defi_market_cap}
            as={format.usd}
            name="defi_market_cap"
            why={words.whySection(body, "defi_market")}
          />
        </Figure>
      </dl>
    </Card>
  );
}

function Dominance({ overview, why }: { overview: MarketOverview; why: string }): JSX.Element {
  const parts = [
    { name: "btc", title: "Bitcoin", of: overview.btc_dominance },
    { name: "eth", title: "Ether", of: overview.eth_dominance },
    { name: "stable", title: "Stablecoins", of: overview.stablecoin_dominance },
    { name: "alt", title: "Others", of: overview.altcoin_dominance },
  ] as const;
  const known = parts.flatMap(({ name, of }) => (of === null ? [] : [{ name, of }]));
  const fields = {
    btc: "btc_dominance",
    eth: "eth_dominance",
    stable: "stablecoin_dominance",
    alt: "altcoin_dominance",
  };
  return (
    <div class="dominance">
      {/* A bar with a part missing would show the others too large. */}
      {known.length === parts.length && <Stacked parts={known} />}
      <dl class="legend">
        {parts.map(({ name, title, of }) => (
          <div key={name}>
            <dt class={`key-${name}`}>{title}</dt>
            <dd>
              <Maybe of={of} as={format.share} name={fields[name]} why={why} />
            </dd>
          </div>
        ))}
      </dl>
      {overview.altcoin_season !== null && (
        <p class="aside">
          Altcoin season: <span data-field="altcoin_season">{overview.altcoin_season.toLowerCase()}</span>
        </p>
      )}
    </div>
  );
}

function VolatilityCard({ body }: { body: MobileData }): JSX.Element {
  const { market_overview: overview } = body;
  const why = "30 daily candles are not loaded";
  return (
    <Card title="Volatility">
      <dl class="figures">
        <Figure label="Spread of changes" note="standard deviation, 24 h">
          <Maybe
            of={overview.market_dispersion}
            as={format.percent}
            name="market_dispersion"
            why="fewer than two contracts"
          />
        </Figure>
        <Figure label="Average range" note="high to low, 24 h">
          <Num of={overview.avg_volatility} as={format.percent} name="avg_volatility" />
        </Figure>
        <Figure label="Bitcoin, a day" note="over 30 days">
          <Maybe of={overview.btc_daily_volatility} as={format.percent} name="btc_daily_volatility" why={why} />
        </Figure>
        <Figure label="Bitcoin, a year" note="the same, annualised">
          <Maybe of={overview.btc_volatility} as={format.percent} name="btc_volatility" why={why} />
        </Figure>
      </dl>
    </Card>
  );
}

/** Who said a part, and how long ago it was true. */
function SectionAge({ body, section }: { body: MobileData; section: keyof Sections }): JSX.Element {
  const state = body.sections[section];
  if (state === undefined || state.source === null || state.as_of_ms === null) return <>unavailable</>;
  return (
    <>
      {words.source(state.source)}, <Age of={state.as_of_ms} name={`${section}_as_of_ms`} />
    </>
  );
}

function SourcesCard({ body }: { body: MobileData }): JSX.Element {
  const names = Object.keys(words.SECTION_NAMES) as (keyof Sections)[];
  return (
    <Card title="Where this comes from" class="wide">
      <ul class="sources">
        {names.map((name) => (
          <li key={name} data-section={name}>
            <span class={`dot ${body.sections[name]?.status ?? "unavailable"}`} aria-hidden="true" />
            <span>{words.SECTION_NAMES[name]}</span>
            <span class="quiet">
              {body.sections[name]?.status === "unavailable" || body.sections[name] === undefined ? (
                `unavailable: ${words.whySection(body, name)}`
              ) : (
                <SectionAge body={body} section={name} />
              )}
            </span>
          </li>
        ))}
      </ul>
      <p class="attribution">
        Market data by Bybit and CoinGecko, fear &amp; greed index by alternative.me. Snapshot {body.sequence}.
      </p>
    </Card>
  );
}
