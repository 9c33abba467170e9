// The whole path as a newcomer runs it: `scripts/dev` with Redis, origin and edge against the simulated exchange, and
// with recorded answers of the real one. Parts are killed and brought back while a client keeps asking.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { after, before, describe, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { checkAnswer } from '../promise/answer.mjs';
import { ask } from '../promise/ask.mjs';

const ROOT = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');

// Recordings of the real exchange are no part of this project; where they are at hand they are used.
const RECORDINGS = process.env.RECORDINGS_DIR ?? path.join(ROOT, '../shared/captures');

// Short limits, so that every state is seen within seconds.
const LIMITS = { REFRESH_AFTER_S: '1', FRESH_S: '4', AGING_S: '6', STALE_S: '10' };

const PATIENCE_MS = 90_000;

/** Asks until `condition` gives something. */
async function eventually(what, condition) {
  const started = Date.now();
  for (;;) {
    const found = await condition();
    if (found) return found;
    assert.ok(Date.now() - started < PATIENCE_MS, `${what}: not within ${PATIENCE_MS} ms`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

/** Runs scripts/dev on any free ports; gives each part's URL, pid and command line. */
async function dev(options) {
  const child = spawn('scripts/dev', [...options, '--port', '0', '--origin-port', '0'], {
    cwd: ROOT,
    env: { ...process.env, ...LIMITS, TICKERS_INTERVAL_MS: '500', NO_COLOR: '1', REDIS_URL: '' },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (output += chunk));
  const ended = new Promise((resolve) => child.once('exit', (code, signal) => resolve(code ?? signal)));
  let hasEnded = false;
  ended.then(() => (hasEnded = true));
  // The first run on a machine compiles everything.
  const started = Date.now();
  while (!/Ctrl-C stops everything/.test(output)) {
    assert.ok(!hasEnded, `scripts/dev ended:\n${output}`);
    assert.ok(Date.now() - started < 1_800_000, `scripts/dev is not ready:\n${output}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const parts = {};
  for (const [, name, pid, command] of output.matchAll(/^ {2}(\w+) +kill (\d+) +(.*)$/gm)) {
    parts[name] = { pid: Number(pid), command };
  }
  const urlOf = (part) => output.match(new RegExp(`^ {2}${part} +(http://[^/\\s]+)`, 'm'))?.[1];
  const [edge, origin, simulator] = ['edge', 'origin', 'simulator'].map(urlOf);
  for (const url of [edge, origin]) assert.match(url, /:[1-9]\d*$/, output);
  return { child, ended, output: () => output, parts, edge, origin, simulator };
}

const get = (url) => ask(url, { patienceMs: 10_000 });

const AGE_LIMITS = {
  refresh: Number(LIMITS.REFRESH_AFTER_S), fresh: Number(LIMITS.FRESH_S), aging: Number(LIMITS.AGING_S), stale: Number(LIMITS.STALE_S),
};

/** Whatever happens, an answer is true data with its age and source, or a problem; and only of contracts that count. */
function assertHonest(answer, ours) {
  checkAnswer(answer, { limits: AGE_LIMITS });
  if (answer.status !== 200) return;
  const { confluence_scores, top_movers } = answer.json;
  for (const { symbol } of [...confluence_scores, ...top_movers.gainers, ...top_movers.losers]) {
    assert.ok(ours.has(symbol), `${symbol} is no crypto perpetual that trades`);
  }
}

/** Runs scripts/probe against a part; gives its exit status and what it said. */
function probe(url) {
  return new Promise((resolve) => {
    const child = spawn('scripts/probe', [url, '--watch', '4', '--limits', Object.values(AGE_LIMITS).join()], { cwd: ROOT });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => (said += chunk));
    child.on('close', (code) => resolve({ code, said }));
  });
}

/** The crypto USDT perpetuals that trade, as the exchange itself lists them. */
async function listed(simulator) {
  const answer = await get(`${simulator}/v5/market/instruments-info?category=linear&limit=1000`);
  const crypto = answer.json.result.list.filter(
    (row) =>
      row.contractType === 'LinearPerpetual' && row.settleCoin === 'USDT' && row.quoteCoin === 'USDT' &&
      row.status === 'Trading' && !row.isPreListing && ['', 'innovation'].includes(row.symbolType),
  );
  return new Set(crypto.map((row) => row.symbol));
}

const isRunning = (pid) => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

async function stop(run) {
  if (!run) return;
  process.kill(run.child.pid, 'SIGINT');
  await run.ended;
}

describe('with the simulated exchange', () => {
  let run;
  let ours;
  const revived = [];

  /** Asks the edge until an honest answer fits; every answer on the way has to be honest too. */
  const answerWhere = (what, fits) =>
    eventually(what, async () => {
      const answer = await get(`${run.edge}/mobile-data`);
      assertHonest(answer, ours);
      return fits(answer) && answer;
    });

  const revive = (part) => {
    const child = spawn('bash', ['-c', `exec ${run.parts[part].command}`], { stdio: 'ignore' });
    revived.push(child);
  };

  before(async () => {
    run = await dev(['--simulated']);
    ours = await listed(run.simulator);
  });

  after(async () => {
    for (const child of revived) child.kill('SIGKILL');
    await stop(run);
  });

  test('the edge serves the origin\'s data, labelled as simulated', async () => {
    const answer = await answerWhere('origin data', (it) => it.status === 200 && it.json.data_source === 'origin');
    const body = answer.json;
    assert.equal(body.freshness, 'fresh');
    assert.equal(body.top_movers.gainers.length, 5);
    assert.equal(body.top_movers.losers.length, 5);
    assert.equal(body.sections.tickers.source, 'simulated:bybit');
    assert.ok(body.degraded.includes('simulated_data'));
    assert.equal(answer.headers.get('x-market-data'), 'simulated');
    assert.match(answer.headers.get('cache-status'), /edge;/);
    assert.match(run.output(), /SIMULATED EXCHANGE/);
  });

  test('scripts/probe finds nothing wrong with the edge, nor with the origin', async () => {
    for (const url of [run.edge, run.origin]) {
      const { code, said } = await probe(url);
      assert.equal(code, 0, said);
    }
  });

  test('without the origin the edge goes to the exchange itself', async () => {
    process.kill(run.parts.origin.pid, 'SIGKILL');
    const answer = await answerWhere(
      'direct data',
      (it) => it.status === 200 && it.json.data_source === 'bybit_direct',
    );
    const body = answer.json;
    assert.equal(body.freshness, 'fresh');
    assert.ok(body.confluence_scores.every((row) => row.score_basis === 'ticker_momentum' && row.components === null));
    assert.ok(body.confluence_scores.every((row) => row.has_breakdown === false));
    assert.ok(body.degraded.some((reason) => reason.startsWith('origin_')), body.degraded.join());
    // Scores live seconds and went with the origin: no signal is better than one made of momentum.
    const signals = await get(`${run.edge}/api/dashboard/signals`);
    assert.equal(signals.status, 503);
    assertHonest(signals, ours);
    assert.deepEqual(signals.json.sources, [{ name: 'analysis', outcome: 'not_analysed', as_of_ms: null }]);
  });

  test('without the exchange too, old data is marked and then refused', async () => {
    process.kill(run.parts.simulator.pid, 'SIGKILL');
    const stale = await answerWhere('stale data', (it) => it.status === 200 && it.json.freshness === 'stale');
    assert.equal(stale.json.data_source, 'last_known_good');
    assert.equal(stale.headers.get('cache-control'), 'no-store');
    const refused = await answerWhere('a refusal', (it) => it.status === 503);
    assert.ok(refused.json.sources.length >= 2, refused.text);
  });

  test('with both back the edge serves the origin\'s data again, without a restart', async () => {
    revive('simulator');
    revive('origin');
    await answerWhere('origin data again', (it) => it.status === 200 && it.json.data_source === 'origin');
    assert.ok(isRunning(run.parts.edge.pid));
  });

  test('Ctrl-C stops everything that was started', async () => {
    const { edge, redis } = run.parts;
    process.kill(run.child.pid, 'SIGINT');
    assert.equal(await run.ended, 130);
    assert.ok(!isRunning(edge.pid) && !isRunning(redis.pid), 'a part was left behind');
    run = undefined;
  });
});

describe('with recorded answers of the real exchange', { skip: !existsSync(RECORDINGS) && `no ${RECORDINGS}` }, () => {
  let run;
  before(async () => (run = await dev(['--replay', RECORDINGS])));
  after(() => stop(run));

  test('the edge serves the recorded market, labelled as replayed, and invents nothing beside it', async () => {
    const ours = await listed(run.simulator);
    assert.equal(ours.size, 514);
    const answer = await get(`${run.edge}/mobile-data`);
    assertHonest(answer, ours);
    const body = answer.json;
    assert.equal(body.top_movers.gainers.length, 5);
    assert.equal(body.top_movers.losers.length, 5);
    assert.equal(body.sections.tickers.source, 'replayed:bybit');
    assert.ok(body.degraded.includes('replayed_data'));
    // The recorded figures of the whole market are long past their limit, and fear & greed was not recorded.
    for (const field of ['btc_dominance', 'total_market_cap', 'coingecko_volume_24h', 'fear_greed_value']) {
      assert.equal(body.market_overview[field], null, field);
    }
    assert.equal(body.sections.global_market.reason, 'too_old');
  });
});
