// Every pair with its score. The order stays as it is while the reader looks: a row must not move away under a finger.

import { computed, signal } from "@preact/signals";
import type { JSX } from "preact";
import { useState } from "preact/hooks";
import type { MobileData, ScoredSymbol } from "../../generated/contract.ts";
import * as format from "../format.ts";
import { href, wantedScroll } from "../route.ts";
import { market, now } from "../state.ts";
import { Choice } from "../ui/parts.tsx";
import { Momentum } from "../ui/momentum.tsx";
import { Ring } from "../ui/ring.tsx";
import { Spark } from "../ui/spark.tsx";
import { Maybe, MaybeChange, Num } from "../ui/value.tsx";
import { ODD_FIGURE } from "../words.ts";
import { ORDERS, type Order, type Side, isInOrder, isScored, orderSentence, ordered, picked } from "./order.ts";

const order = signal<Order>("score");
const side = signal<Side>("all");
const text = signal("");
/** The symbols in the order in which they were put last. */
const placed = signal<readonly string[]>([]);
/** When the values were true by which that was done. */
const placedBy = signal(0);

const rows = computed(() => market.held.value.body?.confluence_scores ?? []);
const shown = computed(() => picked(ordered(rows.value, placed.value, order.value), side.value, text.value));

function putInOrder(): void {
  placed.value = ordered(rows.peek(), [], order.peek()).map(({ symbol }) => symbol);
  placedBy.value = market.held.peek().body?.as_of_ms ?? 0;
}

/** The screen. */
export function Scores({ body }: { body: MobileData }): JSX.Element {
  // Whoever comes anew sees the newest order; whoever goes back finds the rows where they were.
  useState(() => {
    if (placed.peek().length === 0 || (wantedScroll() ?? 0) === 0) putInOrder();
  });
  const all = body.confluence_scores;
  const counted = (wanted: Side): number => picked(all, wanted, "").length;
  return (
    <section class="list-screen" aria-labelledby="scores-title">
      <h2 id="scores-title" class="hidden">
        Scores
      </h2>
      <Toolbar counted={counted} />
      {!all.some(isScored) && (
        <p class="aside of-other-kind">
          No contract has a score right now. Momentum is another measure: it rests on the price ticker alone.
        </p>
      )}
      <ul class="rows scores" data-count={shown.value.length}>
        {shown.value.map((row) => (
          <Row key={row.symbol} row={row} />
        ))}
      </ul>
      {shown.value.length === 0 && <p class="absent">No pair is like that.</p>}
    </section>
  );
}

function Toolbar({ counted }: { counted: (side: Side) => number }): JSX.Element {
  const sides: [Side, string][] = [
    ["all", `All ${counted("all")}`],
    ["long", `Long ${counted("long")}`],
    ["neutral", `Neutral ${counted("neutral")}`],
    ["short", `Short ${counted("short")}`],
  ];
  const isOff = !isInOrder(rows.value, placed.value, order.value);
  return (
    <div class="toolbar">
      <div class="toolbar-line">
        <input
          type="search"
          aria-label="Find a pair"
          placeholder="Find a pair"
          autocomplete="off"
          spellcheck={false}
          value={text.value}
          onInput={(event) => (text.value = event.currentTarget.value)}
        />
        <label class="select">
          <span class="hidden">Sort by</span>
          <select
            value={order.value}
            onChange={(event) => {
              order.value = event.currentTarget.value as Order;
              putInOrder();
            }}
          >
            {Object.entries(ORDERS).map(([value, { title }]) => (
              <option key={value} value={value}>
                {title}
              </option>
            ))}
          </select>
        </label>
        <button
          type="button"
          class="resort"
          disabled={!isOff}
          onClick={putInOrder}
          aria-label="Sort again by the newest values"
        >
          ↻
        </button>
      </div>
      <p class="aside order" data-field="order">
        {orderSentence(order.value, !isOff, format.exactMoment(placedBy.value, now.value))}
      </p>
      <Choice label="Which pairs" options={sides} chosen={side.value} choose={(wanted) => (side.value = wanted)} />
    </div>
  );
}

function Row({ row }: { row: ScoredSymbol }): JSX.Element {
  return (
    <li data-symbol={row.symbol}>
      <a href={href("scores", row.symbol)} class="row">
        {isScored(row) ? (
          <Ring score={row.score} />
        ) : (
          <span class="no-score">no score</span>
        )}
        <span class="who">
          <strong>{row.display_symbol}</strong>
          <Num of={row.price} as={format.price} name="price" class="quiet" />
        </span>
        {isScored(row) ? (
          <Spark
            scores={row.score_history}
            label={`The last ${row.score_history.length} scores of ${row.display_symbol}`}
          />
        ) : (
          <Momentum of={row.score} />
        )}
        <span class="what">
          <MaybeChange of={row.change_24h} as={format.change} name="change_24h" why={ODD_FIGURE} />
          <Maybe of={row.turnover_24h} as={format.usd} name="turnover_24h" class="quiet" why={ODD_FIGURE} />
        </span>
      </a>
    </li>
  );
}
