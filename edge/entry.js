// The Worker's entry: hands a request to the Rust function with nothing in between.
//
// worker-build's own entry makes an object and two proxies for every request, so that after a crash the next request finds a
// new instance. That costs as much as everything else a hit does, so it is left for when there was a crash.

import Worker from "./build/generated.js";

// worker-build's mark that the instance is broken.
const state = globalThis.__worker_init_state;
const { fetch, scheduled } = Worker.prototype;

export default {
  fetch(request, env, ctx) {
    if (state.criticalError) return new Worker(ctx, env).fetch(request);
    try {
      return fetch.call({ env, ctx }, request);
    } catch (error) {
      if (error instanceof WebAssembly.RuntimeError) state.criticalError = true;
      throw error;
    }
  },

  // Once a minute: the long way does no harm there.
  ...(scheduled && { scheduled: (controller, env, ctx) => new Worker(ctx, env).scheduled(controller) }),
};
