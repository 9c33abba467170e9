// All about one contract: the score, what it is made of, what is missing, and the sentences that say why.

import type { ComponentChildren, JSX } from "preact";
import { useState } from "preact/hooks";
import {
  type Breakdown,
  DIMENSIONS,
  MEASUREMENTS,
  type MeasurementView,
  type MobileData,
  type ScoredSymbol,
  SUB_COMPONENTS,
  type SubComponent,
} from "../../generated/contract.ts";
import * as format from "../format.ts";
import { analysis, breakdown } from "../state.ts";
import { Age, Figure, From, FromMiddle } from "../ui/parts.tsx";
import { Momentum } from "../ui/momentum.tsx";
import { Ring } from "../ui/ring.tsx";
import { Sheet } from "../ui/sheet.tsx";
import { Spark } from "../ui/spark.tsx";
import { Maybe, MaybeChange, Num, Unavailable } from "../ui/value.tsx";
import { turnoverNote } from "../provenance.ts";
import { stanceOf } from "../stance.ts";
import * as words from "../words.ts";
import { isScored } from "./order.ts";

/** The sheet of the contract that the address names. */
export function BreakdownSheet({
  symbol,
  body,
  close,
}: {
  symbol: string;
  body: MobileData | null;
  close: () => void;
}): JSX.Element {
  const row = body?.confluence_scores.find((known) => known.symbol === symbol);
  return (
    <Sheet
      label={`Score of ${row?.display_symbol ?? symbol}`}
      title={
        row === undefined ? (
          symbol
        ) : (
          <>
            {row.display_symbol} <span class="quiet">{row.symbol}</span>
          </>
        )
      }
      close={close}
    >
      {row === undefined || body === null ? (
        <Unknown isKnownToBeAbsent={body !== null} />
      ) : (
        <>
          <Summary row={row} body={body} />
          {row.has_breakdown ? <Parts symbol={symbol} /> : <NotAnalysed />}
        </>
      )}
    </Sheet>
  );
}

function Unknown({ isKnownToBeAbsent }: { isKnownToBeAbsent: boolean }): JSX.Element {
  return (
    <p class="absent">
      {isKnownToBeAbsent ? "Not scored: not among the contracts with most turnover." : "Asking the server…"}
    </p>
  );
}

function NotAnalysed(): JSX.Element {
  return (
    <p class="absent" role="status">
      No score right now. Momentum is another measure: it rests on the price ticker alone.
    </p>
  );
}

function Summary({ row, body }: { row: ScoredSymbol; body: MobileData }): JSX.Element {
  return (
    <div class="sheet-head">
      {isScored(row) ? (
        <>
          <Ring score={row.score} size="large" />
          <p class="verdict">
            <span class={`tag ${stanceOf(row.score)}`}>{stanceOf(row.score)}</span>
          </p>
        </>
      ) : (
        <Momentum of={row.score} />
      )}
      <dl class="figures four">
        <Figure
          label="Price"
          note={
            <MaybeChange of={row.change_24h} as={format.change} name="sheet_change_24h" why={words.ODD_FIGURE} />
          }
        >
          <Num of={row.price} as={format.price} name="sheet_price" />
        </Figure>
        <Figure
          label="High, low"
          note={<Maybe of={row.low_24h} as={format.price} name="sheet_low_24h" why={words.ODD_FIGURE} />}
        >
          <Maybe of={row.high_24h} as={format.price} name="sheet_high_24h" why={words.ODD_FIGURE} />
        </Figure>
        <Figure label="Turnover" note={turnoverNote(body)}>
          <Maybe of={row.turnover_24h} as={format.usd} name="sheet_turnover_24h" why={words.ODD_FIGURE} />
        </Figure>
        <Figure label="Range" note="24 h">
          <Maybe of={row.range_24h} as={format.percent} name="sheet_range_24h" why={words.ODD_FIGURE} />
        </Figure>
      </dl>
    </div>
  );
}

function Parts({ symbol }: { symbol: string }): JSX.Element {
  return (
    <>
      <From resource={breakdown(symbol)}>{({ data, as_of_ms }) => <Dimensions data={data} asOf={as_of_ms} />}</From>
      <Fold title="Report">
        <Report symbol={symbol} />
      </Fold>
    </>
  );
}

