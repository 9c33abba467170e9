// Bare workerd: one isolate that opens real connections, so that a refused one is refused.

import { once } from "node:events";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import path from "node:path";
import { createInterface } from "node:readline";
import { ROOT, run } from "./process.mjs";

const { default: workerdBinary } = createRequire(import.meta.url)("workerd");

const text = (value) => JSON.stringify(String(value));

async function compatibilityDate() {
  const wrangler = await readFile(path.join(ROOT, "wrangler.toml"), "utf8");
  return /^compatibility_date = "(.+)"$/m.exec(wrangler)[1];
}

const textBindings = (vars) =>
  Object.entries(vars)
    .filter(([, value]) => value !== undefined)
    .map(([name, value]) => `( name = ${text(name)}, text = ${text(value)} )`);

/** A Worker made of `modules`: name → [kind, file], the first is the main one. */
const worker = ({ modules, bindings, cache, date }) => `(
      modules = [ ${Object.entries(modules).map(([name, [kind, file]]) => `( name = ${text(name)}, ${kind} = embed ${text(file)} )`).join(", ")} ],
      compatibilityDate = "${date}",
      bindings = [ ${bindings.join(", ")} ],
      globalOutbound = "internet",
      cacheApiOutbound = "${cache}",
    )`;

function configuration({ modules, vars, cachePort, direct, date, trusted }) {
  const tls = trusted ? `, tlsOptions = ( trustBrowserCas = false, trustedCertificates = [ ${text(trusted)} ] )` : "";
  const cache = (name, port) => `( name = "${name}", external = ( address = "127.0.0.1:${port}", http = () ) ),`;
  const bound = direct ? ['( name = "DIRECT", service = "direct" )'] : [];
  return `
    using Workerd = import "/workerd/workerd.capnp";
    const config :Workerd.Config = (
      services = [
        ( name = "worker", worker = .worker ),
        ( name = "internet", network = ( allow = ["private", "local"]${tls} ) ),
        ${cache("cache", cachePort)}
        ${direct?.url ? `( name = "direct", external = ( address = "${new URL(direct.url).host}", http = () ) ),` : ""}
        ${direct?.vars ? `( name = "direct", worker = .direct ), ${cache("cache-of-direct", direct.cachePort ?? 1)}` : ""}
      ],
      sockets = [ ( name = "http", address = "127.0.0.1:0", http = (), service = "worker" ) ],
    );
    const worker :Workerd.Worker = ${worker({ modules, bindings: [...textBindings(vars), ...bound], cache: "cache", date })};
    ${direct?.vars ? `const direct :Workerd.Worker = ${worker({ modules: direct.modules ?? modules, bindings: textBindings(direct.vars), cache: "cache-of-direct", date })};` : ""}`;
}

/**
 * Runs a Worker. Without `cachePort` every look into the cache fails; with `inspector` its isolate can be examined; with `direct`,
 * of the same form or the `url` of one that runs already, another one is bound to it as `DIRECT`; `trusted` is the certificate of
 * the only authority by which it believes a server, PEM.
 */
export async function startWorkerd({ modules, vars = {}, cachePort = 1, direct, inspector = false, trusted }) {
  const directory = await mkdtemp(path.join(tmpdir(), "workerd-"));
  const file = path.join(directory, "config.capnp");
  await writeFile(file, configuration({ modules, vars, cachePort, direct, date: await compatibilityDate(), trusted }));
  const options = ["serve", "-I/", "--control-fd=3", ...(inspector ? ["--inspector-addr=127.0.0.1:0"] : [])];
  const { child, stop, kill } = run(workerdBinary, [...options, file], {}, 1);
  const lines = [];
  for (const stream of [child.stdout, child.stderr]) {
    createInterface({ input: stream }).on("line", (line) => {
      lines.push(line);
      if (process.env.TEST_LOGS) console.error(line);
    });
  }
  const ended = once(child, "exit").then(() => {
    throw new Error(`workerd ended before it listened:\n${lines.join("\n")}`);
  });
  const listening = (async () => {
    const ports = {};
    for await (const line of createInterface({ input: child.stdio[3] })) {
      const { event, port } = JSON.parse(line);
      ports[event] = port;
      if (ports.listen && (!inspector || ports["listen-inspector"])) return ports;
    }
  })();
  const ports = await Promise.race([listening, ended]);
  ended.catch(() => {});
  const cleaned = async () => rm(directory, { recursive: true, force: true });
  return {
    url: `http://127.0.0.1:${ports.listen}`,
    port: ports.listen,
    inspectorPort: ports["listen-inspector"],
    pid: child.pid,
    lines,
    stop: async () => {
      await stop();
      await cleaned();
    },
    /** Ends it without a word, as an eviction does. */
    kill: async () => {
      const gone = once(child, "exit");
      kill();
      await gone;
      await cleaned();
    },
  };
}
