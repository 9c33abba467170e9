// Who is asked when, in a world whose clock the test moves.

import assert from "node:assert/strict";
import { test } from "node:test";
import { LIMITS_MS } from "../../../edge/dashboard/generated/contract.ts";
import { Poller } from "../../../edge/dashboard/src/data/poller.ts";

const DATA = { kind: "unchanged" };
const CUT = { kind: "failed", trouble: { kind: "unreachable" }, retryAfterMs: null };
const refused = (retryAfterMs) => ({
  kind: "failed",
  trouble: { kind: "problem", status: 503, problem: null },
  retryAfterMs,
});

/** A world in which time passes only when the test says so. */
function world() {
  let now = 0;
  let timers = [];
  const state = { visible: true, metered: false };
  const settle = () => new Promise((resolve) => setImmediate(resolve));
  const poller = new Poller({
    now: () => now,
    later: (ms, what) => {
      const timer = { at: now + ms, what };
      timers.push(timer);
      return () => (timers = timers.filter((other) => other !== timer));
    },
    random: () => 0.5,
    isVisible: () => state.visible,
    isMetered: () => state.metered,
  });
  const pass = async (ms) => {
    const end = now + ms;
    for (;;) {
      await settle();
      const next = timers.toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > end) break;
      timers = timers.filter((timer) => timer !== next);
      now = Math.max(now, next.at);
      next.what();
    }
    now = end;
    await settle();
  };
  return { poller, state, pass, timers: () => timers.length, now: () => now };
}

/** A task that remembers when it was asked. */
function task(around, everyMs, answers = () => DATA) {
  const asked = [];
  return { everyMs, asked, run: async () => (asked.push(around.now()), answers(asked.length)) };
}

test("a task is asked at once and then at its pace", async () => {
  const around = world();
  const one = task(around, 3_000);
  around.poller.add(one);
  await around.pass(9_500);
  assert.deepEqual(one.asked, [0, 3_000, 6_000, 9_000]);
});

test("at most one question is under way", async () => {
  const around = world();
  let open = 0;
  const slow = (everyMs) => ({
    everyMs,
    run: () => {
      open += 1;
      assert.equal(open, 1);
      return new Promise((resolve) => setImmediate(() => ((open -= 1), resolve(DATA))));
    },
  });
  for (const everyMs of [1_000, 1_000, 2_000]) around.poller.add(slow(everyMs));
  await around.pass(5_000);
});

test("nothing is asked while the page is hidden, and what is overdue at once when it is shown", async () => {
  const around = world();
  const one = task(around, 3_000);
  around.poller.add(one);
  await around.pass(1_000);
  around.state.visible = false;
  around.poller.visibilityChanged();
  await around.pass(60_000);
  assert.deepEqual(one.asked, [0]);
  assert.equal(around.timers(), 0);
  around.state.visible = true;
  around.poller.visibilityChanged();
  await around.pass(10);
  assert.deepEqual(one.asked, [0, 61_000]);
});

test("a metered connection is asked four times less often", async () => {
  const around = world();
  around.state.metered = true;
  const one = task(around, 3_000);
  around.poller.add(one);
  await around.pass(24_000);
  assert.deepEqual(one.asked, [0, 12_000, 24_000]);
});

test("healthy data stays within the fresh limit on a metered connection, too", async () => {
  const around = world();
  around.state.metered = true;
  // The server's data is 4 s old when it answers.
  let asOf = 0;
  const ages = [];
  const one = task(around, 3_000, () => {
    if (one.asked.length > 1) ages.push(around.now() - asOf);
    asOf = around.now() - 4_000;
    return DATA;
  });
  around.poller.add({ ...one, ageMs: () => around.now() - asOf });
  await around.pass(60_000);
  assert.ok(ages.length >= 5 && ages.every((age) => age <= LIMITS_MS.fresh), `${ages}`);
  assert.ok(one.asked.length <= 9, "it is slower than on another line");
});

test("failures are followed by ever longer pauses, and a success by the usual one", async () => {
  const around = world();
  const one = task(around, 3_000, (count) => (count < 4 ? refused(null) : DATA));
  around.poller.add(one);
  await around.pass(30_000);
  assert.deepEqual(one.asked, [0, 3_000, 9_000, 21_000, 24_000, 27_000, 30_000]);
});

test("a refusal is not asked again before its time, and delays no other task", async () => {
  const around = world();
  const one = task(around, 3_000, () => refused(10_000));
  const other = task(around, 3_000);
  around.poller.add(one);
  around.poller.add(other);
  await around.pass(9_900);
  assert.deepEqual(one.asked, [0]);
  assert.deepEqual(other.asked, [0, 3_000, 6_000, 9_000]);
  await around.pass(200);
  assert.deepEqual(one.asked, [0, 10_000]);
});

test("a server that cannot be reached is left alone by every task", async () => {
  const around = world();
  const one = task(around, 3_000, () => CUT);
  const other = task(around, 3_000, () => CUT);
  around.poller.add(one);
  around.poller.add(other);
  await around.pass(60_000);
  const all = [...one.asked, ...other.asked].toSorted((a, b) => a - b);
  const pauses = all.slice(1).map((at, index) => at - all[index]);
  assert.deepEqual(pauses.slice(0, 4), [3_000, 6_000, 12_000, 24_000]);
});

test("the return of the connection ends every pause that a failure caused", async () => {
  const around = world();
  const one = task(around, 3_000, (count) => (count === 1 ? CUT : DATA));
  const other = task(around, 30_000);
  around.poller.add(one);
  await around.pass(1_000);
  around.poller.add(other);
  around.poller.reconnected();
  await around.pass(10);
  assert.deepEqual(one.asked, [0, 1_000]);
  assert.deepEqual(other.asked, [1_000]);
});

test("what is no longer needed is asked no more, and again at once when it is needed again", async () => {
  const around = world();
  const one = task(around, 3_000);
  around.poller.add(one);
  await around.pass(100);
  around.poller.remove(one);
  await around.pass(10_000);
  assert.deepEqual(one.asked, [0]);
  around.poller.add(one);
  await around.pass(10);
  assert.deepEqual(one.asked, [0, 10_100]);
});
