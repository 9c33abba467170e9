// Every figure that the origin publishes, worked out anew in Python from the raw answers that a recording proxy kept: on the
// simulated market, on hostile rows, and on recorded answers of the real services.
//
//   ORACLE_PYTHON    folder with NumPy and TA-Lib (default: what Python itself finds)
//   ORACLE_MINUTES   how long the simulated market is observed (default: until everything is loaded). From 4 on, what is
//                    compared with its own history is there too; above 5, open interest is asked for twice, which may alert
//   ORACLE_KEEP      a folder in which what was recorded is left

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import os from "node:os";
import path from "node:path";
import { after, describe, test } from "node:test";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { ROOT, listening, program, run, startOrigin, until } from "../edge/support.mjs";
import { WATCHED, hostile, thin } from "./hostile.mjs";
import { bodiesOfOne, observe } from "./observer.mjs";
import { startRecorder } from "./recorder.mjs";

const ORACLE = fileURLToPath(new URL("oracle.py", import.meta.url));
const MINUTES = Number(process.env.ORACLE_MINUTES ?? 0);
const MONITORED = 40;
/** How often each input of a contract is answered before all of it is there: hourly candles come in three pages. */
const WANTED = { "recent-trade ": 1, "orderbook ": 1, "kline 1": 1, "kline 5": 1, "kline 30": 1, "kline 240": 1, "kline 60": 3,
  "open-interest ": 1, "account-ratio ": 1, "history ": 1 };

const folders = process.env.ORACLE_KEEP ?? mkdtempSync(path.join(os.tmpdir(), "oracle-"));
after(() => process.env.ORACLE_KEEP || rmSync(folders, { recursive: true, force: true }));

/** Whether every input of so many contracts was answered. */
const isLoaded = ({ loaded }) => {
  const has = ([symbol, known]) => Object.entries(WANTED).every(([input, count]) => known.get(input) >= count) &&
    (symbol !== "BTCUSDT" || known.get("kline D"));
  return loaded.size >= MONITORED && [...loaded].every(has);
};

/** What the oracle says of a folder. */
const judged = (folder) => python(ORACLE, folder);

/** What a program in Python prints. */
async function python(...args) {
  const env = { ...process.env, PYTHONDONTWRITEBYTECODE: "1", ...(process.env.ORACLE_PYTHON && { PYTHONPATH: process.env.ORACLE_PYTHON }), OMP_NUM_THREADS: "1" };
  const { stdout } = await promisify(execFile)("python3", args, { env, maxBuffer: 1 << 28 });
  return JSON.parse(stdout);
}

/** The fetches of inputs that the origin at `url` counts as answered. */
async function taken(url) {
  const text = await (await fetch(`${url}/metrics`)).text();
  const counter = /^upstream_requests_total\{(.*)\} (\d+)/gm;
  const isInput = (labels) => labels.includes('outcome="ok"') && /upstream="bybit_(?!tickers|instruments)/.test(labels);
  return [...text.matchAll(counter)].filter(([, labels]) => isInput(labels)).reduce((sum, [, , count]) => sum + Number(count), 0);
}

/**
 * Runs the origin on a simulator with `args` until `isThere(url, recorder, since)`, and records into `folder` the publication after
 * it. Gives how many answers were sent and not taken: on a machine that is too busy the origin does not wait for all.
 */
