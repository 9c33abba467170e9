// scripts/deploy end to end, onto this machine and over a real ssh: a real origin on the simulated exchange, restarted by a
// small script in the place of systemd. What is deployed is the real binary and broken ones.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { appendFile, chmod, copyFile, mkdir, mkdtemp, readFile, readdir, readlink, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, describe, test } from "node:test";
import { promisify } from "node:util";
import { ROOT, claimLoopback, program, startSimulator, until } from "../edge/support.mjs";
import { HERE, startSshd } from "./support/sshd.mjs";

const ORIGIN = program("ORIGIN_BIN", "origin");

let folder;

before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), "deploy-"));
});

after(() => rm(folder, { recursive: true, force: true }));

/**
 * A machine that never had a release, with an exchange of its own. `local` is this one; another is reached over ssh, where root
 * is whom sudo makes.
 */
async function newMachine(t, name = "local") {
  const simulator = await startSimulator();
  const home = await mkdtemp(path.join(folder, "machine-"));
  // Its origins follow one another at one address, which belongs to the machine while none of them runs.
  const loopback = await claimLoopback();
  const health = `http://${loopback.host}:21080/health`;
  const [root, pid] = ["root", "pid"].map((file) => path.join(home, file));
  const file = (to, text, mode = 0o755) => writeFile(path.join(home, to), text, { mode });
  await file("origin.env", `# The variables of the service.
BYBIT_BASE_URL=${simulator.url}
COINGECKO_BASE_URL="${simulator.url}"
FEAR_GREED_BASE_URL='${simulator.url}'
REDIS_URL=redis://:secret@127.0.0.1:1/
TICKERS_INTERVAL_MS=500
# Several unoptimised origins run at once here.
STREAMS=off
# What is taken by the process that runs.
ORIGIN_OPERATOR_LISTEN=${loopback.host}:21000
`);
  await file("restart", `#!/usr/bin/env bash
if [[ -s ${pid} ]]; then kill -9 "$(<${pid})" 2>/dev/null; fi
# The port is free once the process before has let go of it.
while (exec 3<>/dev/tcp/${loopback.host}/21080) 2>/dev/null; do sleep 0.05; done
export ORIGIN_LISTEN=${new URL(health).host} RUST_LOG=off MACHINE=${name} TICKERS_INTERVAL_MS=500 STREAMS=off
export BYBIT_BASE_URL=${simulator.url} COINGECKO_BASE_URL=${simulator.url} FEAR_GREED_BASE_URL=${simulator.url}
setsid ${root}/current/origin >/dev/null 2>&1 </dev/null &
echo $! >${pid}
`);
  await mkdir(path.join(home, "units"));
  await mkdir(path.join(home, "bin"));
  await file("bin/systemctl", `#!/bin/sh
echo "$@" >>${home}/systemctl.log
case $1 in restart) exec ${home}/restart ;; esac
`);
  await file("bin/id", "#!/bin/sh\necho 1000\n");
  await file("bin/sudo", `#!/bin/sh\nprintf "%s\\n" "$1" >>${home}/sudo.log\nshift\nexec "$@"\n`);
  await file(".curlrc", `connect-to = "origin.test:80:${new URL(health).host}"\nnoproxy = "*"\n`, 0o644);
  t.after(async () => {
    await simulator.stop();
    const running = Number(await readFile(pid, "utf8").catch(() => 0));
    try {
      if (running) process.kill(running, "SIGKILL");
    } catch (error) {
      if (error.code !== "ESRCH") throw error;
    }
    await loopback.release();
  });
  // Without the scores, which come later, the quality is below what is usually asked for.
  const own = ["--min-quality", "0.5", "--root", root, "--env-file", path.join(home, "origin.env"), "--health", health, "--restart", path.join(home, "restart"), "--within", "30"];
  return {
    name,
    home,
    simulator,
    health,
    arguments: own,
    deploy: (binary, ...options) => deployWith(["--binary", binary, ...own, ...options, name]),
    inUse: async () => path.basename(await readlink(path.join(root, "current")).catch(() => "")),
    releases: () => readdir(path.join(root, "releases")).catch(() => []),
    served: async () => (await fetch(health)).json(),
    unit: () => readFile(path.join(home, "units/market-data-origin.service"), "utf8").catch(() => null),
  };
}

