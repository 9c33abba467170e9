// The files with which an origin is run elsewhere, judged by the tools that read them there.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { ROOT, program } from "../edge/support.mjs";

const run = promisify(execFile);
const OPS = path.join(ROOT, "origin/ops");

/** What systemd-analyze may find at worst, of 10 (a service without any protection: 9.6). */
const MAX_EXPOSURE = "20";

let folder;
before(async () => (folder = await mkdtemp(path.join(tmpdir(), "files-"))));
after(() => rm(folder, { recursive: true, force: true }));

test("systemd takes the unit and finds it well locked up", async () => {
  const unit = await readFile(path.join(OPS, "systemd/market-data-origin.service"), "utf8");
  // A path that exists on every machine, for the real one exists on the target alone.
  const here = path.join(folder, "market-data-origin.service");
  await writeFile(here, unit.replace(/^ExecStart=.*$/m, `ExecStart=${program("ORIGIN_BIN", "origin")}`));
  const { stdout, stderr } = await run("systemd-analyze", ["verify", "--man=no", here]);
  assert.equal(stdout + stderr, "");
  await run("systemd-analyze", ["security", "--offline=true", `--threshold=${MAX_EXPOSURE}`, here]);
});

test("hadolint takes the container file", async () => {
  const { stdout } = await run("hadolint", [path.join(OPS, "container/Containerfile")]);
  assert.equal(stdout, "");
});

test("dclint takes the compose file, and not one that opens Redis to the world", async () => {
  const lint = (file) => run("dclint", ["--config", path.join(OPS, "container/dclint.yaml"), "--max-warnings", "0", file]);
  const compose = path.join(OPS, "container/compose.yaml");
  await lint(compose);
  const open = path.join(folder, "compose.yaml");
  await writeFile(open, (await readFile(compose, "utf8")).replace("\n  redis:\n", '\n  redis:\n    ports: ["6379:6379"]\n'));
  await assert.rejects(lint(open), ({ stdout }) => stdout.includes("no-unbound-port-interfaces"));
});

test("the compose file and the container file name what exists", async () => {
  const [compose, container] = await Promise.all(
    ["compose.yaml", "Containerfile"].map((name) => readFile(path.join(OPS, "container", name), "utf8")),
  );
  for (const [, file] of compose.matchAll(/^ +- (\.\.\/[^:]+):/gm)) await readFile(path.join(OPS, "container", file)).catch(isFolder);
  assert.ok(compose.includes("dockerfile: origin/ops/container/Containerfile"));
  // The image's compiler is one that the manifests allow.
  const [, least] = /^rust-version = "1\.(\d+)"$/m.exec(await readFile(path.join(ROOT, "Cargo.toml"), "utf8"));
  const [, minor] = /^FROM rust:1\.(\d+)-/m.exec(container);
  assert.ok(Number(minor) >= Number(least), `rust 1.${minor} is older than 1.${least}`);
  // Variables that the files set are ones that the program knows.
  const { stdout: help } = await run(program("ORIGIN_BIN", "origin"), ["--help"]);
  const known = new Set(help.match(/\b[A-Z][A-Z0-9_]+\b/g));
  const set = [...container.matchAll(/^ENV (.*)$/gm)].flatMap(([, all]) => [...all.matchAll(/(\w+)=/g)].map(([, name]) => name));
  const origin = compose.slice(compose.indexOf("&origin-environment"), compose.indexOf("depends_on"));
  for (const name of [...set, ...[...origin.matchAll(/^ {4}(\w+):/gm)].map(([, name]) => name)]) {
    assert.ok(known.has(name), `${name} is no variable of the origin`);
  }
});

function isFolder(error) {
  if (error.code !== "EISDIR") throw error;
}

test("the password of Redis stands in the container's configuration, and on no command line", async () => {
  const compose = await readFile(path.join(OPS, "container/compose.yaml"), "utf8");
  const redis = compose.slice(compose.indexOf("\n  redis:\n"), compose.indexOf("\n  prometheus:\n"));
  const command = redis.slice(redis.indexOf("command:"), redis.indexOf("configs:"));
  const [, ...options] = [...command.matchAll(/^ +- (.*)$/gm)].map(([, word]) => word.replace(/^"(.*)"$/, "$1"));
  const [, content] = /^ +content: \|\n((?: {6}.*\n)+)/m.exec(compose);
  const file = path.join(folder, "redis.conf");
  await writeFile(file, content.replaceAll(/\$\{REDIS_PASSWORD:[^}]*\}/g, "hunter2").replaceAll(/^ +/gm, ""));
  const socket = path.join(folder, "redis.sock");
  const words = options.map((word) => (word === "/etc/redis.conf" ? file : word));
  assert.ok(words.includes(file), "the configuration is not what Redis reads");
  const server = spawn("redis-server", [...words, "--port", "0", "--unixsocket", socket], { stdio: "ignore" });
  try {
    const ping = async (password) => {
      const env = { ...process.env, REDISCLI_AUTH: password };
      return (await run("redis-cli", ["-s", socket, "--no-auth-warning", "ping"], { env }).catch(({ stdout }) => ({ stdout }))).stdout.trim();
    };
    while ((await ping("hunter2")) !== "PONG") assert.equal(server.exitCode, null, "redis-server ended");
    assert.match(await ping("another"), /NOAUTH/);
    // As everybody on the machine sees it.
    const seen = await readFile(`/proc/${server.pid}/cmdline`, "utf8");
    assert.ok(!seen.includes("hunter2"), seen);
  } finally {
    server.kill();
  }
  // Nor on any other program's.
  const commands = [...compose.matchAll(/^ +(?:command|entrypoint):\n((?: +- .*\n)+)/gm)].map(([, words]) => words);
  assert.ok(commands.length >= 2);
  for (const one of commands) assert.doesNotMatch(one, /PASSWORD|requirepass/);
});

test("a file of passwords beside the compose file gets neither into git nor into an image", async () => {
  await run("git", ["check-ignore", "--quiet", "origin/ops/container/.env"], { cwd: ROOT });
  const rules = (await readFile(path.join(OPS, "container/Containerfile.dockerignore"), "utf8")).trim().split("\n");
  // The last rule that fits is the one that counts.
  assert.ok(rules.lastIndexOf("**/.env") > rules.findLastIndex((rule) => rule.startsWith("!")), rules.join(" "));
});
