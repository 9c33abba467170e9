// The files with which an origin is run elsewhere, judged by the tools that read them there.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
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
