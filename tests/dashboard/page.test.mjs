// The page in Chromium, on the edge as wrangler runs it, with the real origin and the simulated exchange behind it. One
// world for all suites: it takes a while until every contract is analysed.

import { after, before, describe } from "node:test";
import { startAnalysedOrigin, startSimulator, startWrangler, until } from "../edge/support.mjs";
import { accessSuite } from "./access.mjs";
import { agesSuite } from "./ages.mjs";
import { askingSuite } from "./asking.mjs";
import { bootSuite } from "./boot.mjs";
import { launch } from "./browser.mjs";
import { faultsSuite } from "./faults.mjs";
import { placesSuite } from "./places.mjs";
import { releaseSuite } from "./release.mjs";
import { safetySuite } from "./safety.mjs";
import { sightSuite } from "./sight.mjs";
import { statesSuite } from "./states.mjs";
import { valuesSuite } from "./values.mjs";
import { wordsSuite } from "./words.mjs";

const world = {};

before(async () => {
  const simulator = await startSimulator();
  const [origin, browser] = await Promise.all([startAnalysedOrigin(simulator), launch()]);
  // The way past the origin is closed: on a busy machine the edge would take it now and then, and show less.
  const edge = await startWrangler({ origin: origin.url, bybit: "http://127.0.0.1:1" });
  await until(
    "the edge has the analysed snapshot",
    async () => {
      const { json } = await edge.get("/mobile-data");
      return json?.data_source === "origin" && json.confluence_scores.every(({ has_breakdown }) => has_breakdown);
    },
    { withinMs: 60_000 },
  );
  Object.assign(world, { simulator, origin, browser, edge });
});

after(async () => {
  await world.browser?.close();
  await world.edge?.stop();
  await world.origin?.stop();
  await world.simulator?.stop();
});

// Two lanes: beside those who wait for time to pass run those who keep the machine busy, one suite after the other.
describe("the page", { concurrency: 2 }, () => {
  describe("as time passes", () => {
    faultsSuite(world);
    askingSuite(world);
    agesSuite(world);
    bootSuite(world);
    releaseSuite(world);
  });
  describe("at each moment", { concurrency: 1 }, () => {
    valuesSuite(world);
    wordsSuite(world);
    statesSuite(world);
    sightSuite(world);
    safetySuite(world);
    placesSuite(world);
    accessSuite(world);
  });
});