async function record(name, folder, { args = [], rewrite, isThere, settings }) {
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const stops = [];
  try {
    const simulator = run(program("SIMULATOR_BIN", "exchange-simulator"), ["--listen", "127.0.0.1:0", ...args], {});
    stops.push(simulator.stop);
    const market = await listening(simulator);
    const recorder = await startRecorder(market, folder, rewrite?.());
    stops.push(recorder.stop);
    const origin = await startOrigin({ url: recorder.url }, { BYBIT_REQUESTS_PER_5S: "300", MONITORED_SYMBOLS: String(MONITORED), TICKERS_INTERVAL_MS: "4000" });
    stops.push(origin.stop);
    const observer = observe(origin.url, folder);
    stops.push(observer.stop);
    const began = performance.now();
    await until(`${name}: everything is there`, () => isThere(origin.url, recorder, performance.now() - began), { withinMs: MINUTES * 60_000 + 240_000 });
    // The records of open interest are walked with what the rest leaves of the budget, so they are asked for last.
    await until(`${name}: every source was asked`, async () => {
      const { dependencies } = await (await fetch(`${origin.url}/health`)).json();
      return dependencies.some((dependency) => dependency.name === "bybit_interest_record");
    }, { withinMs: 120_000 });
    await recorder.close(until);
    // One table may have been under way; the publication after the next rests on what came before.
    const closed = observer.last();
    await until("another publication", () => observer.last() > closed);
    const bodies = await bodiesOfOne(origin.url, folder, observer.last());
    const { as_of_ms } = bodies["/snapshot"].body;
    await until("it was written down", () => observer.last() >= as_of_ms);
    writeFileSync(path.join(folder, "settings.json"), JSON.stringify({
      mover_turnover_floor: 1_000_000, monitored_symbols: MONITORED, is_replayed: false, must_answer: [], ...settings,
    }));
    return recorder.sent() - (await taken(origin.url));
  } finally {
    for (const stop of stops.reverse()) await stop();
  }
}

/**
 * How often a run is made again in which a figure differs: what was known when something was made is concluded from when
 * answers were sent, and on a busy machine some are not waited for, or are read a moment later. What is wrong is so each time.
 */
const RUNS = 3;

/** Records, and what the oracle says of it: no figure may differ, and every number that is published must be compared. */
async function observed(name, t, { mayBeNull, ...options }) {
  const folder = path.join(folders, name);
  let found;
  for (let left = RUNS; left > 0; left -= 1) {
    const lost = await record(name, folder, options);
    found = await judged(folder);
    if (found.wrong.length === 0) break;
    t.diagnostic(`${found.wrong.length} figures differ, ${lost} answers were not waited for; of them: ${found.wrong.slice(0, 5).join("; ")}`);
  }
  const kinds = Object.values(found.given).reduce((reasons, [why, count]) => reasons.set(why, (reasons.get(why) ?? 0) + count), new Map());
  t.diagnostic(`${found.compared} figures of ${found.fields} fields and ${found.words} words compared; ${found.six_dimension} ` +
    `six-dimension scores of ${found.parts.length} parts; alerts: ${found.alerts.join(", ") || "none"}`);
  for (const [why, count] of kinds) t.diagnostic(`not compared: ${count} of: ${why}`);
  assert.deepEqual(found.wrong.slice(0, 40), [], `${found.wrong.length} figures differ`);
  assert.deepEqual(found.uncompared, {}, "numbers are published that the oracle neither compares nor lists");
  assert.deepEqual(found.only_null.filter((field) => !mayBeNull?.test(field)), [], "fields are null wherever they stand, so nothing was worked out");
  return found;
}

const contains = async (url, kinds) => {
  const { alerts } = await (await fetch(`${url}/api/dashboard/alerts`)).json();
  return kinds.every((kind) => alerts.some(({ alert_type }) => alert_type === kind));
};

const analysed = async (url, recorder) => {
  if (!isLoaded(recorder)) return false;
  const { scores, beta, performance, global_market, defi_market, fear_greed } = await (await fetch(`${url}/snapshot`)).json();
  return scores.every(({ confluence }) => confluence) && [beta, performance, global_market, defi_market, fear_greed].every(({ state }) => state === "present");
};

const must_answer = ["/mobile-data", "/api/bitcoin-beta/realtime", "/api/dashboard/alerts", "/api/dashboard/signals",
  "/api/dashboard/opportunities", "/api/dashboard/perpetuals-pulse", "/api/dashboard/beta-chart", "/api/contracts", "/api/books"];

test("what was liquidated is what the definitions make of what was heard", async () => {
  const { compared, wrong } = await python(path.join(ROOT, "tests/oracle/liquidations.py"));
  assert.deepEqual(wrong, []);
  assert.ok(compared > 10, `only ${compared} figures were compared`);
});

test("what a stream brings to a score is what the definitions make of it", async () => {
  const { compared, wrong } = await python(path.join(ROOT, "tests/oracle/streamed.py"));
  assert.deepEqual(wrong, []);
  assert.equal(compared, 8);
});

/** Parts of a score that only a stream brings, of which the test above is: the origin is observed without one here. */
const STREAMED = /[.](orderbook[.](order_flow_imbalance|fleeting_orders|absorption)|sentiment[.]liquidations)$/;

