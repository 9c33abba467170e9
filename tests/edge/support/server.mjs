// A server of the tests' own.

import { once } from "node:events";
import http from "node:http";

/** An HTTP server on a free port of this machine. Once stopped it refuses connections, until it starts again at the same port. */
export async function startServer(handler) {
  const server = http.createServer(handler);
  const sockets = new Set();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.on("close", () => sockets.delete(socket));
    socket.on("error", () => {});
  });
  const listen = async (port) => {
    server.listen(port, "127.0.0.1");
    await once(server, "listening");
  };
  await listen(0);
  const { port } = server.address();
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    startAgain: async () => {
      if (!server.listening) await listen(port);
    },
    stop: async () => {
      if (!server.listening) return;
      const closed = once(server, "close");
      server.close();
      for (const socket of sockets) socket.destroy();
      await closed;
    },
  };
}
