// The Worker's entry: the runtime calls the Rust functions with nothing in between.
//
// After a crash the bindings make a new instance on the next call (`force_enable_abort_handler` in edge/bind, and `worker`,
// which asks for it when a panic aborts), so nothing needs to be watched here: tests/edge/crash.test.mjs.
// scripts/build-edge says where "bindings" is.

import { fetch, scheduled } from "bindings";

// A crash is explained by the frames of Rust above it, which are many.
Error.stackTraceLimit = 100;

export default { fetch, scheduled };
