// The files with which an origin is run elsewhere, judged by the tools that read them there.

import assert from "node:assert/strict";
import { execFile, spawn } from "node:child_process";
import { copyFile, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";
import { promisify } from "node:util";
import { ROOT, program, until } from "../edge/support.mjs";

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
  // The image's compiler is the one that everything is tested with, and nothing in the build asks for another.
  const [, tested] = /^channel = "(.*)"$/m.exec(await readFile(path.join(ROOT, "rust-toolchain.toml"), "utf8"));
  const [, compiler] = /^FROM rust:([\d.]+)-/m.exec(container);
  assert.equal(compiler, tested);
  const sent = await readFile(path.join(OPS, "container/Containerfile.dockerignore"), "utf8");
  assert.match(sent, /^\*$/m);
  assert.doesNotMatch(sent, /^!(\*|rust-toolchain.*)$/m);
  // An orchestrator must not replace a process for the age of its data.
  assert.match(container, /^HEALTHCHECK [^]*http:\/\/127\.0\.0\.1:8080\/health\/live"\]$/m);
  // Variables that the files set are ones that the program knows.
  const { stdout: help } = await run(program("ORIGIN_BIN", "origin"), ["--help"]);
  const known = new Set(help.match(/\b[A-Z][A-Z0-9_]+\b/g));
  const set = [...container.matchAll(/^ENV (.*)$/gm)].flatMap(([, all]) => [...all.matchAll(/(\w+)=/g)].map(([, name]) => name));
  const origin = compose.slice(compose.indexOf("&origin-environment"), compose.indexOf("depends_on"));
  for (const name of [...set, ...[...origin.matchAll(/^ {4}(\w+):/gm)].map(([, name]) => name)]) {
    assert.ok(known.has(name), `${name} is no variable of the origin`);
  }
});

