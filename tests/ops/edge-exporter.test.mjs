// The exporter of the edge: what it tells of an edge that is well, of one that is not, and of sums that do not come.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { ROOT, listening, run, startServer, until } from "../edge/support.mjs";

const EXPORTER = path.join(ROOT, "origin/ops/edge-exporter/exporter.mjs");
const ACCOUNT = "0123456789abcdef0123456789abcdef";

/** An edge and Cloudflare's interface, which answer as they are told. */
async function newScene() {
  const scene = { edge: { status: 200, ageS: 4, toldAgeS: 4 }, sums: { status: 200, body: { data: [] } }, asked: [] };
  const edge = await startServer((request, response) => {
    if (scene.edge.hangs) return;
    const { status, ageS, toldAgeS, body = "{}" } = scene.edge;
    const headers = { "x-data-as-of": String(Date.now() - ageS * 1_000), age: String(toldAgeS), "x-data-source": "origin", "x-data-freshness": "fresh" };
    response.writeHead(status, status === 200 ? headers : {}).end(body);
  });
  const cloudflare = await startServer((request, response) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      scene.asked.push({ method: request.method, url: request.url, token: request.headers.authorization, query: Buffer.concat(parts).toString() });
      response.writeHead(scene.sums.status).end(JSON.stringify(scene.sums.body));
    });
  });
  const stops = [edge.stop, cloudflare.stop];
  return {
    scene,
    start: async (vars = {}) => {
      const exporter = run(process.execPath, [EXPORTER], {
        EXPORTER_LISTEN: "127.0.0.1:0",
        EDGE_URL: edge.url,
        CLOUDFLARE_API_URL: cloudflare.url,
        CLOUDFLARE_ACCOUNT_ID: ACCOUNT,
        CLOUDFLARE_API_TOKEN: "secret",
        ...vars,
      });
      stops.unshift(exporter.stop);
      const url = await listening(exporter);
      return async () => {
        const answer = await fetch(`${url}/metrics`);
        assert.equal(answer.headers.get("content-type"), "text/plain; version=0.0.4; charset=utf-8");
        return answer.text();
      };
    },
    stop: async () => {
      for (const stop of stops) await stop();
    },
  };
}

/** The value of a sample, or nothing. */
const valueOf = (page, sample) => {
  const line = page.split("\n").find((one) => one.startsWith(`${sample} `));
  return line && Number(line.slice(sample.length + 1));
};

