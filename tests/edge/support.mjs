// What the edge's tests need, from one place.

export { ALL_ROUTES, ANALYSIS_ROUTES, HEALTH_ROUTES, STREAM_ROUTES, TICKER_ROUTES } from "../promise/routes.mjs";
export { ask as get } from "../promise/ask.mjs";
export { LIMITS, checkAnswer, maxBodyBytes, profile } from "../promise/answer.mjs";
export * from "./support/answers.mjs";
export * from "./support/cache.mjs";
export * from "./support/crowd.mjs";
export * from "./support/late.mjs";
export * from "./support/link.mjs";
export * from "./support/listing.mjs";
export * from "./support/loopback.mjs";
export * from "./support/process.mjs";
export * from "./support/server.mjs";
export * from "./support/services.mjs";
export * from "./support/worker.mjs";
export * from "./support/workerd.mjs";
export * from "./support/world.mjs";
