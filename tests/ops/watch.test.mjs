// What the person on call relies on: each alert fires when it must, and every query of an alert or of the dashboard asks
// for a metric that a running origin really has.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { ROOT, startOrigin, startSimulator } from "../edge/support.mjs";
import { ALERTS, PROMETHEUS, alertRules, dashboardQueries, emitted, foreignLabels, metricsOf } from "./support/rules.mjs";

const run = promisify(execFile);
const RUNBOOK = path.join(ROOT, "docs/runbook.md");

/** The golden files of reasons, and which kinds of them the glossary explains. */
const GLOSSARY_OF = {
  "reasons-origin.txt": [
    "fault_class", "fetch", "leadership_change", "store", "store_reader", "store_writer", "stream", "stream_gap", "table", "task_restart",
  ],
  "reasons.txt": [
    "candles_refused", "instruments", "list_held_back", "missing_reason", "publisher_doubted", "row_refused", "snapshot_not_assembled",
    "snapshot_quarantined", "snapshot_rejected", "snapshot_unreadable", "snapshot_warning", "table_refused", "venue_error",
    "venue_forbids",
  ],
  "reasons-edge.txt": ["event", "exchange_outcome", "last_good_outcome", "not_asked", "not_fit", "origin_outcome"],
};

let folder;
before(async () => (folder = await mkdtemp(path.join(tmpdir(), "watch-"))));
after(() => rm(folder, { recursive: true, force: true }));

test("promtool finds the rules well made, and each fires when it must", async () => {
  const { stdout: checked } = await run("promtool", ["check", "rules", ALERTS]);
  assert.match(checked, new RegExp(`SUCCESS: ${(await alertRules()).length} rules found`));
  // It looks for the file with the origins' secret, which is where Prometheus runs.
  const config = path.join(folder, "prometheus.yml");
  const written = await readFile(path.join(PROMETHEUS, "prometheus.yml"), "utf8");
  await writeFile(path.join(folder, "origin_secret"), "hunter2-hunter2-hunter2");
  await writeFile(config, written.replace("/run/secrets/origin_secret", path.join(folder, "origin_secret")).replace("alerts.yml", ALERTS));
  await run("promtool", ["check", "config", config]);
  const { stdout } = await run("promtool", ["test", "rules", path.join(PROMETHEUS, "alerts.test.yml")]);
  assert.match(stdout, /SUCCESS/);
});

