// A server of the tests' own.

import { once } from "node:events";
import http from "node:http";
import { claimLoopback } from "./loopback.mjs";

/** An HTTP server at a port that the kernel chose. */
export async function startServer(handler) {
  const { listen, close } = server(handler);
  const port = await listen({ host: "127.0.0.1", port: 0 });
  return { port, url: `http://127.0.0.1:${port}`, stop: close };
}

/**
 * An HTTP server that can be away for a while: paused it refuses connections, resumed it listens at the same port. The port
 * stays its own meanwhile, because the address does.
 */
export async function startPausingServer(handler) {
  const loopback = await claimLoopback();
  const { listen, close } = server(handler);
  const address = { host: loopback.host, port: 21_080 };
  await listen(address);
  return {
    url: `http://${address.host}:${address.port}`,
    pause: close,
    resume: () => listen(address),
    stop: async () => {
      await close();
      await loopback.release();
    },
  };
}

/** `listen` and `close` do nothing where that is done. */
function server(handler) {
  const its = http.createServer(handler);
  const sockets = new Set();
  its.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
  });
  return {
    listen: async (address) => {
      if (!its.listening) {
        its.listen(address);
        await once(its, "listening");
      }
      return its.address().port;
    },
    close: async () => {
      if (!its.listening) return;
      const closed = once(its, "close");
      its.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
