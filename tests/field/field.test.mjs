// Odd inputs of kinds that the field has really met, against the real origin and the edge's direct way: what is served is
// worked out anew from the table that was really sent, and each input costs what its case says.

import assert from "node:assert/strict";
import { after, before, describe, test } from "node:test";
import { LIMITS, checkAnswer, firstData, get, listing, startCache, startEdge, startOrigin, startSimulator, until } from "../edge/support.mjs";
import { LISTS, OTHERS, PUBLISHERS, TABLES, TABLES_OF_OTHERS, standingStill } from "./cases.mjs";
import { contracts, figures } from "./oracle.mjs";
import { startSpoiler } from "./proxy.mjs";

/** Nobody listens there. */
const NO_ORIGIN = "http://127.0.0.1:9";

/** Shown figures are rounded to four decimals at least, and their inputs to some eight digits. */
const isNear = (shown, expected) => Math.abs(shown - expected) <= 1e-4 + Math.abs(expected) * 1e-6;

let simulator, proxy, counted;

before(async () => {
  simulator = await startSimulator();
  proxy = await startSpoiler(simulator.url);
  counted = (await listing(simulator.url)).ours;
});
after(async () => {
  await proxy?.stop();
  await simulator?.stop();
});

const mobileData = async (url) => {
  const answer = await get(`${url}/mobile-data`);
  checkAnswer(answer, { limits: LIMITS });
  return answer;
};

/** Asks until an answer comes of a table that `spoil` spoiled: its body, and the table. */
const spoiledAnswer = (url, spoil) => until("a spoiled table is served", async () => {
  const { json: body } = await mobileData(url);
  const table = proxy.table(body.as_of_ms);
  return table?.spoil === spoil && { body, table };
});

const at = (body, path) => path.split(".").reduce((value, name) => value[name], body);

/** Every figure of a body against those of the table that it is of. */
function checkFigures(body, table, lost, symbols = counted) {
  const rows = contracts(table.rows, symbols, lost);
  const { gainers, losers, ...scalars } = figures(rows);
  for (const [path, expected] of Object.entries(scalars)) {
    const shown = at(body, path);
    const isRight = expected === null || shown === null ? shown === expected : isNear(shown, expected);
    assert.ok(isRight, `${path} is ${shown} in place of ${expected}`);
  }
  const symbolsOf = (list) => list.map(({ symbol }) => symbol);
  assert.deepEqual([symbolsOf(body.top_movers.gainers), symbolsOf(body.top_movers.losers)], [gainers, losers]);
  const bySymbol = new Map(rows.map((row) => [row.symbol, row]));
  for (const shown of body.confluence_scores) {
    const row = bySymbol.get(shown.symbol);
    assert.ok(row, `${shown.symbol} is shown`);
    for (const [field, figure] of [["price", "price"], ["change_24h", "change"], ["turnover_24h", "turnover"], ["high_24h", "high"], ["low_24h", "low"]]) {
      const isRight = row[figure] === null ? shown[field] === null : shown[field] !== null && isNear(shown[field], row[figure]);
      assert.ok(isRight, `${shown.symbol}'s ${field} is ${shown[field]} in place of ${row[figure]}`);
    }
  }
}

/** A cold edge that has Bybit alone, or what else `options` say. */
async function withEdge(work, options = {}) {
  const edge = await startEdge({ origin: NO_ORIGIN, bybit: proxy.url, ...options });
  try {
    return await work(edge);
  } finally {
    await edge.stop();
  }
}

/** A cold origin. */
async function withOrigin(work, vars = {}) {
  const origin = await startOrigin({ url: proxy.url }, vars);
  try {
    return await work(origin);
  } finally {
    await origin.stop();
  }
}

describe("a ticker table with", () => {
  let origin;
  before(async () => {
    origin = await startOrigin({ url: proxy.url }, { TICKERS_INTERVAL_MS: "250" });
  });
  after(() => origin?.stop());

  for (const [what, spoil, { refused, ...lost }] of TABLES) {
    test(`${what} costs ${JSON.stringify(refused ?? lost)}`, async () => {
      proxy.spoil(spoil);
      try {
        if (refused) {
          await Promise.all([checkOriginRefuses(origin, refused), withEdge((edge) => checkEdgeRefuses(edge, refused))]);
        } else {
          const check = async ({ url }) => {
            const { body, table } = await spoiledAnswer(url, spoil);
            checkFigures(body, table, lost);
          };
          await Promise.all([check(origin), withEdge(check)]);
        }
      } finally {
        proxy.spoil();
      }
      await until("the origin goes on", async () => {
        const { json: body } = await mobileData(origin.url);
        const table = proxy.table(body.as_of_ms);
        return table && !table.spoil;
      });
    });
  }
});

/** The origin goes on serving what it had, and names the reason. */
async function checkOriginRefuses({ url }, reason) {
  const counter = new RegExp(`^snapshot_rejections_total\\{reason="${reason}"\\} (\\d+)`, "m");
  const count = async () => Number((await get(`${url}/metrics`)).text.match(counter)?.[1] ?? 0);
  const counted = await count();
  await until(`the table is refused as ${reason}`, async () => (await count()) > counted);
  const { json: body } = await mobileData(url);
  const table = proxy.table(body.as_of_ms);
  assert.equal(table.spoil, undefined, "a refused table is served");
  checkFigures(body, table, {});
}

async function checkEdgeRefuses(edge, reason) {
  const answer = await edge.get("/mobile-data");
  assert.equal(answer.status, 503);
  assert.ok(answer.text.includes(reason), `${answer.text} does not name ${reason}`);
}