/** Runs scripts/deploy; gives its exit code and what it said. */
function deployWith(args, more = {}) {
  return new Promise((resolve) => {
    // Not every proxy's list of exceptions names all loopback addresses.
    const env = { ...process.env, NO_COLOR: "1", no_proxy: "*", ...more };
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

/** A release that starts, answers, and never has data: where this condition of the shell holds. */
async function releaseWithoutData(name, where = "true") {
  const file = path.join(folder, name);
  await writeFile(file, `#!/bin/sh\nif ${where}; then export BYBIT_BASE_URL=http://127.0.0.1:1; fi\nexec ${ORIGIN} "$@"\n`);
  await chmod(file, 0o755);
  return file;
}

/** Two machines behind one real sshd, of which each has a folder, a key and a login shell of its own. */
async function twoOverSsh(t) {
  const machines = [await newMachine(t, "one"), await newMachine(t, "two")];
  const sshd = await startSshd(await mkdtemp(path.join(folder, "sshd-")), machines.map(({ name, home }, at) => ({ name, home, shell: ["dash", "bash"][at] })));
  t.after(sshd.stop);
  const own = [
    "--root", `${HERE}/root`, "--env-file", `${HERE}/origin.env`, "--unit-dir", `${HERE}/units`, "--health", "http://origin.test/health",
    "--within", "30", "--min-quality", "0.5",
  ];
  return {
    machines,
    sshd,
    deploy: (binary, ...options) => deployWith(["--binary", binary, ...own, ...options, "one", "two"], { PATH: `${sshd.bin}:${process.env.PATH}` }),
  };
}

const OLD_UNIT = "[Service]\nExecStart=/bin/true\n";

// Each test waits most of its time, and has machines of its own.
describe("a deployment", { concurrency: 4 }, () => {
  // One after the other on the same two machines: to bring them there takes longest.
  test("goes over ssh", async (t) => {
    const { machines, sshd, deploy } = await twoOverSsh(t);
    const [one, two] = machines;
    let release;

    await t.test("brings one release to two machines, with one connection to each, as root, and installs the unit", async () => {
      const { code, said } = await deploy(ORIGIN);
      assert.equal(code, 0, said);
      assert.match(said, /the canary collects/);
      const unit = await readFile(path.join(ROOT, "origin/ops/systemd/market-data-origin.service"), "utf8");
      release = await one.inUse();
      assert.ok(release);
      assert.equal(await two.inUse(), release);
      const logOf = (machine, log) => readFile(path.join(machine.home, log), "utf8");
      for (const machine of machines) {
        assert.equal(await machine.unit(), unit);
        const asked = await logOf(machine, "systemctl.log");
        assert.equal(asked, "daemon-reload\nenable --quiet market-data-origin.service\nrestart market-data-origin\n");
        assert.match(await logOf(machine, "sudo.log"), /^(-n\n)+$/);
        assert.equal(sshd.connections(machine.name), 1);
      }
    });

    await t.test("does not restart the only machine that serves", async () => {
      process.kill(Number(await readFile(path.join(two.home, "pid"), "utf8")), "SIGKILL");
      const { started_at_ms: started } = await one.served();
      const { code, said } = await deploy(await anotherRelease("for-two-of-which-one-is-gone"), "--no-canary");
      assert.equal(code, 1, said);
      assert.match(said, /one: it serves, and no other target does/);
      assert.equal((await one.served()).started_at_ms, started, "it was restarted");
      await promisify(execFile)(path.join(two.home, "restart"));
      await until("the other serves again", async () => (await fetch(two.health).catch(() => null))?.ok);
    });

    await t.test("takes the release and the unit back everywhere when one machine does not pass", async () => {
      for (const { home } of machines) await writeFile(path.join(home, "units/market-data-origin.service"), OLD_UNIT);
      const bad = await releaseWithoutData("bad-on-two", '[ "$MACHINE" = two ]');
      const { code, said } = await deploy(bad, "--no-canary", "--within", "8");
      assert.equal(code, 1, said);
      assert.match(said, /✓ one runs (?!.*again)/);
      assert.match(said, /two: \S+ does not pass/);
      for (const machine of machines) {
        assert.ok(said.includes(`${machine.name} runs ${release} again`), said);
        assert.equal(await machine.inUse(), release, machine.name);
        assert.equal(await machine.unit(), OLD_UNIT, machine.name);
        assert.ok((await machine.served()).age_ms <= 15_000);
      }
    });

    await t.test("says of a machine that cannot be reached that nothing was changed", async () => {
      const { code, said } = await deployWith(["--binary", ORIGIN, "nowhere"], { PATH: `${sshd.bin}:${process.env.PATH}` });
      assert.equal(code, 1);
      assert.match(said, /nowhere cannot be reached/);
    });
  });

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

    const third = await machine.deploy(await anotherRelease("third"), "--keep", "1", "--no-canary");
    assert.equal(third.code, 0, third.said);
    assert.deepEqual(await machine.releases(), [await machine.inUse()], "old releases stay");
  });

  test("changes nothing when the canary has no data, though the process that runs has", async (t) => {
    const machine = await newMachine(t);
    assert.equal((await machine.deploy(ORIGIN, "--no-canary")).code, 0);
    const [before, { started_at_ms: started }] = [await machine.inUse(), await machine.served()];
    const bad = await machine.deploy(await releaseWithoutData("no-canary", '[ "$ORIGIN_STORE" = memory ]'), "--within", "6");
    assert.equal(bad.code, 1, bad.said);
    assert.match(bad.said, /the canary of \S+ does not pass: the health page never answered; nothing was changed/);
    assert.equal(await machine.inUse(), before);
    assert.equal((await machine.served()).started_at_ms, started, "it was restarted");
  });

  test("changes nothing when the service would not start at its own address for want of a secret, and asks for it with one", async (t) => {
    const machine = await newMachine(t);
    const everywhere = "ORIGIN_LISTEN=0.0.0.0:21080\nORIGIN_OPERATOR_LISTEN=0.0.0.0:21000\n";
    await appendFile(path.join(machine.home, "origin.env"), everywhere);
    const open = await machine.deploy(ORIGIN);
    assert.equal(open.code, 1, open.said);
    assert.match(open.said, /ORIGIN_LISTEN is 0\.0\.0\.0:0[^]*ORIGIN_SECRET[^]*the canary of \S+ does not pass: it did not start; nothing was changed/);
    assert.equal(await machine.inUse(), "");
    await appendFile(path.join(machine.home, "origin.env"), "ORIGIN_SECRET=hunter2-hunter2-hunter2\n");
    const closed = await machine.deploy(ORIGIN);
    assert.equal(closed.code, 0, closed.said);
    assert.doesNotMatch(open.said + closed.said, /hunter2/);
  });

  test("takes back a release that has no data", async (t) => {
    const machine = await newMachine(t);
    assert.equal((await machine.deploy(ORIGIN, "--no-canary")).code, 0);
    const before = await machine.inUse();
    const bad = await machine.deploy(await releaseWithoutData("no-service"), "--no-canary", "--within", "8");
    assert.equal(bad.code, 1, bad.said);
    assert.match(bad.said, /does not pass: the health page never answered/);
    assert.equal(await machine.inUse(), before);
    await until("the release before serves", async () => (await fetch(machine.health).catch(() => null))?.ok);
  });

  test("does not take the process before for the new one when the restart does nothing", async (t) => {
    const machine = await newMachine(t);
    assert.equal((await machine.deploy(ORIGIN, "--no-canary")).code, 0);
    const bad = await machine.deploy(await anotherRelease("not-restarted"), "--restart", "true", "--within", "4", "--no-canary");
    assert.match(bad.said, /does not pass: the process before still answers/);
    assert.equal(bad.code, 2, bad.said);
  });

  test("is alone on a target, and leaves no lock when it is killed", async (t) => {
    const machine = await newMachine(t);
    await machine.simulator.fail("bybit-tickers", { kind: "status", status: 503 });
    const args = ["--binary", ORIGIN, ...machine.arguments, "local"];
    const first = spawn(path.join(ROOT, "scripts/deploy"), args, { stdio: ["ignore", "pipe", "ignore"], detached: true });
    t.after(() => first.exitCode ?? first.signalCode ?? process.kill(-first.pid, "SIGKILL"));
    for await (const text of first.stdout) if (String(text).includes("the canary runs")) break;
    const second = await machine.deploy(ORIGIN);
    assert.equal(second.code, 1, second.said);
    assert.match(second.said, /another deployment is under way; nothing was changed/);
    process.kill(first.pid, "SIGKILL");
    await machine.simulator.recover();
    const isFree = async () => !(await machine.deploy(ORIGIN, "--no-canary")).said.includes("another deployment");
    await until("the lock is free", isFree, { withinMs: 30_000 });
  });

  test("takes back a release whose data is not good enough", async (t) => {
    const machine = await newMachine(t);
    // The whole market's figures are missing, which by itself does not keep a release out.
    await machine.simulator.fail("coingecko", { kind: "status", status: 503 });
    assert.equal((await machine.deploy(ORIGIN, "--no-canary")).code, 0);
    const before = await machine.inUse();
    const bad = await machine.deploy(await anotherRelease("poor"), "--min-quality", "1.000", "--within", "8", "--no-canary");
    assert.match(bad.said, /the quality is 0\.\d+, below 1\.000/);
    assert.equal(await machine.inUse(), before);
    // The same demand is made of the release before, so this needs a person.
    assert.equal(bad.code, 2, bad.said);
  });

  test("says that a person is needed when the release before has no data either", async (t) => {
    const machine = await newMachine(t);
    assert.equal((await machine.deploy(ORIGIN, "--no-canary")).code, 0);
    await machine.simulator.fail("bybit-tickers", { kind: "status", status: 503 });
    const bad = await machine.deploy(await anotherRelease("unlucky"), "--within", "8", "--no-canary");
    assert.equal(bad.code, 2, bad.said);
    assert.match(bad.said, /does not pass either/);
  });

  test("changes nothing when the binary does not run on the machine", async (t) => {
    const machine = await newMachine(t);
    assert.equal((await machine.deploy(ORIGIN, "--no-canary")).code, 0);
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
    [["local", "local"], /'local' is named twice/],
    [["--env-file", "origin.env", "local"], /--env-file is 'origin.env'/],
    [["--unit-dir", "../units", "local"], /--unit-dir is '..\/units'/],
  ]) {
    test(`${args.join(" ") || "nothing"} is refused by name`, async () => {
      // What is not refused must not happen either.
      const { code, said } = await deployWith(args.length ? [...args, "--dry-run"] : args);
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
