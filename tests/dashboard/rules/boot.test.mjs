// What looks after the page until its program runs, without a browser: in a world whose clock the test moves.

import assert from "node:assert/strict";
import { readFile } from "node:fs/promises";
import { test } from "node:test";
import vm from "node:vm";
import esbuild from "esbuild";

const FILE = new URL("../../../edge/dashboard/static/mobile/boot.js", import.meta.url);
const code = await readFile(FILE, "utf8");

/** A page that is loaded once; `store` outlives it. */
function load(store, { sheets = [] } = {}) {
  const timers = [];
  const listeners = [];
  const notice = { className: "no-data" };
  const why = { textContent: "" };
  const state = { notice, why, reloads: 0, timers, sheets };
  const document = {
    getElementById: (id) => (id === "boot" ? state.notice : why),
    querySelectorAll: () => state.sheets,
    createElement: () => ({ noModule: true }),
  };
  vm.runInNewContext(code, {
    document,
    sessionStorage: store,
    location: { reload: () => (state.reloads += 1) },
    addEventListener: (type, listener) => listeners.push(listener),
    setTimeout: (what, ms) => timers.push({ what, ms }),
  });
  return { ...state, state, fire: (event) => listeners.forEach((listener) => listener(event)) };
}

function store() {
  const kept = new Map();
  return { getItem: (key) => kept.get(key) ?? null, setItem: (key, value) => kept.set(key, value) };
}

const MISSING = { target: { tagName: "SCRIPT", src: "https://x/mobile/assets/main-A.js" } };

test("a page that never starts is loaded again ever less often, and an hour later not more often", () => {
  const kept = store();
  const pauses = [];
  for (let n = 0; n < 6; n += 1) {
    const { fire, timers, state } = load(kept);
    fire(MISSING);
    const { what, ms } = timers.at(-1);
    pauses.push(ms);
    what();
    assert.equal(state.reloads, 1);
  }
  assert.deepEqual(pauses, [10_000, 20_000, 40_000, 60_000, 60_000, 60_000]);
});

test("where nothing can be kept the pauses are the longest", () => {
  const refused = () => {
    throw new Error("refused");
  };
  const { fire, timers } = load({ getItem: refused, setItem: refused });
  fire(MISSING);
  assert.equal(timers.at(-1).ms, 60_000);
});

test("a page that started is left alone, and the next that does not is loaded again soon", () => {
  const kept = store();
  kept.setItem("attempts", "5");
  const { timers, state } = load(kept);
  state.notice = null;
  timers[0].what();
  assert.equal(timers.length, 1);
  assert.equal(kept.getItem("attempts"), "0");
});

test("a page that starts after all, if late, is not loaded again", () => {
  const { fire, timers, state } = load(store());
  fire(MISSING);
  state.notice = null;
  timers.at(-1).what();
  assert.equal(state.reloads, 0);
});

test("each reason is named, and only one", () => {
  const told = (event) => {
    const { fire, timers, why, notice } = load(store());
    if (event) fire(event);
    timers[0].what();
    assert.match(notice.className, / told$/);
    return why.textContent;
  };
  assert.equal(told(MISSING), "Its program could not be loaded.");
  const failed = { target: {}, message: "Uncaught ReferenceError: x", filename: "https://x/mobile/assets/main-A.js" };
  assert.equal(told(failed), "Its program failed: Uncaught ReferenceError: x");
  assert.equal(told(), "Its program has not arrived.");
  // An extension's script is not the page's.
  assert.equal(told({ ...failed, filename: "chrome-extension://y" }), "Its program has not arrived.");
});

test("it is written in the language of old browsers", async () => {
  await assert.doesNotReject(esbuild.transform(code, { target: "es5" }));
});