for (const [exchange, other] of Object.entries(OTHERS)) {
  describe(`a ticker table of ${exchange} with`, () => {
    let cache;
    before(async () => {
      cache = await startCache();
      await simulator.fail("bybit", { kind: "status", status: 503 });
      // Binance tells no contracts: those of OKX that this colo has seen are used.
      await withEdge(async (edge) => {
        await firstData(edge);
        await until("the list of contracts is stored", () => cache.entry("/universe-okx/"));
      }, { cache, vars: { OKX_BASE_URL: proxy.url } });
    });
    after(async () => {
      await simulator.recover();
      await cache?.stop();
    });

    /** What a cold edge shows that has this exchange alone. */
    const shown = () => {
      cache.drop((key) => !key.includes("/universe-okx/"));
      const vars = { [`${exchange.toUpperCase()}_BASE_URL`]: proxy.url };
      return withEdge(async (edge) => {
        const { json: body } = await firstData(edge);
        assert.equal(body.sections.tickers.source, `simulated:${exchange}`);
        return body;
      }, { cache, vars });
    };

    for (const [what, spoilFor, isLost] of TABLES_OF_OTHERS) {
      test(`${what} costs ${isLost ? "the row" : "nothing"}`, async () => {
        const before = await shown();
        proxy.spoil(spoilFor(other));
        try {
          const body = await shown();
          assert.equal(body.market_overview.active_symbols, before.market_overview.active_symbols - (isLost ? 1 : 0));
          assert.equal(body.confluence_scores.some(({ symbol }) => symbol === "SOLUSDT"), !isLost);
          const rows = other.rowsOf(await (await fetch(simulator.url + other.path + other.query)).json());
          const prices = new Map(rows.map((row) => [row[other.name], Number(row[other.price])]));
          for (const { symbol, price } of body.confluence_scores) {
            const now = prices.get(other.nameOf(symbol));
            // Read a moment later: a price moves a little, and no unit.
            assert.ok(Math.abs(price / now - 1) < 0.05, `${symbol} is shown at ${price} in place of ${now}`);
          }
        } finally {
          proxy.spoil();
        }
      });
    }
  });
}

test("a market that stands still behind a gateway that answers grows old by name, at origin and edge", async () => {
  const vars = { TICKERS_INTERVAL_MS: "250", REFRESH_AFTER_S: "0", FRESH_S: "2", AGING_S: "3", STALE_S: "4" };
  const limits = { refresh: 0, fresh: 2, aging: 3, stale: 4 };
  const check = async ({ url }, outcome) => {
    const ask = async () => {
      const answer = await get(`${url}/mobile-data`);
      checkAnswer(answer, { limits });
      return answer;
    };
    await until("there is data", async () => (await ask()).status === 200);
    const met = new Set();
    const still = standingStill();
    proxy.spoil(still);
    await until("it is refused in the end, by name", async () => {
      const answer = await ask();
      // The first refusal may tell of a refresh before it, in which data was merely old.
      if (answer.status === 503) return outcome.test(answer.text);
      met.add(answer.json.freshness);
      assert.ok(answer.json.as_of_ms <= still.since(), "a market that stands still grew younger");
      return false;
    }, { withinMs: 30_000 });
    assert.ok(met.has("aging"), `it was served as ${[...met]}`);
    proxy.spoil();
    await until("it moves again", async () => (await ask()).json.freshness === "fresh");
  };
  await withOrigin((origin) => check(origin, /market_still/), { ...vars, REFRESH_AFTER_S: "1" });
  await withEdge((edge) => check(edge, /"bybit-direct","outcome":"stale"/), { vars });
});

describe("a list of contracts with", () => {
  for (const [what, spoil, cost] of LISTS) {
    test(`${what} costs ${JSON.stringify(cost)}`, async () => {
      proxy.spoil(spoil);
      const check = async ({ url }) => {
        const { json: body } = await firstData({ get: () => mobileData(url) });
        const { rows } = proxy.table(body.as_of_ms);
        const counts = cost.degraded ? (await listing(proxy.url)).ours : new Set([...counted].filter((symbol) => !cost.without?.includes(symbol)));
        checkFigures(body, { rows }, {}, counts);
        const told = body.degraded.filter((reason) => reason.startsWith("instruments"));
        assert.deepEqual(told, cost.degraded ? [cost.degraded] : []);
      };
      try {
        await Promise.all([withOrigin(check), withEdge(check)]);
      } finally {
        proxy.spoil();
      }
    });
  }
});

describe("a publisher with", () => {
  for (const [what, spoil, nulls, section, reason] of PUBLISHERS) {
    test(`${what} costs ${nulls.join(", ")}`, async () => {
      proxy.spoil(spoil);
      try {
        await withOrigin(async ({ url }) => {
          const body = await until("every publisher was heard", async () => {
            const { json: body } = await mobileData(url);
            const isHeard = ({ status, reason }) => status !== "unavailable" || reason !== "not_fetched_yet";
            return ["global_market", "defi_market", "fear_greed"].every((name) => isHeard(body.sections[name])) && body;
          });
          const overview = body.market_overview;
          const known = ["btc_dominance", "total_market_cap", "defi_market_cap", "fear_greed_value", "active_cryptocurrencies"];
          for (const name of nulls) assert.equal(overview[name], null, `${name} is ${overview[name]}`);
          const lost = known.filter((name) => overview[name] === null && !nulls.includes(name));
          assert.deepEqual(lost, [], "another figure is lost");
          const told = body.sections[section]?.reason ?? "";
          assert.equal(told, reason ?? "");
          checkFigures(body, proxy.table(body.as_of_ms), {});
        });
      } finally {
        proxy.spoil();
      }
    });
  }
});
