// A real Prometheus and a real Alertmanager with the project's configuration, whose messages arrive here.

import { createInterface } from "node:readline";
import { readFile, writeFile } from "node:fs/promises";
import path from "node:path";
import { ROOT, run, startServer } from "../../edge/support.mjs";

const OPS = path.join(ROOT, "origin/ops");

/** Who is told: the names of the receivers, which are those of the files with their addresses. */
const RECEIVERS = ["page", "ticket", "watchdog"];

/** The address that one of Prometheus' programs listens on: it says so in its log. Started on port 0, it alone knows. */
async function logged({ child }) {
  const lines = [];
  for await (const line of createInterface({ input: child.stderr })) {
    lines.push(line);
    const port = /Listening on.*address=\S*?:(\d+)/.exec(line)?.[1];
    if (port && port !== "0") {
      child.stderr.resume();
      child.stdout.resume();
      return `http://127.0.0.1:${port}`;
    }
  }
  throw new Error(`${child.spawnfile} ended before it listened:\n${lines.join("\n")}`);
}

/** Replaces what must be there, at every place. */
function changed(text, ...changes) {
  for (const [pattern, by] of changes) {
    if (!pattern.test(text)) throw new Error(`the configuration has no ${pattern}`);
    text = text.replace(new RegExp(pattern.source, "gm"), by);
  }
  return text;
}

/**
 * An Alertmanager with the project's configuration: other addresses, and shorter waits for what belongs together.
 * `messages` has what arrived, as `{ to, status, alerts: [name], body }`.
 */
export async function startAlertmanager(folder) {
  const messages = [];
  const inbox = await startServer((request, response) => {
    const parts = [];
    request.on("data", (part) => parts.push(part));
    request.on("end", () => {
      const body = JSON.parse(Buffer.concat(parts).toString());
      const alerts = body.alerts.map(({ labels }) => labels.alertname).sort();
      messages.push({ to: request.url.slice(1), status: body.status, alerts, body });
      response.end();
    });
  });
  const written = await readFile(path.join(OPS, "alertmanager/alertmanager.yml"), "utf8");
  const addresses = RECEIVERS.map((name) => [new RegExp(`url_file: /run/secrets/alert_${name}_url$`, "m"), `url: ${inbox.url}/${name}`]);
  const config = path.join(folder, "alertmanager.yml");
  await writeFile(config, changed(written, ...addresses, [/group_wait: 30s$/m, "group_wait: 1s"], [/group_interval: 1m$/m, "group_interval: 1s"]));
  const program = run(
    "prometheus-alertmanager",
    [`--config.file=${config}`, `--storage.path=${folder}/alertmanager`, "--web.listen-address=127.0.0.1:0", "--cluster.listen-address="],
    {}, 1,
  );
  const url = await logged(program);
  return {
    config,
    url,
    messages,
    /** Sends alerts as Prometheus does. */
    fire: async (alerts) => {
      const headers = { "content-type": "application/json" };
      const answer = await fetch(`${url}/api/v2/alerts`, { method: "POST", headers, body: JSON.stringify(alerts) });
      if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
    },
    /** The alerts that are kept quiet, by name. */
    inhibited: async () => {
      const all = await (await fetch(`${url}/api/v2/alerts?active=true&inhibited=true`)).json();
      return all.filter(({ status }) => status.inhibitedBy.length > 0).map(({ labels }) => labels.alertname).sort();
    },
    stop: async () => {
      await program.stop();
      await inbox.stop();
    },
  };
}

/**
 * A Prometheus with the project's configuration and rules, at its own pace, which scrapes `targets` by job and shows the origins
 * `secret`.
 */
export async function startPrometheus(folder, alertmanager, targets, secret) {
  const written = await readFile(path.join(OPS, "prometheus/prometheus.yml"), "utf8");
  const config = path.join(folder, "prometheus.yml");
  const credentials = path.join(folder, "origin_secret");
  await writeFile(credentials, secret);
  await writeFile(config, changed(
    written,
    [/- alerts\.yml$/m, `- ${OPS}/prometheus/alerts.yml`],
    [/targets: \[alertmanager:9093\]$/m, `targets: ["${new URL(alertmanager.url).host}"]`],
    [/credentials_file: \/run\/secrets\/origin_secret$/m, `credentials_file: ${credentials}`],
    [/targets: \[origin-1:8090, origin-2:8090\]$/m, `targets: ["${targets.origin}"]`],
    [/targets: \[edge-exporter:9101\]$/m, `targets: ["${targets.edge}"]`],
    [/scrape_interval: 15s$/m, "scrape_interval: 1s"],
    [/scrape_timeout: 12s$/m, "scrape_timeout: 1s"],
    [/scrape_interval: 5s$/m, "scrape_interval: 1s"],
    [/evaluation_interval: 15s$/m, "evaluation_interval: 1s"],
  ));
  // What is sent before it has found the Alertmanager is lost, and is sent again after this delay.
  const soon = "--rules.alert.resend-delay=1s";
  const program = run("prometheus", [`--config.file=${config}`, `--storage.tsdb.path=${folder}/tsdb`, "--web.listen-address=127.0.0.1:0", soon], {}, 1);
  const url = await logged(program);
  return {
    url,
    /** What a query gives, as `[{ labels, value }]`. */
    ask: async (query) => {
      const { data } = await (await fetch(`${url}/api/v1/query?query=${encodeURIComponent(query)}`)).json();
      return data.result.map(({ metric, value }) => ({ labels: metric, value: Number(value[1]) }));
    },
    stop: program.stop,
  };
}
