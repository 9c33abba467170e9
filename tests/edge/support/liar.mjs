// Stands in front of an honest service and changes its answers: what a checker must notice.

import http from "node:http";
import { startServer } from "./server.mjs";

/**
 * `lie(answer, asked)` gets an answer as `{ status, headers, body }` with its body as text, and what was asked as
 * `{ method, path, headers }`; it changes the answer in place, or gives another.
 */
export async function startLiar(target, lie) {
  const agent = new http.Agent({ keepAlive: true });
  const server = await startServer(async (request, response) => {
    try {
      const asked = { method: request.method, path: request.url, headers: request.headers };
      const told = await forward(target, asked, agent);
      const { status, headers, body } = lie(told, asked) ?? told;
      delete headers["transfer-encoding"];
      const hasBody = request.method !== "HEAD" && status !== 204 && status !== 304;
      if (hasBody) headers["content-length"] = Buffer.byteLength(body);
      response.sendDate = false;
      response.writeHead(status, headers);
      response.end(hasBody ? body : undefined);
    } catch {
      response.destroy();
    }
  });
  return {
    url: server.url,
    stop: async () => {
      agent.destroy();
      await server.stop();
    },
  };
}

function forward(target, { method, path, headers }, agent) {
  return new Promise((resolve, reject) => {
    // Bodies come as text, so that a lie is easily told.
    const plain = { ...headers, "accept-encoding": "identity" };
    const request = http.request(target, { method, path, headers: plain, agent }, async (response) => {
      const parts = [];
      for await (const part of response) parts.push(part);
      const { connection, "keep-alive": _, ...kept } = response.headers;
      resolve({ status: response.statusCode, headers: kept, body: Buffer.concat(parts).toString() });
    });
    request.on("error", reject);
    request.end();
  });
}
