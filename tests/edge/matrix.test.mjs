// The fault matrix, over the wire: each row is one fault on a cold edge, the answer that a client must get, and how often
// each source may be asked for it. The table of results is printed at the end.

import assert from "node:assert/strict";
import { after, test } from "node:test";
import { BOTH_ROWS } from "./matrix/both.mjs";
import { CACHE_ROWS } from "./matrix/cache.mjs";
import { CLIENT_ROWS } from "./matrix/clients.mjs";
import { EXCHANGE_ROWS } from "./matrix/exchange.mjs";
import { ORIGIN_ROWS } from "./matrix/origin.mjs";
import { SECONDARY_ROWS } from "./matrix/secondary.mjs";
import { table } from "./matrix/table.mjs";
import { TOLERANCE_MS, profile, rewrite, unlessLate, until, useWorld } from "./support.mjs";

const world = useWorld();

let kept;

/** An entry as an edge keeps it for the others of its colo, and its key. */
async function entry() {
  if (!kept) {
    const cache = await world.cache();
    const edge = await world.edge({ cache });
    assert.equal((await edge.get("/mobile-data")).json.data_source, "origin");
    await until("the snapshot is kept", () => cache.entry("/snapshot/"));
    kept = [...cache.entries].find(([key]) => key.includes("/snapshot/"));
  }
  const [key, { headers, ...rest }] = kept;
  return [key, { ...rest, headers: { ...headers } }];
}

/** Puts data of this age into a cache; gives its snapshot. */
async function hold(cache, ageMs) {
  const [key, held] = await entry();
  const asOf = Date.now() - ageMs;
  rewrite(held, (snapshot) => ({ ...snapshot, as_of_ms: asOf, generated_at_ms: Math.max(asOf, snapshot.generated_at_ms) }));
  cache.entries.set(key, held);
  return JSON.parse(held.body);
}

/** How often each source was asked. */
const calls = async () => ({ origin: world.link.requests(), ...(await world.exchange.requests()) });

async function run(row, scene, result) {
  await world.recover();
  const cache = await world.cache();
  const start = (options) => world.edge({ cache, vars: row.vars?.(world.exchange), direct: row.direct, ...options });
  Object.assign(scene, { cache, link: world.link, exchange: world.exchange, start, calls });
  if (row.heldAgeMs !== undefined) scene.held = await hold(cache, row.heldAgeMs);
  scene.edge = await start();
  await row.given(scene);
  const answer = row.ask ? await row.ask(scene) : await scene.edge.get("/mobile-data");
  const asked = await calls();
  scene.answer = answer;
  Object.assign(result, { profile: profile(answer), answer, asked, tookMs: answer.tookMs, withinMs: row.withinMs });
  await row.expect(answer, scene);
  assert.ok(answer.tookMs < row.withinMs + TOLERANCE_MS, `${answer.tookMs} ms`);
  for (const [source, count] of Object.entries(row.calls)) {
    assert.equal(asked[source], count, `${source} was asked ${asked[source]} times`);
  }
}

/** Whether the edge took no notice of what its colo held: it has 50 ms to read it. */
function hasMissedTheCache({ held, edge, answer }) {
  if (!held || !answer) return false;
  const shown = [answer.json?.as_of_ms, answer.json?.sources?.at(-1).as_of_ms];
  return !shown.includes(held.as_of_ms) && !edge.logs().some((line) => line.event === "cache_entry_refused");
}

const results = [];

const OF_EXCHANGES = [...EXCHANGE_ROWS, ...SECONDARY_ROWS, ...BOTH_ROWS];

/** The same, where another Worker owns the way to the exchanges: for whom it goes wrong must not matter to clients. */
const DIVIDED_ROWS = OF_EXCHANGES.filter(({ alone }) => !alone).map((row) => ({
  ...row,
  fault: `${row.fault}, at the Worker that owns the way there`,
  direct: {},
}));

for (const row of [...ORIGIN_ROWS, ...OF_EXCHANGES, ...DIVIDED_ROWS, ...CACHE_ROWS, ...CLIENT_ROWS]) {
  test(`${row.id} ${row.fault}`, async () => {
    const result = { id: row.id, fault: row.fault, is: "failed" };
    results.push(result);
    await unlessLate({ hangs: row.hangs, isLate: hasMissedTheCache }, (scene) => run(row, scene, result));
    result.is = "as promised";
  });
}

after(() => console.log(table(results)));
