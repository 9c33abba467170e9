// wrangler.toml and wrangler.direct.toml: what runs here and what is deployed have the same variables and bindings, for nothing is
// inherited, and the two Workers belong together.

import assert from "node:assert/strict";
import path from "node:path";
import { test } from "node:test";
import { unstable_readConfig as readConfig } from "wrangler";
import { ROOT } from "./support.mjs";

const config = path.join(ROOT, "wrangler.toml");
const local = readConfig({ config });
const production = readConfig({ config, env: "production" });

const directConfig = path.join(ROOT, "wrangler.direct.toml");
const direct = { local: readConfig({ config: directConfig }), production: readConfig({ config: directConfig, env: "production" }) };
const AGES = ["REFRESH_AFTER_S", "FRESH_S", "AGING_S", "STALE_S"];

/** The fields of a configuration that list bindings, and what names one there. */
const BINDINGS = {
  kv_namespaces: ({ binding }) => binding,
  ratelimits: ({ name, simple }) => `${name} ${JSON.stringify(simple)}`,
  analytics_engine_datasets: ({ binding, dataset }) => `${binding} ${dataset}`,
  services: ({ binding, service }) => `${binding} ${service}`,
};

test("both environments have the same variables, each with a value", () => {
  assert.deepEqual(Object.keys(production.vars).sort(), Object.keys(local.vars).sort());
  for (const name of AGES) assert.equal(production.vars[name], local.vars[name], name);
});

test("both environments have the same bindings", () => {
  for (const [field, name] of Object.entries(BINDINGS)) {
    assert.deepEqual(production[field].map(name), local[field].map(name), field);
  }
  for (const field of ["ratelimits", "analytics_engine_datasets", "services"]) assert.equal(local[field].length, 1, field);
  assert.deepEqual(production.version_metadata, local.version_metadata);
  assert.deepEqual(production.triggers, local.triggers);
  // A binding of a kind that is not compared above.
  const kinds = ["d1_databases", "r2_buckets", "queues", "hyperdrive", "vectorize", "dispatch_namespaces"];
  for (const kind of kinds) {
    const bound = [local, production].map((of) => of[kind]?.producers ?? of[kind] ?? []);
    assert.deepEqual(bound, [[], []], `${kind} is bound, but this test does not compare it`);
  }
  assert.deepEqual([local.durable_objects.bindings, production.durable_objects.bindings], [[], []]);
});

test("both environments counted apart: a rate limit here takes nothing from production's", () => {
  assert.notEqual(production.ratelimits[0].namespace_id, local.ratelimits[0].namespace_id);
});

test("the Worker that is bound is the one that owns the way to the exchanges, and asks nobody else for it", () => {
  for (const [bound, other] of [[local, direct.local], [production, direct.production]]) {
    assert.deepEqual(bound.services.map(({ service }) => service), [other.name]);
    assert.equal(other.vars.ROLE, "direct");
    assert.equal(other.main, bound.main, "of another build");
    assert.equal(other.compatibility_date, bound.compatibility_date);
    for (const name of AGES) assert.equal(other.vars[name], bound.vars[name], name);
    for (const field of Object.keys(BINDINGS)) assert.deepEqual(other[field], [], field);
    assert.deepEqual([other.workers_dev, other.routes ?? [], other.triggers.crons ?? []], [false, [], []], "it has an address, or a clock");
  }
  assert.deepEqual(Object.keys(direct.production.vars).sort(), Object.keys(direct.local.vars).sort());
});

test("the way to the exchanges begins where Bybit answers, and clients are served where they are", () => {
  assert.equal(direct.production.placement.region, "aws:ap-southeast-1");
  assert.deepEqual([production.placement, local.placement], [undefined, undefined]);
});

test("production runs under its own domain, within limits, with no cache in front", () => {
  assert.equal(production.workers_dev, false);
  assert.equal(production.routes.length, 1);
  assert.ok(production.routes.every((route) => route.custom_domain));
  assert.equal(production.cache.enabled, false);
  assert.deepEqual(production.limits, local.limits);
  assert.ok(production.limits.cpu_ms <= 1_000 && production.limits.subrequests <= 100);
  assert.equal(production.observability.enabled, true);
  assert.ok(production.observability.head_sampling_rate > 0 && production.observability.head_sampling_rate <= 1);
  assert.equal(production.observability.logs.invocation_logs, false);
});