test("every figure that is published is defined in docs/methodology.md", () => {
  const read = (...parts) => readFileSync(path.join(ROOT, ...parts), "utf8");
  const bodies = path.join("tests", "golden", "bodies");
  const lines = readdirSync(path.join(ROOT, bodies)).flatMap((file) => read(bodies, file).split("\n"));
  const figures = lines.filter((line) => /\bnumber\b/.test(line.split(" ")[1] ?? "")).map((line) => line.split(" ")[0].replace(/[?]|\[\]/g, ""));
  const names = new Set(figures.map((field) => field.split(".").at(-1)).filter((name) => !name.startsWith("{")));
  assert.ok(names.size > 100, `only ${names.size} names of figures were read`);
  const defined = new Set(read("docs", "methodology.md").match(/`[^`]+`/g).flatMap((code) => code.match(/[a-z][a-z0-9_]*/g) ?? []));
  assert.deepEqual([...names].filter((name) => !defined.has(name)), []);
});

describe("the figures that are published are those that follow from the answers", () => {
  test("on the simulated market", async (t) => {
    const isThere = async (url, recorder, sinceMs) => {
      if (sinceMs >= MINUTES * 60_000) return analysed(url, recorder);
      await pause(1_000);
      return false;
    };
    // A premium is set beside two hours of its own past.
    const found = await observed("simulated", t, { isThere, mayBeNull: new RegExp(`premium_unusual$|${STREAMED.source}`), settings: { must_answer } });
    assert.ok(found.compared > 20_000, `only ${found.compared} figures were compared`);
    assert.equal(found.six_dimension, MONITORED);
    const withHistory = ["orderbook.liquidity", "orderflow.liquidity"].filter((part) => found.parts.includes(part));
    assert.equal(withHistory.length, MINUTES >= 4 ? 2 : 0, "parts that are compared with their own history");
  });

  test("where rows are odd, and tie", async (t) => {
    const alarms = ["funding", "large_trade", ...(MINUTES > 5 ? ["open_interest"] : [])];
    const state = { alarm: false };
    const rewrite = () => {
      state.alarm = false;
      return hostile(state);
    };
    const isThere = async (url, recorder) => {
      if (!isLoaded(recorder)) return false;
      state.alarm = true;
      return contains(url, alarms);
    };
    const found = await observed("hostile", t, {
      rewrite, isThere, settings: { must_answer },
      mayBeNull: new RegExp(`(premium_unusual|active_cryptocurrencies|(stablecoin|stablecoin_top10|altcoin|remaining)_dominance)$|${STREAMED.source}`),
    });
    assert.ok(found.compared > 20_000, `only ${found.compared} figures were compared`);
    assert.ok(alarms.every((kind) => found.alerts.includes(kind)));
    const watched = new Set(found.watched);
    assert.deepEqual(WATCHED.filter((symbol) => !watched.has(symbol)), [], "contracts of odd rows are not watched");
  });

  test("where much of the table is missing", async (t) => {
    const isThere = async (url) => (await fetch(`${url}/mobile-data`)).ok;
    const found = await observed("thin", t, { rewrite: () => thin, isThere, mayBeNull: /./, settings: { must_answer: ["/mobile-data"] } });
    assert.ok(found.compared > 3_000, `only ${found.compared} figures were compared`);
  });

  const recordings = process.env.RECORDINGS_DIR;
  test("on recorded answers of the real services", { skip: !recordings && "no recorded answers are there (RECORDINGS_DIR)" }, async (t) => {
    const isThere = async (url) => {
      const { sections } = await (await fetch(`${url}/mobile-data`)).json();
      return sections.global_market.reason !== "not_fetched_yet" && sections.defi_market.reason !== "not_fetched_yet";
    };
    // Candles, books, trades and positions were not recorded, and what was is too old to be of today.
    const mayBeNull = /./;
    const found = await observed("recorded", t, { args: ["--replay", recordings], isThere, mayBeNull, settings: { is_replayed: true, must_answer: ["/mobile-data"] } });
    assert.ok(found.compared > 3_000, `only ${found.compared} figures were compared`);
    assert.equal(found.six_dimension, 0);
  });
});
