// One HTTP request, and everything that came back: header lines as they were sent, the decoded body, and when.

import http from "node:http";
import https from "node:https";
import zlib from "node:zlib";

const DECODERS = { gzip: zlib.gunzipSync, br: zlib.brotliDecompressSync, deflate: zlib.inflateSync, zstd: zlib.zstdDecompressSync };

/** How long a request may take before it counts as hanging. */
const PATIENCE_MS = 30_000;

/**
 * Sends one request; redirects are not followed and nothing is added to `headers` but the host.
 *
 * The answer: `status`, `lines` ([name, value] as sent), `headers`, `header(name)`, `bytes` and `text` (decoded), `json`
 * (where the body is JSON), `tookMs`, and what was asked: `method`, `path`, `url`.
 */
export function ask(url, { method = "GET", headers = {}, agent, path, patienceMs = PATIENCE_MS } = {}) {
  const target = new URL(url);
  const { request: send } = target.protocol === "https:" ? https : http;
  const started = performance.now();
  return new Promise((resolve, reject) => {
    const options = { method, headers, agent };
    if (path !== undefined) options.path = path;
    const request = send(target, options, (response) => {
      const parts = [];
      response.on("data", (part) => parts.push(part));
      response.on("error", reject);
      response.on("end", () => {
        clearTimeout(timer);
        try {
          const asked = { method, url, path: path ?? target.pathname + target.search };
          resolve(answer(asked, response, Buffer.concat(parts), performance.now() - started));
        } catch (error) {
          reject(error);
        }
      });
    });
    const timer = setTimeout(() => request.destroy(new Error(`${method} ${url}: no answer within ${patienceMs} ms`)), patienceMs);
    request.on("error", (error) => {
      clearTimeout(timer);
      reject(error);
    });
    request.end();
  });
}

function answer(asked, response, sent, tookMs) {
  const lines = [];
  for (let at = 0; at < response.rawHeaders.length; at += 2) {
    lines.push([response.rawHeaders[at].toLowerCase(), response.rawHeaders[at + 1]]);
  }
  const headers = new Headers(lines);
  const coding = headers.get("content-encoding");
  const decode = coding && sent.length > 0 ? DECODERS[coding] : undefined;
  if (coding && coding !== "identity" && sent.length > 0 && !decode) throw new Error(`cannot decode ${coding}`);
  const bytes = decode ? decode(sent) : sent;
  const text = bytes.toString("utf8");
  return {
    ...asked, status: response.statusCode, lines, headers, header: (name) => headers.get(name), sent, bytes, text,
    json: headers.get("content-type")?.includes("json") ? parsed(text) : undefined, tookMs,
  };
}

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