test("each alert is tested both ways, and stands in the runbook", async () => {
  const [tests, runbook] = await Promise.all([
    readFile(path.join(PROMETHEUS, "alerts.test.yml"), "utf8"),
    readFile(RUNBOOK, "utf8"),
  ]);
  const rules = await alertRules();
  const has = (text, pattern) => new RegExp(pattern, "m").test(text);
  for (const { name, runbook: address } of rules) {
    assert.ok(has(tests, `- eval_time: \\S+\\n +alertname: ${name}\\n +exp_alerts:`), `${name} never fires`);
    assert.ok(name === "Watchdog" || has(tests, `alertname: ${name} }`), `${name} is never silent`);
    assert.equal(address, `docs/runbook.md#${name.toLowerCase()}`);
    assert.ok(has(runbook, `^### ${name}$`), `${name} is not in the runbook`);
  }
  // The alerts that the edge's log names are told by rules or have words of their own.
  for (const word of (await readFile(path.join(ROOT, "tests/golden/reasons-edge.txt"), "utf8")).matchAll(/^alert (\w+)$/gm)) {
    assert.ok(runbook.includes(`\`${word[1]}\``), `the edge's alert ${word[1]} is not in the runbook`);
  }
  // Nothing stands there under the name of an alert that there is no more.
  const names = new Set(rules.map(({ name }) => name));
  for (const [, heading] of runbook.matchAll(/^### ([A-Z][a-z]+(?:[A-Z][a-z]+)+|Watchdog)$/gm)) assert.ok(names.has(heading), `there is no alert ${heading}`);
});

test("the glossary says what each label means that an alert, a log line or a health page may show", async () => {
  const runbook = await readFile(RUNBOOK, "utf8");
  const glossary = runbook.slice(runbook.indexOf("\n## Glossary"));
  const rows = [...glossary.matchAll(/^\| ((?:`[^`]+`(?:, )?)+) \| (.+?) \| (.+?) \|$/gm)];
  const explained = rows.flatMap(([, labels]) => [...labels.matchAll(/`([^`]+)`/g)].map(([, label]) => label));
  assert.deepEqual(explained.filter((label, at) => explained.indexOf(label) !== at), [], "explained twice");
  const wanted = new Set();
  for (const [file, kinds] of Object.entries(GLOSSARY_OF)) {
    for (const line of (await readFile(path.join(ROOT, "tests/golden", file), "utf8")).trim().split("\n")) {
      const [kind, ...label] = line.split(" ");
      if (kinds.includes(kind)) wanted.add(label.join(" "));
    }
  }
  assert.ok(wanted.size > 100);
  assert.deepEqual([...wanted].filter((label) => !explained.includes(label)).sort(), [], "not explained");
  assert.deepEqual(explained.filter((label) => !wanted.has(label)).sort(), [], "explained, and there is no such label");
});

test("rules, their tests and the dashboard name values of labels that the product emits", async () => {
  const [alerts, tests] = await Promise.all([ALERTS, path.join(PROMETHEUS, "alerts.test.yml")].map((file) => readFile(file, "utf8")));
  assert.deepEqual(await foreignLabels(alerts), []);
  assert.deepEqual(await foreignLabels(tests), []);
  assert.deepEqual(await foreignLabels((await dashboardQueries()).map(({ expr }) => expr).join("\n")), []);
  // What is named in what an alert is expected to be.
  const known = new Set([...(await emitted()).values()].flatMap((labels) => [...labels.values()].flatMap((values) => [...values])));
  for (const [, label, value] of tests.matchAll(/\b(outcome|reason|task|upstream): ([\w]+)/g)) {
    assert.ok([...known].some((is) => is === value), `no ${label} is ${value}`);
  }
  // That such a value is noticed.
  for (const [query, fault] of [
    ['store_reads_total{outcome="taken"}', 'store_reads_total never has outcome="taken"'],
    ['rate(store_writes_total{outcome!~"written|given"}[5m])', 'store_writes_total never has outcome="given"'],
    ['task_restarts_total{task="tickers",reason="panic"}', 'task_restarts_total never has task="tickers"'],
    ['upstream_requests_total{outcome="http_503",upstream="bybit"}', 'upstream_requests_total never has upstream="bybit"'],
    ['edge_answers{state="gone"}', 'edge_answers never has state="gone"'],
    ['up{job="edges"}', 'up never has job="edges"'],
    ['scores{basis="momentum"}', "there is no scores"],
  ]) {
    assert.deepEqual(await foreignLabels(query), [fault]);
  }
});

test("every query of the dashboard is well formed", async () => {
  const rules = (await dashboardQueries()).map(({ expr }, n) => `  - { record: "q:${n}", expr: ${JSON.stringify(expr)} }`);
  assert.ok(rules.length > 20);
  const file = path.join(folder, "queries.yml");
  await writeFile(file, `groups:\n- name: dashboard\n  rules:\n${rules.join("\n")}\n`);
  await run("promtool", ["check", "rules", file]);
});

describe("a running origin", () => {
  let simulator, origin, names;

  before(async () => {
    simulator = await startSimulator();
    origin = await startOrigin(simulator);
    // A counter or a family is not on the page before its first event, so the names are read where they are registered ...
    const read = (file) => readFile(path.join(ROOT, "origin/src", file), "utf8");
    const exporter = await readFile(path.join(ROOT, "origin/ops/edge-exporter/exporter.mjs"), "utf8");
    const [source, registration] = await Promise.all(["metrics/families.rs", "metrics/registration.rs"].map(read));
    const registered = new Map();
    for (const [, unit, name, field] of registration.matchAll(
      /register(_with_unit)?\(\s*"(\w+)",\s*"[^"]*",(?:\s*Unit::Seconds,)?\s*metrics\.(\w+)\.clone/g,
    )) {
      const kind = new RegExp(`^    pub\\(super\\) ${field}: (?:Family<\\w+, )?(\\w+)`, "m").exec(source)[1];
      registered.set(unit ? `${name}_seconds` : name, kind);
    }
    // ... and everything that is on the page must be among them.
    const headers = { accept: "application/openmetrics-text" };
    const page = await (await fetch(`${origin.url}/metrics`, { headers })).text();
    const shown = [...page.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name);
    assert.ok(shown.length > 12);
    for (const name of shown) assert.ok(registered.has(name), `${name} is on the page and registered nowhere`);
    for (const [, name] of exporter.matchAll(/family\(\s*"(\w+)"/g)) registered.set(name, "Gauge");
    // A counter is registered as `name` and asked for as `name_total`.
    names = new Set();
    for (const [name, kind] of registered) {
      const suffixes = { Counter: ["_total"], Histogram: ["_bucket", "_sum", "_count"] }[kind] ?? [""];
      for (const suffix of suffixes) names.add(name + suffix);
    }
  });

  after(async () => {
    await origin.stop();
    await simulator.stop();
  });

  test("has every metric that an alert or the dashboard asks for", async () => {
    const queries = [...(await alertRules()), ...(await dashboardQueries())];
    for (const { name, expr } of queries) {
      const asked = metricsOf(expr);
      assert.ok(asked.length || name === "Watchdog", `${name} asks for nothing: ${expr}`);
      // `up` is of Prometheus itself.
      for (const metric of asked) assert.ok(metric === "up" || names.has(metric), `${name}: there is no ${metric}`);
    }
  });

  test("names its metrics as promtool wants them, on the page that a plain curl gets", async () => {
    const { stdout: page } = await run("curl", ["-sS", "--noproxy", "*", `${origin.url}/metrics`]);
    const checking = run("promtool", ["check", "metrics"]);
    checking.child.stdin.end(page);
    const { stdout, stderr } = await checking;
    assert.equal(stdout + stderr, "");
  });

  test("answers in the format that is asked for", async () => {
    for (const [accept, type] of [
      ["*/*", "text/plain; version=0.0.4; charset=utf-8"],
      ["application/openmetrics-text", "application/openmetrics-text; version=1.0.0; charset=utf-8"],
    ]) {
      const answer = await fetch(`${origin.url}/metrics`, { headers: { accept } });
      assert.equal(answer.headers.get("content-type"), type);
      assert.equal((await answer.text()).endsWith("# EOF\n"), accept !== "*/*");
    }
  });
});
