// That alerts reach somebody: a real Alertmanager with the project's configuration is told of an outage as Prometheus tells
// it, and what arrives is looked at; then a real Prometheus is put in front.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { ROOT, startOrigin, startSimulator, until } from "../edge/support.mjs";
import { startAlertmanager, startPrometheus } from "./support/alerting.mjs";
import { alertRules } from "./support/rules.mjs";

const run = promisify(execFile);

let folder, alertmanager, severities;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "delivery-"));
  alertmanager = await startAlertmanager(folder);
  severities = new Map((await alertRules()).map(({ name, severity }) => [name, severity]));
});

after(async () => {
  await alertmanager.stop();
  await rm(folder, { recursive: true, force: true });
});

/** Alerts as Prometheus sends them, of an environment that no other test has. */
function firing(environment, names) {
  return names.map((name, at) => {
    const severity = severities.get(name);
    assert.ok(severity, `there is no alert ${name}`);
    return { labels: { alertname: name, severity, environment, at: String(at) }, annotations: { summary: name } };
  });
}

/** What came of this environment, message by message. */
const arrived = (environment, to) =>
  alertmanager.messages.filter((message) => message.to === to && message.body.groupLabels.environment === environment);

test("amtool takes the configuration, and every alert has a receiver of its own severity", async () => {
  const { stdout } = await run("amtool", ["check-config", alertmanager.config]);
  assert.match(stdout, /SUCCESS[^]*3 receivers/);
  for (const [name, severity] of severities) {
    const labels = [`alertname=${name}`, `severity=${severity}`];
    const { stdout } = await run("amtool", ["config", "routes", "test", `--config.file=${alertmanager.config}`, ...labels]);
    assert.equal(stdout.trim(), severity, name);
  }
});

test("the rules of inhibition name alerts that there are", async () => {
  const text = await readFile(path.join(ROOT, "origin/ops/alertmanager/alertmanager.yml"), "utf8");
  const named = [...text.matchAll(/alertname =~? "([^"]+)"/g)].flatMap(([, names]) => names.split("|"));
  assert.ok(named.length > 30);
  for (const name of named) assert.ok(severities.has(name), `there is no alert ${name}`);
});

describe("one outage wakes once", { concurrency: true }, () => {
  for (const [outage, cause, follows] of [
    ["the exchange bans us", ["UpstreamRefusesUs"], ["SnapshotTooOld", "StoredSnapshotTooOld", "ScoresMissing", "FallbackShareHigh", "ErrorRateHigh", "NoSnapshot"]],
    ["the exchange stands still", ["MarketStandsStill"], ["SnapshotTooOld", "StoredSnapshotTooOld", "FallbackShareHigh", "ErrorRateHigh"]],
    ["no origin is left", ["NoSnapshot"], ["OriginDown", "OriginDown", "NoLeader", "SnapshotTooOld"]],
    ["nothing young is left, and nobody knows why", ["SnapshotTooOld"], ["StoredSnapshotTooOld", "FallbackShareHigh", "ErrorRateHigh", "ScoresMissing"]],
    ["Redis is gone", ["NoLeader"], ["StoreWritesFailing", "StoreWritesFailing", "StoredSnapshotTooOld"]],
    ["the edge is gone", ["EdgeDown"], ["EdgeServesNothing", "EdgeFails", "EdgeDataTooOld"]],
    ["one origin is down, and what the others serve is old", ["OriginDown", "SnapshotTooOld"], ["ErrorRateHigh"]],
    ["origin and edge have nothing", ["EdgeServesNothing", "NoSnapshot"], ["ErrorRateHigh"]],
  ]) {
    test(outage, async () => {
      await alertmanager.fire(firing(outage, [...follows, ...cause]));
      await until("somebody is told", () => arrived(outage, "page").length > 0);
      const [message, ...more] = arrived(outage, "page");
      assert.deepEqual(message.alerts, [...cause].sort());
      assert.deepEqual(more, []);
      const quiet = (await alertmanager.inhibited());
      for (const name of follows) assert.ok(quiet.includes(name), `${name} is not kept quiet`);
    });
  }

  test("what follows of an outage is a ticket no more either", async () => {
    const environment = "tickets";
    await alertmanager.fire(firing(environment, ["NoLeader", "StandingIn", "LeadershipFlapping", "ClockSkew"]));
    await until("both are told", () => arrived(environment, "ticket").length && arrived(environment, "page").length);
    assert.deepEqual(arrived(environment, "ticket").map(({ alerts }) => alerts), [["ClockSkew"]]);
  });

  test("an outage keeps nothing quiet in another environment", async () => {
    const [here, there] = ["here", "there"];
    await alertmanager.fire([...firing(here, ["NoSnapshot", "ErrorRateHigh"]), ...firing(there, ["ErrorRateHigh"])]);
    await until("both are told", () => arrived(here, "page").length && arrived(there, "page").length);
    assert.deepEqual(arrived(there, "page").map(({ alerts }) => alerts), [["ErrorRateHigh"]]);
    assert.deepEqual(arrived(here, "page").map(({ alerts }) => alerts), [["NoSnapshot"]]);
  });

  test("the end of an outage is told", async () => {
    const environment = "over";
    const [alert] = firing(environment, ["OriginDown"]);
    await alertmanager.fire([alert]);
    await until("it is told", () => arrived(environment, "page").length > 0);
    await alertmanager.fire([{ ...alert, endsAt: new Date().toISOString() }]);
    await until("its end is told", () => arrived(environment, "page").some(({ status }) => status === "resolved"));
  });
});

test("the rules and the scrapes of the project lead to a message", async (t) => {
  const simulator = await startSimulator();
  const secret = "hunter2-hunter2-hunter2";
  const origin = await startOrigin(simulator, { ORIGIN_SECRET: secret });
  assert.equal((await fetch(`${origin.url}/metrics`)).status, 401);
  t.after(simulator.stop);
  t.after(origin.stop);
  // Nobody listens there: the edge is not watched.
  const prometheus = await startPrometheus(folder, alertmanager, { origin: new URL(origin.url).host, edge: "127.0.0.1:1" }, secret);
  t.after(prometheus.stop);
  const watchdog = () => alertmanager.messages.find(({ to }) => to === "watchdog");
  await until("the watchdog is heard", watchdog, { withinMs: 20_000 });
  assert.deepEqual(watchdog().alerts, ["Watchdog"]);
  // Both formats and the labels of the targets arrive.
  const up = await until("the origin is scraped", async () => (await prometheus.ask('up{job="origin"} == 1'))[0], { withinMs: 20_000 });
  assert.equal(up.labels.environment, "production");
  const known = await prometheus.ask('snapshot_age_seconds{environment="production"} < 120');
  assert.equal(known.length, 1);
  // Its rules can be evaluated on what it really scraped, and are quiet about an origin that is well.
  let all;
  // The test's machine may be busy, and an origin on it is then slow in truth.
  const maySpeak = ["EdgeUnwatched", "SlowAnswers", "Watchdog"];
  const isQuiet = async () => {
    const { data } = await (await fetch(`${prometheus.url}/api/v1/rules`)).json();
    all = data.groups.flatMap((group) => group.rules);
    return all.every(({ name, state }) => state === "inactive" || maySpeak.includes(name));
  };
  await until("the rules are quiet", isQuiet).catch((error) => {
    const loud = all.filter(({ state }) => state !== "inactive").map(({ name }) => name);
    throw new Error(`${error.message}: ${loud.join(", ")}`);
  });
  assert.equal(all.length, severities.size);
  for (const { name, health, lastError } of all) assert.notEqual(health, "err", `${name}: ${lastError}`);
});
