// scripts/deploy end to end, onto this machine: a real origin on the simulated exchange, restarted by a small script in
// the place of systemd. What is deployed is the real binary and broken ones.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { appendFile, chmod, copyFile, mkdtemp, readFile, readdir, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { ROOT, claimLoopback, program, startSimulator, until } from "../edge/support.mjs";

const ORIGIN = program("ORIGIN_BIN", "origin");

let folder;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "deploy-"));
});

after(() => rm(folder, { recursive: true, force: true }));

/** A machine that never had a release, with an exchange of its own. */
async function newMachine(t) {
  const simulator = await startSimulator();
  const home = await mkdtemp(path.join(folder, "machine-"));
  const [root, pid, restart] = ["root", "pid", "restart"].map((name) => path.join(home, name));
  // Its origins follow one another at one address, which belongs to the machine while none of them runs.
  const loopback = await claimLoopback();
  const health = `http://${loopback.host}:21080/health`;
  await writeFile(
    restart,
    `#!/usr/bin/env bash
if [[ -s ${pid} ]]; then kill -9 "$(<${pid})" 2>/dev/null; fi
# The port is free once the process before has let go of it.
while (exec 3<>/dev/tcp/${loopback.host}/${new URL(health).port}) 2>/dev/null; do sleep 0.05; done
export ORIGIN_LISTEN=${new URL(health).host} RUST_LOG=off
export BYBIT_BASE_URL=${simulator.url} COINGECKO_BASE_URL=${simulator.url} FEAR_GREED_BASE_URL=${simulator.url}
setsid ${root}/current/origin >/dev/null 2>&1 </dev/null &
echo $! >${pid}
`,
  );
  await chmod(restart, 0o755);
  t.after(async () => {
    await simulator.stop();
    const running = Number(await readFile(pid, "utf8").catch(() => 0));
    if (running) process.kill(running, "SIGKILL");
    await loopback.release();
  });
  const own = ["--root", root, "--health", health, "--restart", restart, "--within", "30"];
  return {
    simulator,
    health,
    deploy: (binary, ...options) => deployWith(["--binary", binary, ...own, ...options, "local"]),
    inUse: async () => path.basename(await readlink(path.join(root, "current")).catch(() => "")),
    releases: () => readdir(path.join(root, "releases")).catch(() => []),
    served: async () => (await fetch(health)).json(),
  };
}

/** Runs scripts/deploy; gives its exit code and what it said. */
function deployWith(args) {
  return new Promise((resolve) => {
    // Not every proxy's list of exceptions names all loopback addresses.
    const env = { ...process.env, NO_COLOR: "1", no_proxy: "*" };
    execFile(path.join(ROOT, "scripts/deploy"), args, { env }, (error, out, err) =>
      resolve({ code: error ? error.code : 0, said: out + err }),
    );
  });
}

/** The same program as another release: what stands after the end of an executable is not read. */
async function anotherRelease(name) {
  const file = path.join(folder, name);
  await copyFile(ORIGIN, file);
  await appendFile(file, name);
  return file;
}

/** A release that starts, answers, and never has data. */
async function releaseWithoutData() {
  const file = path.join(folder, "without-data");
  await writeFile(file, `#!/bin/sh\nBYBIT_BASE_URL=http://127.0.0.1:1 exec ${ORIGIN} "$@"\n`);
  await chmod(file, 0o755);
  return file;
}

