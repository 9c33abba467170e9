// Tells Prometheus of the edge. The Worker's own counters are those of one isolate and end with it, so nothing can be summed
// of them; what can is asked for here:
//
// - each scrape fetches data as a client does, and judges its age by this machine's clock and not by the answer's word;
// - the data points that all isolates write (Workers Analytics Engine) are summed by state over the last five minutes, at
//   most once a minute.
//
// Node 20 or newer and nothing else. Variables:
//
//   EDGE_URL               the edge, such as https://data.example.com
//   EXPORTER_LISTEN        where to listen (default: 127.0.0.1:9101); port 0 takes a free one
//   CLOUDFLARE_ACCOUNT_ID  the account of the Worker; without it nothing is summed, and edge_answers_known is 0
//   CLOUDFLARE_API_TOKEN   a token of it with "Account Analytics: Read"
//   CLOUDFLARE_API_URL     default: https://api.cloudflare.com/client/v4
//   EDGE_DATASET           the dataset of the binding ANALYTICS (default: market_data_edge)

import http from "node:http";

/** How long a look at the edge may take, milliseconds. A client waits less. */
const PROBE_PATIENCE_MS = 5_000;

/** How long the sums may take, milliseconds. Both together stay below Prometheus' scrape_timeout. */
const SUMS_PATIENCE_MS = 5_000;

/** How long sums are kept, milliseconds: an account has a number of queries a day. */
const SUMS_LAST_MS = 60_000;

/** The states of docs/edge.md. One that nothing was counted of stands at zero, so that a rule sees it fall. */
const STATES = [
  "hit", "aging", "origin", "colo_cache", "direct", "secondary", "last_good", "stale", "unavailable", "not_analysed",
  "rate_limited", "refused", "failed",
];

/** What a client asks for first. */
const PATH = "/mobile-data";

class Wrong extends Error {}

function address(name, value) {
  if (!URL.canParse(value) || !/^https?:$/.test(new URL(value).protocol)) throw new Wrong(`${name} is '${value}', which is no http(s) address`);
  return value.replace(/\/+$/, "");
}

function settings(env) {
  const { EDGE_URL = "", EXPORTER_LISTEN = "127.0.0.1:9101", CLOUDFLARE_ACCOUNT_ID = "", CLOUDFLARE_API_TOKEN = "" } = env;
  const [, host, port] = /^(.+):(\d{1,5})$/.exec(EXPORTER_LISTEN) ?? [];
  if (!(Number(port) <= 65_535)) throw new Wrong(`EXPORTER_LISTEN is '${EXPORTER_LISTEN}', which is not HOST:PORT`);
  const dataset = env.EDGE_DATASET || "market_data_edge";
  if (!/^\w+$/.test(dataset)) throw new Wrong(`EDGE_DATASET is '${dataset}', which is no name of a dataset`);
  if (!/^[0-9a-f]*$/.test(CLOUDFLARE_ACCOUNT_ID)) throw new Wrong(`CLOUDFLARE_ACCOUNT_ID is '${CLOUDFLARE_ACCOUNT_ID}', which is no account`);
  if (Boolean(CLOUDFLARE_ACCOUNT_ID) !== Boolean(CLOUDFLARE_API_TOKEN)) {
    throw new Wrong("of CLOUDFLARE_ACCOUNT_ID and CLOUDFLARE_API_TOKEN one is set and one is not");
  }
  const api = address("CLOUDFLARE_API_URL", env.CLOUDFLARE_API_URL || "https://api.cloudflare.com/client/v4");
  const sums = CLOUDFLARE_ACCOUNT_ID && {
    url: `${api}/accounts/${CLOUDFLARE_ACCOUNT_ID}/analytics_engine/sql`,
    token: CLOUDFLARE_API_TOKEN,
    query: `SELECT blob1 AS state, SUM(_sample_interval * double4) AS answers FROM ${dataset}
      WHERE timestamp > NOW() - INTERVAL '5' MINUTE GROUP BY state FORMAT JSON`,
  };
  return { edge: address("EDGE_URL", EDGE_URL), host: host.replace(/^\[|\]$/g, ""), port: Number(port), sums };
}

/** Why something was not fetched, as a label. */
const labelOf = (error) => (error.name === "TimeoutError" ? "timeout" : "unreachable");

