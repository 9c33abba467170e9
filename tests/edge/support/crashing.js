// The main module of a Worker that can be made to crash: a request with the header `X-Crash` finds the memory of the
// WebAssembly filled with nonsense, so that it traps. Both happen in one turn of the event loop: otherwise a timer or a task
// behind an earlier answer could meet the nonsense first. Everything else goes to the Worker as it was built.

import { current } from "./capture.js";
import worker from "./index.js";

export default {
  ...worker,
  fetch(request, env, context) {
    if (request.headers.has("X-Crash")) spoilMemory();
    return worker.fetch(request, env, context);
  },
};

function spoilMemory() {
  const { memory, __instance_terminated: terminated, __abort_handler: handler } = current().exports;
  const words = new Int32Array(memory.buffer);
  // By these two the bindings notice a crash, and no crash of Rust's own reaches them.
  const kept = [terminated, handler].map(({ value }) => [value / 4, words[value / 4]]);
  words.fill(-1);
  for (const [place, word] of kept) words[place] = word;
}
