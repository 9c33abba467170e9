// The probe of a running deployment passes what is honest, edge and origin, and finds every lie.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import path from "node:path";
import { describe, test } from "node:test";
import zlib from "node:zlib";
import { probe } from "../promise/probe.mjs";
import { ROOT, until, useWorld } from "./support.mjs";
import { startLiar } from "./support/liar.mjs";

const world = useWorld();

/** Runs the script as an operator does: its exit status and what it said. */
function run(...args) {
  return new Promise((resolve) => {
    const child = spawn(path.join(ROOT, "scripts/probe"), args, { env: process.env });
    let said = "";
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (chunk) => (said += chunk));
    child.on("close", (code) => resolve({ code, said }));
  });
}

/** Once it serves something: a busy machine may be late for the first deadlines of a cold edge. */
const warm = (edge) => until("the edge serves data", async () => (await edge.get("/mobile-data")).status === 200);

test("an honest edge and an honest origin pass", async () => {
  const edge = await world.edge({ vars: { FRESH_S: "60", AGING_S: "120" } });
  await warm(edge);
  const [ofEdge, ofOrigin] = await Promise.all([
    run(edge.url, "--limits", "3,60,120,300"), run(`${world.origin.url}/`, "--watch", "3"),
  ]);
  for (const { code, said } of [ofEdge, ofOrigin]) {
    assert.equal(code, 0, said);
    assert.match(said, /^✓ \/mobile-data: (origin|bybit_direct), fresh, \d+ s old, \d+ bytes$/m);
    assert.match(said, /^✓ all \d+ checks of http:\S+ passed$/m);
    assert.doesNotMatch(said, /✗/);
  }
});

test("an edge that went to the exchange itself passes, for it says so", async () => {
  await world.link.order("refuse");
  const edge = await world.edge();
  await warm(edge);
  const { code, said } = await run(edge.url, "--watch", "1");
  assert.equal(code, 0, said);
  assert.match(said, /^✓ \/mobile-data: bybit_direct, fresh/m);
  assert.match(said, /^✓ \/api\/dashboard\/signals: no analysis, and says so/m);
});

test("an edge that has nothing fails, and the reason is told", async () => {
  await world.link.order("refuse");
  await world.exchange.fail("bybit-tickers", { kind: "status", status: 503 });
  const edge = await world.edge();
  const { code, said } = await run(edge.url, "--watch", "0");
  assert.equal(code, 1);
  assert.match(said, /^✗ \/mobile-data: 503: origin connection_failed, bybit-direct http_503, edge-last-good empty$/m);
});

test("nobody there fails; a command line that is none is told so", async () => {
  assert.equal((await run("http://127.0.0.1:1", "--watch", "0")).code, 1);
  for (const args of [[], ["nonsense"], ["ftp://x"], ["http://a", "http://b"], ["http://a", "--limits", "1,2"], ["http://a", "--watch", "x"], ["http://a", "--what"]]) {
    const { code, said } = await run(...args);
    assert.equal(code, 2, args.join(" "));
    assert.match(said, /^✗ probe: /m);
  }
});

// --- Lies --------------------------------------------------------------------------------------------------------------

const isData = ({ headers }) => "x-data-as-of" in headers;
const edited = (change) => (answer) => {
  if (!isData(answer) || !answer.body) return;
  const body = JSON.parse(answer.body);
  change(body);
  answer.body = JSON.stringify(body);
};
const header = (name, value) => (answer) => {
  if (isData(answer)) answer.headers[name] = typeof value === "function" ? value(answer.headers[name]) : value;
};

const without = (name) => (answer) => {
  delete answer.headers[name];
};

/** Gives the first answer to every request for the same, again and again. */
function frozen(more = {}) {
  const kept = new Map();
  return (answer, { method, path, headers }) => {
    const key = `${method} ${path} ${headers["if-none-match"]}`;
    if (!kept.has(key)) kept.set(key, structuredClone(answer));
    const again = structuredClone(kept.get(key));
    Object.assign(again.headers, more);
    return again;
  };
}

/** Moves the data's time, everywhere it is told but in `Age`. */
const olderBy = (ms) => (answer) => {
  header("x-data-as-of", (told) => String(Number(told) - ms))(answer);
  edited((body) => (body.as_of_ms -= ms))(answer);
};

let looks = 0;