/** Fetches data as a client does. */
async function probe(edge) {
  const began = performance.now();
  const seen = { outcome: "ok" };
  try {
    const signal = AbortSignal.timeout(PROBE_PATIENCE_MS);
    const answer = await fetch(edge + PATH, { signal, redirect: "manual", headers: { "user-agent": "edge-exporter" } });
    const body = await answer.text();
    const header = (name) => answer.headers.get(name);
    const asOf = Number(header("x-data-as-of"));
    if (answer.status !== 200) {
      seen.outcome = `http_${answer.status}`;
    } else if (!(asOf > 0) || !isJson(body)) {
      seen.outcome = "no_data";
    } else {
      seen.ageS = (Date.now() - asOf) / 1_000;
      seen.toldAgeS = Number(header("age") ?? Number.NaN);
      seen.source = header("x-data-source") ?? "none";
      seen.freshness = header("x-data-freshness") ?? "none";
    }
  } catch (error) {
    seen.outcome = labelOf(error);
  }
  return { ...seen, tookS: (performance.now() - began) / 1_000 };
}

function isJson(text) {
  try {
    return typeof JSON.parse(text) === "object";
  } catch {
    return false;
  }
}

/** Sums the answers of all isolates by state. Throws where that is not possible. */
async function sum({ url, token, query }) {
  const signal = AbortSignal.timeout(SUMS_PATIENCE_MS);
  const answer = await fetch(url, { method: "POST", body: query, signal, headers: { authorization: `Bearer ${token}` } });
  const text = await answer.text();
  if (!answer.ok) throw new Wrong(`HTTP ${answer.status}: ${text.slice(0, 200)}`);
  const { data } = JSON.parse(text);
  const sums = new Map(STATES.map((state) => [state, 0]));
  for (const { state, answers } of data) {
    // A number of 64 bits comes as text.
    const count = Number(answers);
    if (typeof state !== "string" || !(count >= 0)) throw new Wrong(`a row is ${JSON.stringify({ state, answers })}`);
    if (sums.has(state)) sums.set(state, count);
  }
  return sums;
}

/** Keeps sums for a while, and says in the log when they begin or cease to come. */
function keeper(sums) {
  let kept = null;
  return async () => {
    if (!sums) return null;
    if (!kept || performance.now() - kept.at > SUMS_LAST_MS) {
      const before = kept?.value;
      const at = performance.now();
      try {
        kept = { at, value: await sum(sums) };
        if (before === null) console.error("the answers of the edge can be summed again");
      } catch (error) {
        kept = { at, value: null };
        if (before !== null) console.error(`the answers of the edge cannot be summed: ${error.message}`);
      }
    }
    return kept.value;
  };
}

function page(seen, sums) {
  const lines = [];
  const family = (name, kind, help, samples) => {
    if (samples.length === 0) return;
    lines.push(`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`);
    for (const [labels, value] of samples) {
      const text = Object.entries(labels).map(([label, of]) => `${label}="${of.replace(/[\\"\n]/g, "_")}"`);
      lines.push(`${name}${text.length ? `{${text}}` : ""} ${value}`);
    }
  };
  const known = (value) => (Number.isFinite(value) ? [[{}, value]] : []);
  const ok = seen.outcome === "ok";
  family("edge_probe_success", "gauge", "1 if a client gets data, else 0.", [[{}, Number(ok)]]);
  family("edge_probe_outcome", "gauge", "1, with what came of the last look.", [[{ outcome: seen.outcome }, 1]]);
  family("edge_probe_duration_seconds", "gauge", "How long the last look took.", [[{}, seen.tookS]]);
  family("edge_probe_data_age_seconds", "gauge", "Age of what a client gets, by the clock of the exporter.", known(seen.ageS));
  family(
    "edge_probe_age_difference_seconds", "gauge", "Age that the answer tells, minus its age by the clock of the exporter.",
    known(seen.toldAgeS - seen.ageS),
  );
  const { source, freshness } = seen;
  family("edge_probe_data_info", "gauge", "1, with who made what a client gets, and its class of age.", ok ? [[{ source, freshness }, 1]] : []);
  family("edge_answers_known", "gauge", "1 if the answers of all isolates could be summed, else 0.", [[{}, Number(sums !== null)]]);
  family(
    "edge_answers", "gauge", "Answers of all isolates in the last five minutes by state, without those from memory.",
    [...(sums ?? [])].map(([state, count]) => [{ state }, count]),
  );
  return `${lines.join("\n")}\n`;
}

function start({ edge, host, port, sums }) {
  const kept = keeper(sums);
  const server = http.createServer(async (request, response) => {
    if (request.url !== "/metrics") return response.writeHead(404).end();
    const [seen, summed] = await Promise.all([probe(edge), kept()]);
    response.writeHead(200, { "content-type": "text/plain; version=0.0.4; charset=utf-8" }).end(page(seen, summed));
  });
  server.listen(port, host, () => console.log(`edge-exporter listening on http://${host}:${server.address().port}`));
  const end = () => server.close(() => process.exit(0)).closeIdleConnections();
  process.on("SIGTERM", end).on("SIGINT", end);
}

try {
  start(settings(process.env));
} catch (error) {
  if (!(error instanceof Wrong)) throw error;
  console.error(`✗ edge-exporter: ${error.message}`);
  process.exit(2);
}
