// The link between edge and origin: passes on, or fails on command.

import { setTimeout as pause } from "node:timers/promises";
import { startPausingServer } from "./server.mjs";

/** Headers that belong to one connection and not to what is passed over it. */
export const OF_CONNECTION = ["connection", "keep-alive", "transfer-encoding", "content-length"];

/**
 * The link between edge and origin: passes requests on to `target`, or does what `order` says instead.
 *
 * Orders: pass · refuse · reset · hang · hang_body · truncate (connection cut in the body) · drip {bytes} (so many a second) ·
 * delay {ms} · answer {status, headers, body} · rewrite {json(object) → object, text(string) → string, headers(object) →
 * object}.
 */
export async function startLink(target) {
  const state = { order: { kind: "pass" }, names: [], credentials: [] };
  const server = await startPausingServer((request, response) => {
    state.names.push(request.headers["x-request-id"]);
    const credentials = request.headersDistinct.authorization ?? [];
    state.credentials.push(credentials);
    handle(target, state.order, request, response).catch(() => response.destroy());
  });
  return {
    url: server.url,
    requests: () => state.names.length,
    /** The `X-Request-Id` of each request, in their order. */
    names: () => state.names,
    /** The lines of `Authorization` of each request, in their order. */
    credentials: () => state.credentials,
    forget: () => {
      state.names = [];
      state.credentials = [];
    },
    /** Sets the order for all requests from now on. */
    order: async (kind, more = {}) => {
      state.order = { kind, ...more };
      await (kind === "refuse" ? server.pause() : server.resume());
    },
    stop: server.stop,
  };
}

/** What `url` answers to `headers`: the status, the headers that are not of the connection, and the body's bytes. */
export async function passedOn(url, headers = {}) {
  const answer = await fetch(url, { headers: { "accept-encoding": "identity", ...headers }, redirect: "manual" });
  const answered = Object.fromEntries(answer.headers);
  for (const name of OF_CONNECTION) delete answered[name];
  return { status: answer.status, headers: answered, body: Buffer.from(await answer.arrayBuffer()) };
}

async function handle(target, order, request, response) {
  switch (order.kind) {
    case "hang":
      return;
    case "reset":
      request.socket.resetAndDestroy();
      return;
    case "answer":
      response.writeHead(order.status, order.headers ?? {});
      response.end(order.body);
      return;
    case "delay":
      await pause(order.ms);
  }
  const { authorization } = request.headers;
  const passed = await passedOn(`${target}${request.url}`, authorization && { authorization });
  let { headers } = passed;
  let body = passed.body.toString();
  if (order.kind === "rewrite") {
    if (order.json) body = JSON.stringify(order.json(JSON.parse(body)));
    if (order.text) body = order.text(body);
    if (order.headers) headers = order.headers(headers);
  }
  const bytes = Buffer.from(body);
  response.writeHead(passed.status, { ...headers, "content-length": bytes.length });
  await send(order, bytes, request, response);
}

async function send(order, bytes, request, response) {
  const half = bytes.subarray(0, bytes.length / 2);
  switch (order.kind) {
    case "hang_body":
      response.write(half);
      return;
    case "truncate":
      response.write(half, () => request.socket.destroy());
      return;
    case "drip":
      for (let at = 0; at < bytes.length && !response.destroyed; at += order.bytes) {
        response.write(bytes.subarray(at, at + order.bytes));
        await pause(1_000);
      }
      return;
    default:
      response.end(bytes);
  }
}
