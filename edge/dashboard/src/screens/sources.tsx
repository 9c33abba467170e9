// Where each part comes from, and how long ago it was true.

import type { JSX } from "preact";
import type { MobileData, Sections } from "../../generated/contract.ts";
import { Age, Card } from "../ui/parts.tsx";
import { exchange, source } from "../provenance.ts";
import * as words from "../words.ts";

/** Who said a part, and how long ago it was true. */
export function SectionAge({ body, section }: { body: MobileData; section: keyof Sections }): JSX.Element | null {
  const state = body.sections[section];
  // The figures themselves say that they are not there, and why.
  if (state === undefined || state.source === null || state.as_of_ms === null) return null;
  return (
    <>
      {source(state.source)}, <Age of={state.as_of_ms} name={`${section}_as_of_ms`} />
    </>
  );
}

/** Whose figures stand on this screen. */
function attribution(body: MobileData): string {
  const { global_market: market, defi_market: defi, fear_greed: index } = body.sections;
  const isThere = (section: typeof market | undefined): boolean => section !== undefined && section.source !== null;
  const parts = [`Prices by ${exchange(body)}`];
  if (isThere(market) || isThere(defi)) parts.push("whole market by CoinGecko");
  if (isThere(index)) parts.push("fear & greed index by alternative.me");
  return `${parts.join(", ")}.`;
}

/** Every part with its source. */
export function SourcesCard({ body }: { body: MobileData }): JSX.Element {
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
      {words.remarks(body.degraded).map((remark) => (
        <p key={remark} class="aside">
          {remark}
        </p>
      ))}
      <p class="attribution">
        {attribution(body)} Snapshot {body.sequence}.{" "}
        <a href="/mobile/licenses.txt">Licences</a>
      </p>
    </Card>
  );
}