test("the compose file is given what it asks for, and Alertmanager's secrets are those of its configuration", async () => {
  const read = (file) => readFile(path.join(OPS, file), "utf8");
  const [compose, example, alertmanager] = await Promise.all(["container/compose.yaml", "container/example.env", "alertmanager/alertmanager.yml"].map(read));
  const asked = [...compose.matchAll(/\$\{(\w+)|^ {4}environment: (\w+)$/gm)].map(([, one, other]) => one ?? other);
  const given = [...example.matchAll(/^(\w+)=/gm)].map(([, name]) => name);
  assert.deepEqual([...new Set(asked)].sort(), given.sort());
  const secrets = [...alertmanager.matchAll(/url_file: \/run\/secrets\/(\w+)$/gm)].map(([, name]) => name);
  assert.equal(secrets.length, 3);
  const mountedBy = (service) => new RegExp(`\\n  ${service}:\\n(?: {4}.*\\n)* {4}secrets: \\[(.*)\\]`).exec(compose)[1].split(", ");
  assert.deepEqual(mountedBy("alertmanager").sort(), secrets.sort());
  // Prometheus shows the origins what they ask for.
  const scraped = [...(await read("prometheus/prometheus.yml")).matchAll(/credentials_file: \/run\/secrets\/(\w+)$/gm)].map(([, name]) => name);
  assert.deepEqual([scraped, mountedBy("prometheus")], [["origin_secret"], ["origin_secret"]]);
  assert.match(compose, /^  origin_secret:\n    environment: ORIGIN_SECRET$/m);
  assert.match(compose, /^ {4}ORIGIN_SECRET: \$\{ORIGIN_SECRET:\?set it in \.env\} \$\{ORIGIN_SECRET_BEFORE:-\}$/m);
  for (const secret of secrets) assert.match(compose, new RegExp(`^  ${secret}:\\n    environment: `, "m"));
});

/** A program that builds images and has somebody to do it, or nothing. */
async function builder() {
  for (const [name, ...args] of [["docker", "info"], ["podman", "info"]]) {
    if (await run(name, args).then(() => true, () => false)) return name;
  }
  return null;
}

test("the image is built and answers as one that is alive", async (t) => {
  const name = await builder();
  if (!name) return t.skip("no docker or podman here that works: the image was linted and not built");
  // What is tested elsewhere takes the place of the first stage, which would compile for minutes.
  const built = path.join(folder, "built/usr/local/bin");
  await mkdir(built, { recursive: true });
  await copyFile(program("ORIGIN_BIN", "origin"), path.join(built, "origin"));
  const image = `market-data-origin-test-${process.pid}`;
  const container = path.join(OPS, "container/Containerfile");
  await run(name, ["build", "--file", container, "--build-context", `build=${path.join(folder, "built")}`, "--tag", image, ROOT]);
  // Nothing answers there: it is alive without data.
  const upstreams = ["BYBIT", "COINGECKO", "FEAR_GREED"].flatMap((of) => ["--env", `${of}_BASE_URL=http://127.0.0.1:1`]);
  t.after(async () => {
    await run(name, ["rm", "--force", image]);
    await run(name, ["rmi", "--force", image]);
  });
  // In a container it listens where others reach it.
  await assert.rejects(run(name, ["run", "--rm", "--read-only", ...upstreams, image]), ({ stderr }) => stderr.includes("ORIGIN_SECRET"));
  const secret = ["--env", "ORIGIN_SECRET=hunter2-hunter2-hunter2"];
  await run(name, ["run", "--detach", "--name", image, "--read-only", ...secret, ...upstreams, image]);
  const inside = (path) => run(name, ["exec", image, "curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", `http://127.0.0.1:8080${path}`]);
  const status = async (path) => (await inside(path).catch(() => ({ stdout: "" }))).stdout;
  await until("it is alive", async () => (await status("/health/live")) === "200", { withinMs: 30_000 });
  assert.equal(await status("/health/ready"), "503");
  assert.equal(await status("/metrics"), "401");
});

/** Runs the build script as cargo does; gives what it tells cargo. */
async function buildScript(cwd, env) {
  const { stdout } = await run(path.join(folder, "build-script"), [], { cwd, env: { PATH: process.env.PATH, HOME: folder, ...env } });
  return stdout;
}

test("the build names its commit: of the variable, else of the checkout in a release, else none", async () => {
  await run("rustc", ["--edition", "2024", "-o", path.join(folder, "build-script"), path.join(ROOT, "origin/build.rs")]);
  const checkout = path.join(folder, "checkout");
  await mkdir(path.join(checkout, "origin"), { recursive: true });
  const [release, debug] = [{ PROFILE: "release" }, { PROFILE: "debug" }];
  const origin = path.join(checkout, "origin");
  assert.doesNotMatch(await buildScript(origin, release), /ORIGIN_COMMIT=/, "where there is no repository");
  const git = (...args) => run("git", ["-C", checkout, "-c", "user.name=t", "-c", "user.email=t@example.com", ...args]);
  await git("init", "-q");
  await writeFile(path.join(origin, "file"), "one");
  await git("add", ".");
  await git("commit", "-q", "-m", "one");
  const head = (await git("rev-parse", "HEAD")).stdout.trim();
  assert.match(await buildScript(origin, release), new RegExp(`^cargo:rustc-env=ORIGIN_COMMIT=${head}$`, "m"));
  assert.doesNotMatch(await buildScript(origin, debug), /ORIGIN_COMMIT=/, "a build for tests is not made anew for a commit");
  await writeFile(path.join(origin, "file"), "two");
  assert.match(await buildScript(origin, release), new RegExp(`^cargo:rustc-env=ORIGIN_COMMIT=${head}-dirty$`, "m"));
  assert.match(await buildScript(origin, { ...debug, ORIGIN_COMMIT: "0123abc" }), /^cargo:rustc-env=ORIGIN_COMMIT=0123abc$/m);
  const wrong = await buildScript(origin, { ...debug, ORIGIN_COMMIT: "main; rm" });
  assert.match(wrong, /^cargo::error=ORIGIN_COMMIT is 'main; rm'/m);
  assert.doesNotMatch(wrong, /rustc-env/);
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
