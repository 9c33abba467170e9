// The real origin on a simulated exchange.

import { ANALYSIS_ROUTES } from "../../promise/routes.mjs";
import { listening, program, run, until } from "./process.mjs";

/** The simulated exchange and its control API. */
export async function startSimulator() {
  const simulator = run(program("SIMULATOR_BIN", "exchange-simulator"), ["--listen", "127.0.0.1:0"], {});
  const url = await listening(simulator);
  const control = async (method, what, body) => {
    const response = await fetch(`${url}/control/${what}`, { method, body: body && JSON.stringify(body) });
    if (!response.ok) throw new Error(`${method} /control/${what}: ${response.status} ${await response.text()}`);
    return response;
  };
  return {
    url,
    stop: simulator.stop,
    fail: (link, fault) => control("PUT", `faults/${link}`, fault),
    recover: () => control("DELETE", "faults"),
    /** How often each link was asked since the last `forget`. */
    requests: async () => (await (await control("GET", "requests")).json()).by_link,
    forget: () => control("DELETE", "requests"),
  };
}

/** The real origin, on the simulated exchange, ready to serve. */
export async function startOrigin(simulator, vars = {}) {
  const { child, stop } = run(program("ORIGIN_BIN", "origin"), [], {
    ORIGIN_LISTEN: "127.0.0.1:0",
    DRAIN_DELAY_MS: "0",
    // Faults of the REST API are seen only where no stream makes up for them.
    STREAMS: "off",
    BYBIT_BASE_URL: simulator.url,
    COINGECKO_BASE_URL: simulator.url,
    FEAR_GREED_BASE_URL: simulator.url,
    ...vars,
  });
  const url = await listening({ child });
  await until("the origin is ready", async () => (await fetch(`${url}/health/ready`).catch(() => null))?.ok);
  return { url, stop, pid: child.pid };
}

/** The same, once it has loaded months of candles and analysed every contract it watches. */
export async function startAnalysedOrigin(simulator, vars = {}) {
  const origin = await startOrigin(simulator, { BYBIT_REQUESTS_PER_5S: "300", ...vars });
  const answers = (path) => async () => (await fetch(`${origin.url}${path}`)).ok;
  try {
    for (const path of Object.keys(ANALYSIS_ROUTES)) await until(`the origin has ${path}`, answers(path), { withinMs: 240_000 });
  } catch (error) {
    await origin.stop();
    throw error;
  }
  return origin;
}
