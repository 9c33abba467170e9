// What the tests of a run did, from their reports in JUnit's format: how many of each kind passed, which were skipped, and the
// five slowest of each.
//
//   node tests/summary.mjs FOLDER        FOLDER/KIND.xml, one for each kind

import { readFile, readdir } from "node:fs/promises";
import path from "node:path";

const SLOWEST = 5;

const [folder] = process.argv.slice(2);
if (!folder) throw new Error("usage: node tests/summary.mjs FOLDER");

const plain = (text) =>
  text.replace(/&(lt|gt|quot|apos|amp);/g, (_, name) => ({ lt: "<", gt: ">", quot: '"', apos: "'", amp: "&" })[name]);

/** The tests of a report: name, seconds, and whether it was skipped or failed. */
function testsOf(report) {
  return [...report.matchAll(/<testcase\b([^>]*?)(?:\/>|>([\s\S]*?)<\/testcase>)/g)].map(([, attributes, inside = ""]) => ({
    name: plain(/\bname="([^"]*)"/.exec(attributes)?.[1] ?? "?"),
    seconds: Number(/\btime="([^"]*)"/.exec(attributes)?.[1] ?? 0),
    skipped: inside.includes("<skipped"),
    failed: /<(failure|error)\b/.test(inside),
  }));
}

for (const file of (await readdir(folder)).filter((name) => name.endsWith(".xml")).sort()) {
  const kind = path.basename(file, ".xml");
  const tests = testsOf(await readFile(path.join(folder, file), "utf8"));
  const of = (wanted) => tests.filter(wanted);
  const failed = of((test) => test.failed).length;
  const skipped = of((test) => test.skipped);
  console.log(`\n${kind}: ${tests.length - failed - skipped.length} passed, ${failed} failed, ${skipped.length} skipped`);
  for (const { name } of skipped) console.log(`  skipped  ${name}`);
  const slowest = of((test) => !test.skipped).sort((one, other) => other.seconds - one.seconds).slice(0, SLOWEST);
  for (const { name, seconds } of slowest) console.log(`  ${seconds.toFixed(1).padStart(6)} s  ${name}`);
}
