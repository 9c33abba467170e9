// Looks into the memory of an isolate, by the protocol of V8's inspector.

import { once } from "node:events";

/** How long one question to the inspector may take. */
const PATIENCE_MS = 10_000;

/** Connects to the inspector of a workerd that was started with one. */
export async function inspect({ inspectorPort }) {
  const [target] = await (await fetch(`http://127.0.0.1:${inspectorPort}/json`)).json();
  const socket = new WebSocket(target.webSocketDebuggerUrl);
  await once(socket, "open");
  const { ask, contextId } = await session(socket);
  /** A number of each living object whose prototype this expression gives. Garbage is collected before. */
  const ofEach = async (prototype, number) => {
    const { result } = await ask("Runtime.evaluate", { expression: prototype, contextId });
    const { objects } = await ask("Runtime.queryObjects", { prototypeObjectId: result.objectId });
    const functionDeclaration = `function () { return this.map((found) => found.${number}); }`;
    const told = await ask("Runtime.callFunctionOn", { objectId: objects.objectId, functionDeclaration, returnByValue: true });
    for (const { objectId } of [result, objects]) await ask("Runtime.releaseObject", { objectId });
    return told.result.value;
  };
  const sum = (numbers) => numbers.reduce((total, number) => total + number, 0);
  return {
    /** What the Worker holds: bytes of WebAssembly's memory, JavaScript values that it refers to, bytes of JavaScript's heap. */
    memory: async () => {
      // The inspector itself keeps what the Worker wrote to its console.
      await ask("Runtime.discardConsoleEntries");
      return {
        wasmBytes: sum(await ofEach("WebAssembly.Memory.prototype", "buffer.byteLength")),
        references: sum(await ofEach("WebAssembly.Table.prototype", "length")),
        heapBytes: (await ask("Runtime.getHeapUsage")).usedSize,
      };
    },
    close: () => socket.close(),
  };
}

/** Starts to talk: a function that asks, and the context in which the Worker runs. */
async function session(socket) {
  const waiting = new Map();
  let contextId;
  socket.addEventListener("message", ({ data }) => {
    const { id, method, params, result, error } = JSON.parse(data);
    if (method === "Runtime.executionContextCreated") contextId = params.context.id;
    const asked = waiting.get(id);
    waiting.delete(id);
    if (error) asked?.reject(new Error(error.message));
    else asked?.resolve(result);
  });
  let last = 0;
  const ask = (method, params = {}) =>
    new Promise((resolve, reject) => {
      last += 1;
      const timer = setTimeout(() => reject(new Error(`${method}: no answer within ${PATIENCE_MS} ms`)), PATIENCE_MS);
      const told = (settle) => (value) => {
        clearTimeout(timer);
        settle(value);
      };
      waiting.set(last, { resolve: told(resolve), reject: told(reject) });
      socket.send(JSON.stringify({ id: last, method, params }));
    });
  await ask("Runtime.enable");
  return { ask, contextId };
}
