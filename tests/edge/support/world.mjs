// Everything around the edge, and the opening lines that the test files share.

import { after, afterEach, before } from "node:test";
import { startCache } from "./cache.mjs";
import { startLink } from "./link.mjs";
import { until } from "./process.mjs";
import { startOrigin, startSimulator } from "./services.mjs";
import { startEdge } from "./worker.mjs";

/**
 * Everything around the edge: an origin, the link to it, and an exchange of the edge's own, whose counts the origin does
 * not disturb. Both exchanges show the same market.
 */
export async function startWorld({ start = startOrigin } = {}) {
  const [exchangeOfOrigin, exchange] = await Promise.all([startSimulator(), startSimulator()]);
  const origin = await start(exchangeOfOrigin);
  const link = await startLink(origin.url);
  return {
    origin,
    link,
    exchange,
    /** A cold edge, with everything in order and nothing counted. */
    edge: async (options = {}) => {
      link.forget();
      await exchange.forget();
      return startEdge({ origin: link.url, bybit: exchange.url, ...options });
    },
    recover: async () => {
      await link.order("pass");
      await exchange.recover();
    },
    stop: async () => {
      await link.stop();
      await origin.stop();
      await Promise.all([exchangeOfOrigin.stop(), exchange.stop()]);
    },
  };
}

/**
 * A world for the tests of one file: there before the first, in order again after each, gone after the last. Edges and
 * caches that a test starts through it are stopped when the test is over.
 */
export function useWorld(options) {
  let world;
  let parts = [];
  const kept = (part) => {
    parts.push(part);
    return part;
  };
  before(async () => {
    world = await startWorld(options);
  });
  afterEach(async () => {
    // The last first: an edge before the cache it writes to.
    for (const part of parts.reverse()) await part.stop();
    parts = [];
    await world.recover();
  });
  after(() => world?.stop());
  return {
    get origin() {
      return world.origin;
    },
    get link() {
      return world.link;
    },
    get exchange() {
      return world.exchange;
    },
    edge: async (edgeOptions) => kept(await world.edge(edgeOptions)),
    cache: async () => kept(await startCache()),
    /** Stops something else when the test is over. */
    kept,
    recover: () => world.recover(),
  };
}

/** Age limits under which nothing but a cold start asks a source. */
export const STILL_LIMITS = { REFRESH_AFTER_S: "600", FRESH_S: "601", AGING_S: "602", STALE_S: "603" };

/** The first answer with data: on a busy machine a source may be late for the first one. */
export const firstData = (edge) => until("the edge has data", async () => {
  const answer = await edge.get("/mobile-data");
  return answer.status === 200 && answer;
});

/** How often the exchange was asked for anything. */
export async function exchangeRequests(exchange) {
  return Object.values(await exchange.requests()).reduce((sum, count) => sum + count, 0);
}