/** [what is untrue, how, what the probe says] */
const LIES = [
  ["the age is always zero", (answer) => {
    // Old enough that no age of zero can be true, however early in its second the answer is given.
    olderBy(2_000)(answer);
    header("age", "0")(answer);
  }, /Age is 0,/],
  ["there is no age", without("age"), /Age is null/],
  ["old data has a young age", olderBy(3_600_000), /Date less X-Data-As-Of/],
  ["old data is called fresh", (answer) => {
    olderBy(3_600_000)(answer);
    header("age", (age) => String(Number(age) + 3_600))(answer);
  }, /fresh at the age of 36\d\d s/],
  ["data moves back in time", (answer) => {
    const shift = (looks += 1) % 2 ? 4_000 : 0;
    olderBy(shift)(answer);
    header("age", (age) => String(Number(age) + shift / 1_000))(answer);
    header("cache-status", (status) => status.replace(/ttl=(-?\d+)/g, (_, ttl) => `ttl=${ttl - shift / 1_000}`))(answer);
  }, /the data went back by \d+ ms/],
  ["the source is not said", without("x-data-source"), /X-Data-Source is null/],
  ["a price is zero", edited((body) => body.confluence_scores && (body.confluence_scores[7].price = 0)), /price is 0, which is not above zero/],
  ["a placeholder stands among the symbols", edited((body) => body.symbols && (body.symbols[0].symbol = "SYSTEM_STATUS")), /SYSTEM_STATUS/],
  ["there are no scores", edited((body) => body.confluence_scores && (body.confluence_scores = [])), /0 scores/],
  ["a body is encoded twice", (answer) => {
    if (isData(answer)) answer.body = JSON.stringify(answer.body);
  }, /no JSON object/],
  ["a web page is called data", (answer) => {
    if (isData(answer)) answer.body = "<html>";
  }, /no JSON object/],
  ["a cache in front keeps answers", frozen(), /a cache in front keeps answers/],
  ["a content network keeps answers past their life", frozen({ "cf-ray": "1", "cf-cache-status": "HIT", age: "14" }), /a cache in front answered at the age of 14 s/],
  ["a refusal may be kept", (answer) => {
    if (answer.status === 404) answer.headers["cache-control"] = "max-age=14400";
  }, /a failure with Cache-Control max-age=14400/],
  ["nothing is said about keeping", without("cache-control"), /there is no Cache-Control/],
  ["304 has no entity tag", (answer) => {
    if (answer.status === 304) delete answer.headers.etag;
  }, /304 has no etag/],
  ["a client that holds the body gets it again", (answer, asked) => {
    if (answer.status === 304) Object.assign(answer, { status: 200, body: JSON.stringify({}) , headers: { ...answer.headers, "content-type": "application/json" } });
  }, /✗ a client that holds the body gets 304/],
  ["HEAD has another type", (answer, { method }) => {
    if (method === "HEAD") answer.headers["content-type"] = "text/html";
  }, /text\/html/],
  ["a query changes the body", (answer, { path }) => {
    if (path.includes("t=1")) edited((body) => (body.sequence += 1))(answer);
  }, /another body for \/mobile-data\?t=1/],
  ["a write is taken for a read", (answer, { method }) => {
    if (method === "POST") Object.assign(answer, { status: 204, body: "" });
  }, /POST: 204/],
  ["hit and forwarded at once", header("cache-status", "edge; hit; fwd=stale; ttl=3"), /must say either hit or fwd/],
  ["compressed, and unpacks to something else", (answer, { method, headers }) => {
    if (!isData(answer) || headers["accept-encoding"] !== "gzip" || method !== "GET") return;
    answer.headers["content-encoding"] = "gzip";
    answer.headers.vary = "Accept-Encoding";
    answer.body = zlib.gzipSync(answer.body.replace(/"sequence":\d+/, '"sequence":1'));
  }, /gzip: another body/],
];

describe("a lie is found:", { concurrency: 4 }, () => {
  for (const [what, lie, expected] of LIES) {
    test(what, async () => {
      const liar = await startLiar(world.origin.url, lie);
      const said = [];
      try {
        const { failed } = await probe(liar.url, { watchS: 2, say: (line) => said.push(line) });
        assert.ok(failed > 0, said.join("\n"));
        assert.ok(said.some((line) => line.startsWith("✗") && expected.test(line)), said.join("\n"));
      } finally {
        await liar.stop();
      }
    });
  }

  test("nothing is found where nothing is changed", async () => {
    const honest = await startLiar(world.origin.url, () => {});
    const said = [];
    try {
      const { failed } = await probe(honest.url, { watchS: 2, say: (line) => said.push(line) });
      assert.equal(failed, 0, said.join("\n"));
    } finally {
      await honest.stop();
    }
  });
});
