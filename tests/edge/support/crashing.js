// The main module of a Worker that can be made to crash: `POST /crash` fills the memory of its WebAssembly with nonsense, so
// that whatever runs next in it traps. Everything else goes to the Worker as it was built.

import { current } from "./capture.js";
import worker from "./index.js";

export default {
  ...worker,
  fetch(request, env, context) {
    if (request.method !== "POST" || new URL(request.url).pathname !== "/crash") return worker.fetch(request, env, context);
    const { memory, __instance_terminated: terminated, __abort_handler: handler } = current().exports;
    const words = new Int32Array(memory.buffer);
    // By these two the bindings notice a crash, and no crash of Rust's own reaches them.
    const kept = [terminated, handler].map(({ value }) => [value / 4, words[value / 4]]);
    words.fill(-1);
    for (const [place, word] of kept) words[place] = word;
    return new Response(null, { status: 204 });
  },
};
