// What the origin publishes: every snapshot that it makes, and the bodies of all endpoints of one of them.

import { appendFileSync, writeFileSync } from "node:fs";
import path from "node:path";
import { setTimeout as pause } from "node:timers/promises";
import { get, until } from "../edge/support.mjs";
import { ALL_ROUTES } from "../promise/routes.mjs";

const TIMEFRAMES = ["0.25", "0.5", "1", "4", "8", "12", "24"];
const CHART = "/api/dashboard/beta-chart";
const OF_SYMBOL = ["/api/dashboard/confluence-analysis/", "/api/dashboard/confluence/breakdown/"];
const ALERTS = "/api/dashboard/alerts/recent";
/** So many questions at once. */
const AT_ONCE = 12;
/** Less than half of the time between two publications. */
const LOOK_MS = 400;

const snapshotOf = async (url) => {
  const answer = await fetch(`${url}/snapshot`);
  return answer.ok ? answer.json() : null;
};

/** Writes down each publication of the origin at `url` until it is stopped. */
export function observe(url, folder) {
  let on = true, last = 0;
  const look = async () => {
    while (on) {
      const snapshot = await snapshotOf(url).catch(() => null);
      if (snapshot && snapshot.as_of_ms > last) {
        last = snapshot.as_of_ms;
        const scored = snapshot.scores.filter(({ confluence }) => confluence);
        const { direction, label, score_basis } = snapshot.regime;
        const line = {
          as_of_ms: last,
          generated_at_ms: snapshot.generated_at_ms,
          // A regime of momentum scores is not compared with one of confluence.
          regime: score_basis === "six_dimension" ? `${direction}: ${label}` : null,
          symbols: snapshot.scores.map(({ symbol }) => symbol),
          scores: Object.fromEntries(scored.map(({ symbol, score }) => [symbol, score])),
        };
        appendFileSync(path.join(folder, "publications.jsonl"), `${JSON.stringify(line)}\n`);
      }
      await pause(LOOK_MS);
    }
  };
  const done = look();
  return {
    last: () => last,
    stop: async () => {
      on = false;
      await done;
    },
  };
}

/** The bodies of every endpoint, all of one publication that is younger than `after`: written down, and given. */
export async function bodiesOfOne(url, folder, after) {
  const bodies = await until("every endpoint shows one publication", async () => {
    const before = await snapshotOf(url);
    if (!before || before.as_of_ms <= after) return null;
    const symbols = before.scores.map(({ symbol }) => symbol);
    const paths = [
      "/snapshot", ...ALL_ROUTES, ALERTS, `${ALERTS}?limit=3`, CHART,
      ...TIMEFRAMES.map((hours) => `${CHART}?timeframe=${hours}`),
      ...OF_SYMBOL.flatMap((prefix) => symbols.map((symbol) => prefix + symbol)),
    ];
    const found = {};
    const ask = async (asked) => {
      const answer = await get(url + asked);
      const headers = Object.fromEntries(["x-data-as-of", "x-data-quality"].map((name) => [name, Number(answer.header(name))]));
      return [asked, { status: answer.status, headers, body: answer.json ?? null }];
    };
    // Some at once, for all must be of one publication.
    while (paths.length > 0)
      for (const [asked, answer] of await Promise.all(paths.splice(0, AT_ONCE).map(ask))) found[asked] = answer;
    const isOfIt = ({ status, body }) => status !== 200 || body.as_of_ms === before.as_of_ms;
    return Object.values(found).every(isOfIt) && found;
  }, { withinMs: 120_000 });
  writeFileSync(path.join(folder, "bodies.json"), JSON.stringify(bodies));
  return bodies;
}
