// The market at a glance: where it heads, how broad, what moves, and how the whole of crypto stands.

import type { JSX } from "preact";
import type { MobileData, MovedSymbol } from "../../generated/contract.ts";
import * as format from "../format.ts";
import { href } from "../route.ts";
import { HeatMap } from "../ui/heatmap.tsx";
import { Card, Figure, FromMiddle, Stacked } from "../ui/parts.tsx";
import { Change, Maybe, MaybeChange, Num } from "../ui/value.tsx";
import { isSpot, isTurnoverEstimated, rowsOf } from "../provenance.ts";
import { ODD_FIGURE } from "../words.ts";
import { basis, meanNote, meanTitle } from "./measured.ts";
import { FearGreedCard, MovesCard, WholeMarketCard } from "./whole-market.tsx";
import { SourcesCard } from "./sources.tsx";

/** The screen. */
export function Market({ body }: { body: MobileData }): JSX.Element {
  return (
    <div class="columns">
      <RegimeCard body={body} />
      <BreadthCard body={body} />
      <FearGreedCard body={body} />
      <Card title="Heat map" class="wide" note={`area: ${turnoverWord(body)}, colour: change, 24 h`}>
        <HeatMap rows={body.confluence_scores} />
      </Card>
      <MoversCard body={body} />
      <WholeMarketCard body={body} />
      <MovesCard body={body} />
      <SourcesCard body={body} />
    </div>
  );
}

const NOTHING_MOVED = "nothing moved";

/** A turnover, with what is to be known of it. */
function turnoverWord(body: MobileData): string {
  if (isSpot(body)) return "spot turnover";
  return isTurnoverEstimated(body) ? "estimated turnover" : "turnover";
}

function RegimeCard({ body }: { body: MobileData }): JSX.Element {
  const { market_overview: overview } = body;
  const { market_regime_details: regime } = overview;
  const bitcoin = body.confluence_scores.find(({ symbol }) => symbol === "BTCUSDT");
  return (
    <Card title="Market regime" class="hero" note={basis(regime, body.confluence_scores)}>
      <p
        class={`regime ${regime.category.toLowerCase().replace(" ", "-")}`}
        data-field="market_regime"
      >
        <strong>{regime.category}</strong> <span>{regime.label}</span>
      </p>
      <div class="trend">
        <div class="trend-line">
          <span>Rising, of what moved</span>
          <Maybe
            of={overview.trend_strength}
            as={format.fineScore}
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
          note={bitcoin ? <MaybeChange of={bitcoin.change_24h} as={format.change} name="btc_change_24h" why={ODD_FIGURE} /> : undefined}
        >
          <Num of={overview.btc_price} as={format.price} name="btc_price" />
        </Figure>
        <Figure label={meanTitle(regime)} note={meanNote(regime, body.confluence_scores)}>
          <Num of={regime.mean_score} as={format.fineScore} name="mean_score" />
        </Figure>
        <Figure label="Spread of 24 h changes" note="around their median">
          <Maybe
            of={overview.dispersion}
            as={format.percent}
            name="dispersion"
            why="fewer than two changes are known"
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
      note={<Num of={breadth.total} as={(total) => `${format.count(total)} ${rowsOf(body)}`} name="breadth_total" />}
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
          {breadth.breadth_percentage !== null && (
            <span class={`mood ${breadth.sentiment ?? ""}`}>rising, of what moved</span>
          )}
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
          Average change, each counted once: <Change of={overview.average_change} as={format.change} name="average_change" />
        </p>
      </div>
    </Card>
  );
}

function MoversCard({ body }: { body: MobileData }): JSX.Element {
  return (
    <Card title="Movers" note={`24 h, with a least ${turnoverWord(body)}`}>
      <div class="movers">
        <Movers name="Gainers" rows={body.top_movers.gainers} body={body} none="None rose." />
        <Movers name="Losers" rows={body.top_movers.losers} body={body} none="None fell." />
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