function Dimensions({ data, asOf }: { data: Breakdown; asOf: number }): JSX.Element {
  return (
    <>
      <dl class="figures three">
        <Figure label="Inputs" note={missingNote(data.missing.length)}>
          <Num of={data.reliability} as={format.fraction} name="reliability" />
        </Figure>
        <Figure label="Agreement" note="of what it is made of">
          <Maybe of={data.consensus} as={format.fraction} name="consensus" why="nothing is measured" />
        </Figure>
        <Figure label="Age" note="of the analysis">
          {/* An edge or a device may still hold a body from before this field. */}
          <Age of={data.score_as_of_ms ?? asOf} name="breakdown_as_of_ms" />
        </Figure>
      </dl>
      <p class="aside">
        {/* An edge or a device may still hold a body from before these fields. */}
        {data.horizon_hours !== undefined && `Looks at the last ${data.horizon_hours} hours and says nothing of longer ones. `}
        {data.weights != null && `Weights ${data.weights}.`}
      </p>
      <History scores={data.score_history} />
      <h3>Six dimensions</h3>
      <div class="dimensions">
        {DIMENSIONS.map(({ name, title, weight }) => (
          <details key={name} data-dimension={name}>
            <summary>
              <span class="dimension-name">
                {title} <small>{format.fraction(weight)}</small>
              </span>
              {data.components[name] !== null && <FromMiddle of={data.components[name]} />}
              <Maybe
                of={data.components[name]}
                as={format.fineScore}
                name={`component_${name}`}
                why="no part has input"
              />
              {data.interpretations[name] !== undefined && <span class="sentence">{data.interpretations[name]}</span>}
            </summary>
            <SubParts dimension={name} data={data} />
          </details>
        ))}
      </div>
      {data.measurements !== undefined && data.measurements.length > 0 && <Voices of={data.measurements} />}
      <Missing missing={data.missing} />
      <p class="not-advice">{words.NOT_ADVICE}</p>
    </>
  );
}

/** How many parts of the score have no input at all; what is there may lack freshness, too. */
const missingNote = (missing: number): string =>
  missing === 0 ? "there and fresh" : `${missing} of ${SUB_COMPONENTS.length} missing`;

function SubParts({ dimension, data }: { dimension: string; data: Breakdown }): JSX.Element {
  return (
    <ul class="sub-parts">
      {SUB_COMPONENTS.filter((part) => part.dimension === dimension).map(({ name, weight }) => {
        const value = data.sub_components[name];
        return (
          <li key={name} data-part={name}>
            <span>
              {words.partName(name)} <small>{format.fraction(weight)}</small>
            </span>
            {value === null || value === undefined ? (
              <Unavailable name={`part_${name}`} why="no input" />
            ) : (
              <>
                <FromMiddle of={value} />
                <Num of={value} as={format.fineScore} name={`part_${name}`} />
              </>
            )}
          </li>
        );
      })}
    </ul>
  );
}

/** What the score is made of: what measures the same has one voice, and none more than a tenth. */
function Voices({ of }: { of: readonly MeasurementView[] }): JSX.Element {
  const titles = new Map<string, string>(MEASUREMENTS.map(({ name, title }) => [name, title]));
  const byWeight = [...of].sort((a, b) => b.weight - a.weight);
  return (
    <Fold title="What the score is made of">
      <p class="aside">Each figure counts once, with a tenth of the score at most.</p>
      <ul class="sub-parts voices">
        {byWeight.map(({ name, score, weight, reads }) => (
          <li key={name} data-measurement={name}>
            <span>
              {titles.get(name) ?? name} <small>{format.share(weight * 100)}</small>
              {reads === "contrarian" && <small> contrarian</small>}
            </span>
            <FromMiddle of={score} />
            <Num of={score} as={format.fineScore} name={`voice_${name}`} />
          </li>
        ))}
      </ul>
    </Fold>
  );
}

function History({ scores }: { scores: readonly number[] }): JSX.Element {
  const first = scores.at(0);
  const last = scores.at(-1);
  return (
    <div class="history">
      <Spark scores={scores} label={`The last ${scores.length} scores, oldest first: ${scores.join(", ")}`} />
      <p class="aside">
        The last {scores.length} different scores
        {first !== undefined && last !== undefined && scores.length > 1 && (
          <>
            , from <Num of={first} as={format.score} name="history_first" /> to{" "}
            <Num of={last} as={format.score} name="history_last" />
          </>
        )}
      </p>
    </div>
  );
}

/** The name of a part, with its dimension's where another has a part of the same name. */
function missingName(name: SubComponent): string {
  const isAlone = SUB_COMPONENTS.every((part) => part.name === name || words.partName(part.name) !== words.partName(name));
  const dimension = DIMENSIONS.find((known) => name.startsWith(`${known.name}.`))?.title ?? "";
  return isAlone ? words.partName(name) : `${words.partName(name)} (${dimension.toLowerCase()})`;
}

function Missing({ missing }: { missing: readonly SubComponent[] }): JSX.Element {
  return (
    <section class="missing" data-count={missing.length}>
      <h3>Missing inputs</h3>
      {missing.length === 0 ? (
        <p class="quiet">None: every part has its input.</p>
      ) : (
        <>
          <ul class="tags">
            {missing.map((name) => (
              <li key={name} data-missing={name}>
                {missingName(name)}
              </li>
            ))}
          </ul>
          <p class="aside">What they would weigh went to the others.</p>
        </>
      )}
    </section>
  );
}

/** Something that is loaded only when it is opened. */
function Fold({ title, children }: { title: string; children: ComponentChildren }): JSX.Element {
  const [isOpen, setOpen] = useState(false);
  return (
    <details class="fold" data-fold={title.toLowerCase()} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{title}</summary>
      {isOpen && children}
    </details>
  );
}

function Report({ symbol }: { symbol: string }): JSX.Element {
  return (
    <From resource={analysis(symbol)}>
      {(body) => (
        <pre class="report" tabIndex={0} aria-label={`Report about ${symbol}`}>
          {body.analysis}
        </pre>
      )}
    </From>
  );
}