// Each test waits most of its time, and has a machine of its own.
describe("a deployment", { concurrency: true }, () => {
  test("only tells what it would do when it is asked to", async (t) => {
    const machine = await newMachine(t);
    const { code, said } = await machine.deploy(ORIGIN, "--dry-run");
    assert.equal(code, 0, said);
    for (const step of ["copy the binary", "use 2", "wait up to 30 s", "remove all but the 5 newest"]) {
      assert.match(said, new RegExp(`would: ${step}`));
    }
    assert.deepEqual(await machine.releases(), []);
    assert.equal(await machine.inUse(), "");
  });

  test("brings the first release to a machine, and the next in its place, when each serves young and good data", async (t) => {
    const machine = await newMachine(t);
    const first = await machine.deploy(ORIGIN);
    assert.equal(first.code, 0, first.said);
    const before = await machine.inUse();
    const { started_at_ms: startedBefore } = await machine.served();

    const second = await machine.deploy(await anotherRelease("second"), "--keep", "2");
    assert.equal(second.code, 0, second.said);
    assert.notEqual(await machine.inUse(), before);
    const now = await machine.served();
    assert.ok(now.started_at_ms > startedBefore);
    assert.ok(now.age_ms <= 15_000);
    assert.deepEqual((await machine.releases()).sort(), [before, await machine.inUse()].sort());

    const again = await machine.deploy(await anotherRelease("second"));
    assert.equal(again.code, 0, again.said);
    assert.match(again.said, /data \d+ ms old, quality/);

    const third = await machine.deploy(await anotherRelease("third"), "--keep", "1");
    assert.equal(third.code, 0, third.said);
    assert.deepEqual(await machine.releases(), [await machine.inUse()], "old releases stay");
  });

  test("takes back a release that has no data", async (t) => {
    const machine = await newMachine(t);
    assert.equal((await machine.deploy(ORIGIN)).code, 0);
    const before = await machine.inUse();
    const bad = await machine.deploy(await releaseWithoutData(), "--within", "12");
    assert.equal(bad.code, 1, bad.said);
    assert.match(bad.said, /does not pass: the health page never answered/);
    assert.equal(await machine.inUse(), before);
    await until("the release before serves", async () => (await fetch(machine.health).catch(() => null))?.ok);
  });

  test("takes back a release whose data is not good enough", async (t) => {
    const machine = await newMachine(t);
    // The whole market's figures are missing, which by itself does not keep a release out.
    await machine.simulator.fail("coingecko", { kind: "status", status: 503 });
    assert.equal((await machine.deploy(ORIGIN)).code, 0);
    const before = await machine.inUse();
    const bad = await machine.deploy(await anotherRelease("poor"), "--min-quality", "1.000", "--within", "8");
    assert.match(bad.said, /the quality is 0\.\d+, below 1\.000/);
    assert.equal(await machine.inUse(), before);
    // The same demand is made of the release before, so this needs a person.
    assert.equal(bad.code, 2, bad.said);
  });

  test("says that a person is needed when the release before has no data either", async (t) => {
    const machine = await newMachine(t);
    assert.equal((await machine.deploy(ORIGIN)).code, 0);
    await machine.simulator.fail("bybit-tickers", { kind: "status", status: 503 });
    const bad = await machine.deploy(await anotherRelease("unlucky"), "--within", "8");
    assert.equal(bad.code, 2, bad.said);
    assert.match(bad.said, /does not pass either/);
  });

  test("changes nothing when the binary does not run on the machine", async (t) => {
    const machine = await newMachine(t);
    assert.equal((await machine.deploy(ORIGIN)).code, 0);
    const before = await machine.inUse();
    const { started_at_ms: started } = await machine.served();
    const file = path.join(folder, "foreign");
    await writeFile(file, "\x7fELF of another machine");
    await chmod(file, 0o755);
    const bad = await machine.deploy(file);
    assert.equal(bad.code, 1, bad.said);
    assert.match(bad.said, /could not be installed/);
    assert.equal(await machine.inUse(), before);
    assert.equal((await machine.served()).started_at_ms, started, "it was restarted");
  });
});

describe("arguments", () => {
  for (const [args, words] of [
    [[], /no target/],
    [["--binary"], /--binary needs a value/],
    [["--binary", "/nowhere/origin", "local"], /\/nowhere\/origin/],
    [["--root", "relative", "local"], /relative/],
    [["--root", "/opt/../etc", "local"], /\/opt\/\.\.\/etc/],
    [["--max-age-ms", "soon", "local"], /soon/],
    [["--min-quality", "2", "local"], /--min-quality is '2'/],
    [["--within", "0", "local"], /--within is '0'/],
    [["--health", "file:///etc/passwd", "local"], /file:/],
    [["--nonsense", "local"], /--nonsense/],
    [["-oProxyCommand=x"], /-oProxyCommand/],
    [["host;reboot"], /host;reboot/],
  ]) {
    test(`${args.join(" ") || "nothing"} is refused by name`, async () => {
      const { code, said } = await deployWith(args);
      assert.equal(code, 1);
      assert.match(said, words);
    });
  }

  test("the help names every option", async () => {
    const { code, said } = await deployWith(["--help"]);
    assert.equal(code, 0);
    const known = [...(await readFile(path.join(ROOT, "scripts/deploy"), "utf8")).matchAll(/(?<=\| |^ {4})(--[a-z-]+)(?= \||\))/gm)];
    assert.ok(known.length > 8);
    for (const [, option] of known) assert.ok(option === "--help" || said.includes(option), option);
  });
});