describe("the exporter of the edge", { concurrency: true }, () => {
  let scenes;
  before(() => (scenes = []));
  after(async () => {
    for (const { stop } of scenes) await stop();
  });
  const newOne = async () => {
    const one = await newScene();
    scenes.push(one);
    return one;
  };

  test("tells what a client gets, by its own clock, and the sums of all isolates", async () => {
    const { scene, start } = await newOne();
    // A number of 64 bits comes as text; a state of a newer Worker is left out.
    scene.sums.body = { data: [{ state: "origin", answers: "1200" }, { state: "unavailable", answers: 7 }, { state: "newer", answers: "1" }] };
    const page = await (await start())();
    assert.equal(valueOf(page, "edge_probe_success"), 1);
    const age = valueOf(page, "edge_probe_data_age_seconds");
    assert.ok(age >= 4 && age < 30, page);
    assert.ok(valueOf(page, "edge_probe_age_difference_seconds") <= 0.01, page);
    assert.equal(valueOf(page, 'edge_probe_data_info{source="origin",freshness="fresh"}'), 1);
    assert.equal(valueOf(page, "edge_answers_known"), 1);
    assert.equal(valueOf(page, 'edge_answers{state="origin"}'), 1_200);
    assert.equal(valueOf(page, 'edge_answers{state="unavailable"}'), 7);
    assert.equal(valueOf(page, 'edge_answers{state="failed"}'), 0);
    assert.ok(!page.includes("newer"), page);
    const [asked] = scene.asked;
    assert.equal(asked.method, "POST");
    assert.equal(asked.url, `/accounts/${ACCOUNT}/analytics_engine/sql`);
    assert.equal(asked.token, "Bearer secret");
    assert.match(asked.query, /FROM market_data_edge\s+WHERE timestamp > NOW\(\) - INTERVAL '5' MINUTE GROUP BY state FORMAT JSON/);
    const checking = promisify(execFile)("promtool", ["check", "metrics"]);
    checking.child.stdin.end(page);
    const { stdout, stderr } = await checking;
    assert.equal(stdout + stderr, "");
  });

  test("asks for the sums once a minute, however often it is scraped", async () => {
    const { scene, start } = await newOne();
    const scrape = await start();
    for (let times = 0; times < 3; times += 1) await scrape();
    assert.equal(scene.asked.length, 1);
  });

  for (const [what, edge, outcome] of [
    ["an edge that has nothing", { status: 503 }, "http_503"],
    ["an edge that sends elsewhere", { status: 302 }, "http_302"],
    ["a page that is no data", { status: 200, ageS: 1, toldAgeS: 1, body: "<html>" }, "no_data"],
    ["an edge that hangs", { hangs: true }, "timeout"],
  ]) {
    test(`tells of ${what}`, async () => {
      const { scene, start } = await newOne();
      scene.edge = edge;
      const page = await (await start())();
      assert.equal(valueOf(page, "edge_probe_success"), 0);
      assert.equal(valueOf(page, `edge_probe_outcome{outcome="${outcome}"}`), 1, page);
      assert.equal(valueOf(page, "edge_probe_data_age_seconds"), undefined);
    });
  }

  test("is not deceived by an edge that tells a lower age", async () => {
    const { scene, start } = await newOne();
    scene.edge = { status: 200, ageS: 600, toldAgeS: 2 };
    const page = await (await start())();
    assert.ok(valueOf(page, "edge_probe_data_age_seconds") >= 600, page);
    assert.ok(valueOf(page, "edge_probe_age_difference_seconds") <= -598, page);
  });

  for (const [what, sums] of [
    ["a token that is refused", { status: 403, body: { errors: [] } }],
    ["an answer of another form", { status: 200, body: { data: [{ state: "hit", answers: "many" }] } }],
    ["no answer that can be read", { status: 200, body: "" }],
  ]) {
    test(`tells no sums, rather than zeros, after ${what}`, async () => {
      const { scene, start } = await newOne();
      scene.sums = sums;
      const page = await (await start())();
      assert.equal(valueOf(page, "edge_answers_known"), 0);
      assert.ok(!page.includes("edge_answers{"), page);
      assert.equal(valueOf(page, "edge_probe_success"), 1);
    });
  }

  test("watches from outside alone where it has no account", async () => {
    const { scene, start } = await newOne();
    const page = await (await start({ CLOUDFLARE_ACCOUNT_ID: "", CLOUDFLARE_API_TOKEN: "" }))();
    assert.equal(valueOf(page, "edge_probe_success"), 1);
    assert.equal(valueOf(page, "edge_answers_known"), 0);
    assert.deepEqual(scene.asked, []);
  });

  test("ends when it is told to", async () => {
    const { start } = await newOne();
    const scrape = await start();
    await scrape();
    await scenes.at(-1).stop();
    await until("it is gone", () => scrape().then(() => false, () => true));
    scenes.pop();
  });

  for (const [vars, words] of [
    [{}, /EDGE_URL is ''/],
    [{ EDGE_URL: "data.example.com" }, /EDGE_URL is 'data.example.com'/],
    [{ EDGE_URL: "https://x", EXPORTER_LISTEN: "9101" }, /EXPORTER_LISTEN is '9101'/],
    [{ EDGE_URL: "https://x", EXPORTER_LISTEN: "127.0.0.1:99999" }, /EXPORTER_LISTEN is '127.0.0.1:99999'/],
    [{ EDGE_URL: "https://x", EDGE_DATASET: "a; DROP" }, /EDGE_DATASET is 'a; DROP'/],
    [{ EDGE_URL: "https://x", CLOUDFLARE_ACCOUNT_ID: "../x", CLOUDFLARE_API_TOKEN: "t" }, /CLOUDFLARE_ACCOUNT_ID is '..\/x'/],
    [{ EDGE_URL: "https://x", CLOUDFLARE_ACCOUNT_ID: ACCOUNT }, /CLOUDFLARE_API_TOKEN/],
  ]) {
    test(`${JSON.stringify(vars)} is refused by name`, async () => {
      const refused = promisify(execFile)(process.execPath, [EXPORTER], { env: { PATH: process.env.PATH, ...vars } });
      await assert.rejects(refused, ({ code, stderr }) => code === 2 && words.test(stderr));
    });
  }
});
