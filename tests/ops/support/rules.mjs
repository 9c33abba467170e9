// What stands in the rules and in the queries of the dashboard, and what of it the product really emits.

import { readFile } from "node:fs/promises";
import path from "node:path";
import { ROOT } from "../../edge/support.mjs";

export const PROMETHEUS = path.join(ROOT, "origin/ops/prometheus");
export const ALERTS = path.join(PROMETHEUS, "alerts.yml");

/** The rules: `[{ name, severity, expr, runbook }]`. */
export async function alertRules() {
  const rules = [];
  for (const block of (await readFile(ALERTS, "utf8")).split(/^ {6}- alert: /m).slice(1)) {
    const name = block.slice(0, block.indexOf("\n"));
    const expr = /^ {8}expr: (?:>\n((?: {10}.*\n)+)|(.*)\n)/m.exec(block);
    const severity = /severity: (\w+)/.exec(block)?.[1];
    const runbook = /runbook: (\S+)/.exec(block)?.[1];
    rules.push({ name, severity, runbook, expr: (expr[1] ?? expr[2]).replace(/\s+/g, " ").trim() });
  }
  return rules;
}

/** The queries of the dashboard: `[{ name, expr }]`. */
export async function dashboardQueries() {
  const dashboard = JSON.parse(await readFile(path.join(ROOT, "origin/ops/grafana/market-data.json"), "utf8"));
  return dashboard.panels.flatMap((panel) => (panel.targets ?? []).map(({ expr }) => ({ name: panel.title, expr })));
}

/** The metrics that a query asks for: its names that are no function, label, operator or text. */
export function metricsOf(query) {
  const bare = query
    .replace(/"[^"]*"/g, "")
    .replace(/\{[^}]*\}/g, " ")
    .replace(/\[[^\]]*\]/g, " ")
    .replace(/\b(by|without|on|ignoring|group_left|group_right)\s*\([^)]*\)/g, " ")
    .replace(/\boffset\s+\w+/g, " ");
  const words = [...bare.matchAll(/[a-zA-Z_:][\w:]*(?!\w*\s*\()/g)].map(([word]) => word);
  return words.filter((word) => !["and", "or", "unless", "bool", "e"].includes(word));
}

const golden = async (name) => (await readFile(path.join(ROOT, "tests/golden", name), "utf8")).trim().split("\n");
const source = (file) => readFile(path.join(ROOT, file), "utf8");

/** The tasks that are supervised, as they are named where they begin. */
async function tasks() {
  const sources = await Promise.all(["origin/src/run.rs", "origin/src/collect.rs"].map(source));
  return sources.flatMap((text) => [...text.matchAll(/(?:supervise|tasks\.begin)\("(\w+)"/g)].map(([, name]) => name));
}

/** The metrics of the exporter with their labels' values: `edge_answers state hit`, and so on. */
async function exporter() {
  const text = await source("origin/ops/edge-exporter/exporter.mjs");
  const states = /const STATES = \[([^\]]*)\]/.exec(text)[1].match(/\w+/g);
  const metrics = [...text.matchAll(/family\(\s*"(\w+)"/g)].map(([, name]) => name);
  return { states, metrics };
}

/** The connections of the stream, as health answers name them. */
const streamsOf = (names) => names.map((line) => /^health dependency (bybit_stream_\S+)$/.exec(line)?.[1]).filter(Boolean);

/**
 * Which values of labels there really are: metric → label → values, as the golden files of the metrics have them. A part in
 * braces stands for anything of its kind (`http_{status}`).
 */
export async function emitted() {
  const known = new Map();
  const add = (metric, label, value) => {
    if (!known.has(metric)) known.set(metric, new Map());
    const labels = known.get(metric);
    if (!labels.has(label)) labels.set(label, new Set());
    labels.get(label).add(value);
  };
  const names = await golden("names-origin.txt");
  const upstreams = names.map((line) => /^metrics upstream (\S+)$/.exec(line)?.[1]).filter(Boolean);
  const health = await golden("reasons-origin.txt");
  const of = (kind) => health.map((line) => new RegExp(`^${kind} (\\S+)$`).exec(line)?.[1]).filter(Boolean);
  const instead = { "{upstream}": upstreams, "{task}": await tasks(), "{stream}": streamsOf(names), "{role}": of("health.role"), "{store}": of("health.store") };
  for (const line of [...(await golden("metrics-origin.txt")), ...(await golden("metrics-edge.txt"))]) {
    const [metric, label, ...rest] = line.split(" ");
    if (["help", "type", "unit"].includes(label)) continue;
    if (label === "labels" || label === "no") {
      if (!known.has(metric)) known.set(metric, new Map());
      continue;
    }
    for (const value of instead[rest.join(" ")] ?? [rest.join(" ")]) add(metric, label, value);
  }
  const { states, metrics } = await exporter();
  for (const metric of metrics) known.set(metric, known.get(metric) ?? new Map());
  for (const state of states) add("edge_answers", "state", state);
  return known;
}

/** What a scrape adds, and may have any value. */
const OF_TARGETS = ["instance", "environment"];

/** The jobs of prometheus.yml. */
async function jobs() {
  return [...(await readFile(path.join(PROMETHEUS, "prometheus.yml"), "utf8")).matchAll(/job_name: (\w+)/g)].map(([, name]) => name);
}

const stands = (pattern, value) => {
  const escaped = pattern.split(/\{\w+\}/).map((part) => part.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  return new RegExp(`^${escaped.join("\\S+")}$`).test(value);
};

/**
 * What a text names and the product does not emit: each `metric{label="value"}` of a query or a series, sentence by sentence.
 * Of a pattern each alternative must match something that there is, and one that excludes must exclude something.
 */
export async function foreignLabels(text) {
  const [known, itsJobs] = await Promise.all([emitted(), jobs()]);
  const faults = [];
  for (const [, metric, selector] of text.matchAll(/\b([a-z_]\w*)\{([^}]*)\}/g)) {
    const labels = metric === "up" || metric === "process_start_time_seconds" ? new Map() : known.get(metric);
    if (!labels) {
      faults.push(`there is no ${metric}`);
      continue;
    }
    for (const [, label, how, value] of selector.matchAll(/(\w+)\s*(=~|!~|!=|=)\s*"([^"]*)"/g)) {
      if (OF_TARGETS.includes(label)) continue;
      const values = label === "job" ? itsJobs : [...(labels.get(label) ?? [])];
      if (metric === "origin_info" && label === "version") continue;
      const wanted = how.includes("~") ? alternatives(value) : [value];
      for (const one of wanted) {
        const found = how.includes("~")
          ? values.some((is) => new RegExp(`^(?:${one})$`).test(is))
          : values.some((is) => stands(is, one));
        if (!found) faults.push(`${metric} never has ${label}="${one}"`);
      }
    }
  }
  return faults;
}

/** `a|b(/.*)?` → [`a`, `b(/.*)?`]: bars within brackets belong to an alternative. */
function alternatives(pattern) {
  const parts = [""];
  let depth = 0;
  for (const char of pattern) {
    if (char === "(") depth += 1;
    if (char === ")") depth -= 1;
    if (char === "|" && depth === 0) parts.push("");
    else parts[parts.length - 1] += char;
  }
  return parts;
}
