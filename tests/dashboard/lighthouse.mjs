// Reads Lighthouse's reports: the middle of each category and of each timing, and fails below a limit. scripts/lighthouse
// calls this.

import { readFile } from "node:fs/promises";

const [least, ...files] = process.argv.slice(2);
const reports = await Promise.all(files.map(async (file) => JSON.parse(await readFile(file, "utf8"))));

const middle = (numbers) => numbers.toSorted((a, b) => a - b)[Math.floor((numbers.length - 1) / 2)];
const row = (name, value) => console.log(`  ${name.padEnd(36)}${value}`);

let isGood = true;
for (const [id, { title }] of Object.entries(reports[0].categories)) {
  const score = Math.round(middle(reports.map((report) => report.categories[id].score)) * 100);
  isGood &&= score >= Number(least);
  row(title, score);
}
for (const id of [
  "first-contentful-paint",
  "largest-contentful-paint",
  "total-blocking-time",
  "cumulative-layout-shift",
  "speed-index",
  "total-byte-weight",
]) {
  row(
    reports[0].audits[id].title,
    Math.round(middle(reports.map((report) => report.audits[id].numericValue)) * 1_000) / 1_000,
  );
}
for (const { auditRefs } of Object.values(reports[0].categories)) {
  for (const { id, weight } of auditRefs) {
    const { title, score } = reports[0].audits[id];
    if (weight > 0 && score !== null && score < 0.9) row("could be better", title);
  }
}
if (!isGood) {
  console.error(`a category is below ${least}`);
  process.exitCode = 1;
}
