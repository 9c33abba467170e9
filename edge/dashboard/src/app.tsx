// The frame: what the data is, the screen, the navigation, and the sheet over it.

import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef } from "preact/hooks";
import { BreakdownSheet } from "./screens/breakdown.tsx";
import { BetaScreen } from "./screens/beta.tsx";
import { Market } from "./screens/market.tsx";
import { Perps } from "./screens/perps.tsx";
import { Scores } from "./screens/scores.tsx";
import { SignalsScreen } from "./screens/signals.tsx";
import { type Route, type Screen, closeSheet, href, route, wantedScroll } from "./route.ts";
import { market } from "./state.ts";
import { Head, NoData } from "./ui/status.tsx";
import { Waiting } from "./ui/parts.tsx";
import { Guard } from "./ui/guard.tsx";

const TITLES: Record<Screen, { readonly title: string; readonly short: string; readonly icon: string }> = {
  market: { title: "Market", short: "Market", icon: "M4 19V11M9.5 19V5M15 19v-6M20 19V8" },
  scores: { title: "Scores", short: "Scores", icon: "M12 3a9 9 0 1 1-8.5 6M12 8v4l3 2" },
  signals: { title: "Signals & alerts", short: "Signals", icon: "M6 17V11a6 6 0 0 1 12 0v6l1.5 2h-15zM10 21h4" },
  beta: { title: "Bitcoin beta", short: "Beta", icon: "M4 17l5-6 4 3 7-9M15 5h5v5" },
  perps: { title: "Perpetuals", short: "Perps", icon: "M7 9h11l-3-3M17 15H6l3 3" },
};

/** The whole page. */
export function App(): JSX.Element {
  const { screen, sheet: symbol } = route.value;
  const heading = useRef<HTMLHeadingElement>(null);
  const isFirst = useRef(true);
  useEffect(() => {
    document.title = `${TITLES[screen].title} · Market data`;
    // A reader who hears the page is told where it went; at the start nothing has gone anywhere.
    if (!isFirst.current) heading.current?.focus({ preventScroll: true });
    isFirst.current = false;
  }, [screen]);
  useLayoutEffect(() => {
    const top = wantedScroll();
    if (top !== null) scrollTo(0, top);
  }, [route.value]);
  return (
    <>
      <a class="skip" href="#content" onClick={(event) => skip(event)}>
        Skip to the content
      </a>
      <Head>
        <h1 ref={heading} tabIndex={-1}>
          {TITLES[screen].title}
        </h1>
      </Head>
      <nav class="tabs" aria-label="Screens">
        {(Object.keys(TITLES) as Screen[]).map((name) => (
          <a key={name} href={href(name)} aria-current={name === screen ? "page" : undefined}>
            <svg viewBox="0 0 24 24" aria-hidden="true">
              <path d={TITLES[name].icon} />
            </svg>
            {TITLES[name].short}
          </a>
        ))}
      </nav>
      <main id="content" class="dated-by-page" tabIndex={-1} data-screen={screen}>
        <Guard key={screen} of={market.held.value.body}>
          <Content route={route.value} />
        </Guard>
      </main>
      {symbol !== null && (
        <Guard key={symbol} of={market.held.value.body}>
          <BreakdownSheet symbol={symbol} body={market.held.value.body} close={closeSheet} />
        </Guard>
      )}
    </>
  );
}

/** The address after `#` is the screen's, so the link moves the focus by itself. */
function skip(event: Event): void {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

function Content({ route: { screen, detail } }: { route: Route }): JSX.Element {
  const { body, trouble } = market.held.value;
  if (screen === "signals") return <SignalsScreen detail={detail} />;
  if (screen === "beta") return <BetaScreen detail={detail} />;
  if (screen === "perps") return <Perps />;
  if (body === null) return trouble === null ? <Waiting /> : <NoData trouble={trouble} />;
  return screen === "market" ? <Market body={body} /> : <Scores body={body} />;
}
