// Contracts against Bitcoin: side by side in a chart, and how each moves with it in a table.

import { signal } from "@preact/signals";
import type { JSX } from "preact";
import { useMemo } from "preact/hooks";
import { type Beta, type BetaChart, type BetaSymbol, TIMEFRAMES } from "../../generated/contract.ts";
import * as format from "../format.ts";
import { href } from "../route.ts";
import { beta, chart } from "../state.ts";
import { lineColour } from "../ui/line-colour.ts";
import { LineChart } from "../ui/line-chart.tsx";
import { Age, Card, Choice, Figure, From } from "../ui/parts.tsx";
import { Change, Maybe, MaybeChange, Num, Unavailable } from "../ui/value.tsx";
import * as words from "../words.ts";
import { SPANS, type Span, betaWords, byBeta, columns, figuresOf, lineNames } from "./beta-rows.ts";

const DEFAULT_HOURS = "4";
const span = signal<Span>("30d");
/** Contracts that the reader added to the chart or took from it. */
const chosen = signal<ReadonlyMap<string, boolean>>(new Map());

/** The screen; the address says how far back the chart goes. */
export function BetaScreen({ detail }: { detail: string | null }): JSX.Element {
  const hours = TIMEFRAMES.find((known) => known === detail) ?? DEFAULT_HOURS;
  return (
    <div class="columns">
      <Card title="Performance" class="wide" note="percent since the left edge">
        <Choice
          label="How far back"
          options={TIMEFRAMES.map((known) => [known, spanTitle(known)])}
          chosen={hours}
          choose={(wanted) => location.replace(href("beta", wanted))}
        />
        <From key={hours} resource={chart(hours)}>
          {(body) => <Performance body={body} />}
        </From>
      </Card>
      <From resource={beta}>{(body) => <Betas body={body} />}</From>
    </div>
  );
}

const spanTitle = (hours: string): string => (Number(hours) < 1 ? `${Number(hours) * 60} min` : `${hours} h`);

function Performance({ body }: { body: BetaChart }): JSX.Element {
  const shown = lineNames(body, chosen.value);
  const toggle = (symbol: string): void => {
    chosen.value = new Map(chosen.value).set(symbol, !shown.includes(symbol));
  };
  const lines = useMemo(() => columns(body, shown), [body, shown.join(" ")]);
  const ends = body.performance_summary.filter(({ symbol }) => shown.includes(symbol));
  const said = ends.map(({ symbol, change }) => `${symbol} ${format.change(change)}`).join(", ");
  return (
    <>
      <LineChart names={shown} data={lines} label={`Performance in percent: ${said}`} />
      <p class="aside">
        {body.chart_as_of_ms === null ? (
          "Of unknown age."
        ) : (
          <>
            Up to the candle that closed <Age of={body.chart_as_of_ms} name="chart_as_of_ms" /> ago.
          </>
        )}{" "}
        Choose a pair to draw it.
      </p>
      <ul class="performance">
        {body.performance_summary.map(({ symbol, change }) => {
          const place = shown.indexOf(symbol);
          return (
            <li key={symbol} data-symbol={symbol}>
              <button type="button" aria-pressed={place >= 0} onClick={() => toggle(symbol)}>
                <span class={`swatch ${place >= 0 ? lineColour(place) : ""}`} aria-hidden="true" />
                <span>{words.baseOf(symbol)}</span>
                <Change of={change} as={format.change} name="performance_change" />
              </button>
            </li>
          );
        })}
      </ul>
    </>
  );
}

function Betas({ body }: { body: Beta }): JSX.Element {
  const { overview } = body;
  return (
    <>
      <Card
        title="Beta"
        class="wide"
        note={
          body.beta_as_of_ms === null ? (
            "of unknown age"
          ) : (
            <>
              returns to <Age of={body.beta_as_of_ms} name="beta_as_of_ms" /> ago
            </>
          )
        }
      >
        <dl class="figures">
          <Figure label="Mean beta to Bitcoin" note="30 days, each pair alike">
            <Maybe of={overview.market_beta} as={format.ratio} name="market_beta" why="too few returns" />
          </Figure>
          <Figure label="Mean correlation" note="with Bitcoin, 30 days, each pair alike">
            <Maybe of={overview.avg_correlation} as={format.ratio} name="avg_correlation" why="too few returns" />
          </Figure>
        </dl>
        <dl class="figures three">
          <Figure label="β below 0.9">
            <Num of={overview.low_beta_count} as={format.count} name="low_beta_count" />
          </Figure>
          <Figure label="0.9 to 1.5">
            <Num of={overview.neutral_beta_count} as={format.count} name="neutral_beta_count" />
          </Figure>
          <Figure label="1.5 and more">
            <Num of={overview.high_beta_count} as={format.count} name="high_beta_count" />
          </Figure>
        </dl>
      </Card>
      <Card title="Against Bitcoin" class="wide" note="hourly returns, highest β first; under each β where the true one lies, in 95 of 100 cases">
        <Choice
          label="Over how long"
          options={SPANS.map((known) => [known, known.replace("d", " days")])}
          chosen={span.value}
          choose={(wanted) => (span.value = wanted)}
        />
        <BetaTable body={body} />
      </Card>
    </>
  );
}

function BetaTable({ body }: { body: Beta }): JSX.Element {
  return (
    <div class="table-frame" tabIndex={0} role="region" aria-label="Beta of each contract">
      <table class="betas">
        <thead>
          <tr>
            <th scope="col">Pair</th>
            <th scope="col">
              <abbr title="Beta: how far it moves on average when Bitcoin moves by one">β</abbr>
            </th>
            <th scope="col">
              <abbr title="Correlation with Bitcoin">ρ</abbr>
            </th>
            <th scope="col">
              <abbr title="Share of its movement that Bitcoin explains">R²</abbr>
            </th>
            <th scope="col">24 h</th>
          </tr>
        </thead>
        <tbody>
          {byBeta(body.symbols, span.value).map((row) => (
            <BetaRow key={row.symbol} row={row} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function BetaRow({ row }: { row: BetaSymbol }): JSX.Element {
  const figures = figuresOf(row, span.value);
  const why = "too few returns";
  return (
    <tr data-symbol={row.symbol}>
      <th scope="row">
        <a href={href("scores", row.symbol)}>{words.baseOf(row.symbol)}</a>
        {figures !== null && <small>{betaWords(figures)}</small>}
      </th>
      {figures === null ? (
        <td colSpan={3}>
          <Unavailable name="beta" why={why} />
        </td>
      ) : (
        <>
          <td>
            <Num of={figures.beta} as={format.ratio} name="beta" class="strong" />
            {figures.low !== null && figures.high !== null && (
              <small class="interval">
                {format.ratio(figures.low)} to {format.ratio(figures.high)}
              </small>
            )}
          </td>
          <td>
            <Num of={figures.correlation} as={format.ratio} name="correlation" />
          </td>
          <td>
            <Num of={figures.rSquared} as={format.ratio} name="r_squared" />
          </td>
        </>
      )}
      <td>
        <MaybeChange of={row.change_24h} as={format.change} name="beta_change_24h" why="not among the scored pairs" />
      </td>
    </tr>
  );
}
