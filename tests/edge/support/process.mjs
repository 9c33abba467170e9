// Programs that the tests start, and waiting for what they do.

import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import path from "node:path";
import { createInterface } from "node:readline";
import { setTimeout as pause } from "node:timers/promises";
import { fileURLToPath } from "node:url";

export const ROOT = fileURLToPath(new URL("../../..", import.meta.url));
const TARGET = process.env.CARGO_TARGET_DIR ?? path.join(ROOT, "target");

/** Calls `probe` until it gives something true, or fails with what it waited for. */
export async function until(what, probe, { withinMs = 10_000 } = {}) {
  const deadline = performance.now() + withinMs;
  for (;;) {
    const found = await probe();
    if (found) return found;
    if (performance.now() > deadline) throw new Error(`${what}: not within ${withinMs} ms`);
    await pause(20);
  }
}

export function program(variable, name) {
  const file = process.env[variable] ?? path.join(TARGET, "debug", name);
  if (!existsSync(file)) throw new Error(`${file} is missing: cargo build -p origin -p simulator --bins`);
  return file;
}

/** `pipes` more file descriptors from 3 on are read by the caller, and stderr with them. */
export function run(file, args, env, pipes = 0) {
  const stderr = pipes ? "pipe" : process.env.TEST_LOGS ? "inherit" : "ignore";
  const child = spawn(file, args, {
    env: { PATH: process.env.PATH, RUST_LOG: "error", ...env },
    stdio: ["ignore", "pipe", stderr, ...Array(pipes).fill("pipe")],
  });
  const kill = () => child.kill("SIGKILL");
  process.once("exit", kill);
  const stop = async () => {
    process.off("exit", kill);
    if (child.exitCode !== null || child.signalCode !== null) return;
    const gone = once(child, "exit");
    child.kill("SIGTERM");
    const forced = setTimeout(kill, 3_000);
    await gone;
    clearTimeout(forced);
  };
  return { child, stop, kill };
}

/**
 * The address that a program says it listens on: it was started on port 0, so only it knows. What it writes after that is
 * read and dropped.
 */
export async function listening({ child }) {
  const lines = [];
  let url;
  for await (const line of createInterface({ input: child.stdout })) {
    lines.push(line);
    url = /listening on (\S+)/.exec(line)?.[1];
    if (url) break;
  }
  if (!url) throw new Error(`${child.spawnfile} ended before it listened:\n${lines.join("\n")}`);
  child.stdout.resume();
  return url;
}
