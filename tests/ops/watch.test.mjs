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

const run = promisify(execFile);
const PROMETHEUS = path.join(ROOT, "origin/ops/prometheus");
const ALERTS = path.join(PROMETHEUS, "alerts.yml");
const RUNBOOK = path.join(ROOT, "docs/runbook.md");

let folder;
before(async () => (folder = await mkdtemp(path.join(tmpdir(), "watch-"))));
after(() => rm(folder, { recursive: true, force: true }));

const alertRules = async () => {
  const rules = [];
  for (const block of (await readFile(ALERTS, "utf8")).split(/^ {6}- alert: /m).slice(1)) {
    const name = block.slice(0, block.indexOf("\n"));
    const expr = /^ {8}expr: (?:>\n((?: {10}.*\n)+)|(.*)\n)/m.exec(block);
    const runbook = /runbook: (\S+)/.exec(block)?.[1];
    rules.push({ name, runbook, expr: (expr[1] ?? expr[2]).replace(/\s+/g, " ").trim() });
  }
  return rules;
};

const dashboardQueries = async () => {
  const dashboard = JSON.parse(await readFile(path.join(ROOT, "origin/ops/grafana/market-data.json"), "utf8"));
  return dashboard.panels.flatMap((panel) => (panel.targets ?? []).map(({ expr }) => ({ name: panel.title, expr })));
};

/** The metrics that a query asks for: its names that are no function, label, operator or text. */
function metricsOf(query) {
  const bare = query
    .replace(/"[^"]*"/g, "")
    .replace(/\{[^}]*\}/g, " ")
    .replace(/\[[^\]]*\]/g, " ")
    .replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, " ")
    .replace(/\boffset\s+\w+/g, " ");
  const words = [...bare.matchAll(/[a-zA-Z_:][\w:]*(?!\w*\s*\()/g)].map(([word]) => word);
  return words.filter((word) => !["and", "or", "unless", "bool", "e"].includes(word));
}

test("promtool finds the rules well made, and each fires when it must", async () => {
  const { stdout: checked } = await run("promtool", ["check", "rules", ALERTS]);
  assert.match(checked, new RegExp(`SUCCESS: ${(await alertRules()).length} rules found`));
  await run("promtool", ["check", "config", path.join(PROMETHEUS, "prometheus.yml")]);
  const { stdout } = await run("promtool", ["test", "rules", path.join(PROMETHEUS, "alerts.test.yml")]);
  assert.match(stdout, /SUCCESS/);
});

test("each alert is tested both ways, and stands in the runbook", async () => {
  const [tests, runbook] = await Promise.all([
    readFile(path.join(PROMETHEUS, "alerts.test.yml"), "utf8"),
    readFile(RUNBOOK, "utf8"),
  ]);
  for (const { name, runbook: address } of await alertRules()) {
    assert.match(tests, new RegExp(`- eval_time: \\S+\\n +alertname: ${name}\\n +exp_alerts:`), `${name} never fires`);
    assert.match(tests, new RegExp(`alertname: ${name} }`), `${name} is never silent`);
    assert.equal(address, `docs/runbook.md#${name.toLowerCase()}`);
    assert.match(runbook, new RegExp(`^### ${name}$`, "m"), `${name} is not in the runbook`);
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
    const [source, registration] = await Promise.all(["metrics.rs", "metrics/registration.rs"].map(read));
    const registered = new Map();
    for (const [, unit, name, field] of registration.matchAll(
      /register(_with_unit)?\(\s*"(\w+)",\s*"[^"]*",(?:\s*Unit::Seconds,)?\s*metrics\.(\w+)\.clone/g,
    )) {
      const kind = new RegExp(`^    ${field}: (?:Family<\\w+, )?(\\w+)`, "m").exec(source)[1];
      registered.set(unit ? `${name}_seconds` : name, kind);
    }
    // ... and everything that is on the page must be among them.
    const page = await (await fetch(`${origin.url}/metrics`)).text();
    const shown = [...page.matchAll(/^# TYPE (\S+) /gm)].map(([, name]) => name);
    assert.ok(shown.length > 12);
    for (const name of shown) assert.ok(registered.has(name), `${name} is on the page and registered nowhere`);
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
      assert.ok(asked.length, `${name} asks for nothing: ${expr}`);
      // `up` is Prometheus' own.
      for (const metric of asked) assert.ok(metric === "up" || names.has(metric), `${name}: there is no ${metric}`);
    }
  });

  test("names its metrics as promtool wants them", async () => {
    const page = await (await fetch(`${origin.url}/metrics`)).text();
    // promtool reads the older text format, in which a counter's type stands under the name that its samples have.
    const older = page
      .replace(/^# (TYPE|HELP) (\S+) (.*)$/gm, (line, word, name, rest) =>
        new RegExp(`^# TYPE ${name} counter$`, "m").test(page) ? `# ${word} ${name}_total ${rest}` : line,
      )
      .replace(/^# (UNIT|EOF).*\n/gm, "");
    const checking = run("promtool", ["check", "metrics"]);
    checking.child.stdin.end(older);
    const { stdout, stderr } = await checking;
    assert.equal(stdout + stderr, "");
  });
});
