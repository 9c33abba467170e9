// The secret of the origin: it opens it, goes to it alone, and is in nothing that is told.

import assert from "node:assert/strict";
import { test } from "node:test";
import { exchangeRequests, firstData, startEdge, startLink, startOrigin, startServer, until, useWorld } from "./support.mjs";

const OLD = "hunter2-hunter2-hunter2";
const NEW = "hunter3+hunter3/hunter3=";
const WRONG = "hunter4-hunter4-hunter4";
const METRICS_TOKEN = "a-token-of-the-tests";
const BEARER = { headers: { authorization: `Bearer ${METRICS_TOKEN}` } };

/** The origin takes both, as while one takes the place of the other. */
const world = useWorld({ start: (simulator) => startOrigin(simulator, { ORIGIN_SECRET: `${NEW},${OLD}` }) });

const edgeWith = (vars, options = {}) => world.edge({ ...options, vars: { METRICS_TOKEN, ...vars } });

const refreshes = (edge) => edge.logs().filter(({ event }) => event === "refresh");

/** Everything that an edge tells anybody. */
async function assertNothingIsTold(edge) {
  for (const path of ["/mobile-data", "/health", "/metrics", "/nothing-here"]) {
    const answer = await edge.get(path, BEARER);
    const told = answer.text + JSON.stringify(answer.lines);
    assert.doesNotMatch(told, /hunter/, path);
  }
  assert.doesNotMatch(edge.lines.join("\n"), /hunter/, "the log");
}

test("each of the origin's secrets opens it, and the edge serves what it says", async () => {
  for (const ORIGIN_SECRET of [NEW, OLD, `${NEW}\n`]) {
    const edge = await edgeWith({ ORIGIN_SECRET });
    const answer = await until("data comes from the origin", async () => {
      const answer = await edge.get("/mobile-data");
      return answer.json?.data_source === "origin" && answer;
    });
    assert.ok(!answer.json.degraded.some((reason) => reason.startsWith("origin_")), answer.json.degraded.join());
    assert.deepEqual([...new Set(world.link.credentials())], [[`Bearer ${ORIGIN_SECRET.trim()}`]]);
    await assertNothingIsTold(edge);
  }
});

test("with a wrong secret, or none, clients get Bybit's own data, and every place where it is told says http_401", async () => {
  for (const [ORIGIN_SECRET, sent] of [[WRONG, [`Bearer ${WRONG}`]], [undefined, []]]) {
    const edge = await edgeWith({ ORIGIN_SECRET });
    const answer = await firstData(edge);
    assert.equal(answer.json.data_source, "bybit_direct");
    assert.equal(answer.header("x-data-source"), "bybit_direct");
    assert.ok(answer.json.degraded.includes("origin_http_401"), answer.json.degraded.join());
    assert.match(answer.header("proxy-status"), /next-hop="origin"; received-status=401; details="http_401"/);
    const [refresh] = await until("the refresh is told", () => refreshes(edge).length > 0 && refreshes(edge));
    assert.deepEqual(refresh.asked.map(({ source, outcome }) => [source, outcome]), [["origin", "http_401"], ["bybit-direct", "ok"]]);
    const page = (await edge.get("/metrics", BEARER)).text;
    assert.match(page, /^edge_source_requests_total\{source="origin",outcome="http_401"\} [1-9]/m);
    assert.deepEqual([...new Set(world.link.credentials().map(String))], [String(sent)]);
    await assertNothingIsTold(edge);
  }
});

test("the secret goes to the origin alone: no exchange and no other Worker is shown it", async () => {
  const exchange = world.kept(await startLink(world.exchange.url));
  for (const options of [{}, { direct: {} }]) {
    exchange.forget();
    // All of them are asked: the origin fails, then Bybit, then OKX, and Binance.
    await world.link.order("answer", { status: 503 });
    await exchange.order("answer", { status: 503 });
    const edge = await edgeWith(
      { ORIGIN_SECRET: OLD, BYBIT_ALTERNATIVE_BASE_URL: exchange.url, OKX_BASE_URL: exchange.url, BINANCE_BASE_URL: exchange.url },
      { bybit: exchange.url, ...options },
    );
    assert.equal((await edge.get("/mobile-data")).status, 503);
    assert.deepEqual(world.link.credentials(), [[`Bearer ${OLD}`]]);
    assert.ok(exchange.requests() >= 3, `${exchange.requests()} requests`);
    assert.deepEqual(exchange.credentials().flat(), [], "an exchange was shown a credential");
    await assertNothingIsTold(edge);
  }
});

test("a bound Worker is shown no secret", async () => {
  const shown = [];
  const direct = world.kept(await startServer((request, response) => {
    shown.push(request.headers);
    response.writeHead(503).end();
  }));
  await world.link.order("answer", { status: 503 });
  const edge = await edgeWith({ ORIGIN_SECRET: OLD }, { direct: { url: direct.url } });
  await edge.get("/mobile-data");
  assert.ok(shown.length > 0, "it was not asked");
  for (const headers of shown) assert.doesNotMatch(JSON.stringify(headers), /hunter|authorization/);
});

test("an origin that redirects takes the secret nowhere: the redirect is an answer of no use", async () => {
  const elsewhere = world.kept(await startLink(world.origin.url));
  for (const status of [301, 302, 307, 308]) {
    elsewhere.forget();
    await world.link.order("answer", { status, headers: { location: `${elsewhere.url}/snapshot` } });
    const edge = await edgeWith({ ORIGIN_SECRET: OLD });
    const answer = await firstData(edge);
    assert.equal(answer.json.data_source, "bybit_direct");
    assert.match(answer.header("proxy-status"), new RegExp(`received-status=${status}; details="http_${status}"`));
    assert.equal(elsewhere.requests(), 0, `a ${status} was followed`);
  }
});

test("a client's own credential goes nowhere", async () => {
  const exchange = world.kept(await startLink(world.exchange.url));
  const edge = await edgeWith({ ORIGIN_SECRET: undefined }, { bybit: exchange.url });
  await edge.get("/mobile-data", { headers: { authorization: `Bearer ${OLD}`, "x-request-id": "a-client" } });
  assert.deepEqual(world.link.credentials(), [[]]);
  assert.deepEqual(exchange.credentials().flat(), []);
  assert.ok((await exchangeRequests(world.exchange)) > 0);
});

test("an edge without a secret serves an origin that asks for none", async (t) => {
  const origin = await startOrigin(world.exchange);
  t.after(origin.stop);
  const link = world.kept(await startLink(origin.url));
  for (const ORIGIN_SECRET of [undefined, OLD]) {
    const edge = await startEdge({ origin: link.url, bybit: world.exchange.url, vars: { ORIGIN_SECRET } });
    t.after(edge.stop);
    const source = async () => (await edge.get("/mobile-data")).json?.data_source === "origin";
    await until("data comes from the origin", source);
  }
});
