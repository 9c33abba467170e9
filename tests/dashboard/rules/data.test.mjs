// How the page judges age, time, answers and what it holds: the rules, without a browser.

import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { LIMITS_MS, SCHEMA_VERSION } from "../../../edge/dashboard/generated/contract.ts";
import { ask, askTime, complaint } from "../../../edge/dashboard/src/data/ask.ts";
import { UNHEARD, ageHeaderMs, heard, passed, proven, serverTime } from "../../../edge/dashboard/src/data/clock.ts";
import { ageOf, isBehind, levelOfAge, statusOf } from "../../../edge/dashboard/src/data/freshness.ts";
import { backoffMs, isMetered, paceMs, retryAfterMs } from "../../../edge/dashboard/src/data/pace.ts";
import { NOTHING, Resource, after, recalled } from "../../../edge/dashboard/src/data/resource.ts";

const BODY = {
  status: "success",
  data_source: "origin",
  venue: "bybit",
  producer: "origin",
  served_as: "current",
  freshness: "fresh",
  as_of_ms: 1_000_000,
  timestamp: 1_000,
  degraded: [],
};
const UNREACHABLE = { kind: "unreachable" };
const REFUSED = { kind: "problem", status: 503, problem: null };

const statusFor = (facts) =>
  statusOf({
    said: BODY,
    fromDevice: false,
    answeredAgoMs: 0,
    trouble: null,
    online: true,
    now: BODY.as_of_ms,
    isTimeKnown: true,
    ...facts,
  });

describe("the class of what is shown", () => {
  const check = (ageMs, freshness, expected) => {
    const { level } = statusFor({ said: { ...BODY, freshness }, now: BODY.as_of_ms + ageMs });
    assert.equal(level, expected, `${ageMs} ms old, said to be ${freshness}`);
  };

  test("changes at the limits of the contract", () => {
    assert.deepEqual({ ...LIMITS_MS }, { fresh: 15_000, aging: 60_000, stale: 300_000 });
    check(0, "fresh", "fresh");
    check(15_000, "fresh", "fresh");
    check(15_001, "fresh", "aging");
    check(60_000, "fresh", "aging");
    check(60_001, "fresh", "stale");
    check(300_000, "stale", "stale");
    check(300_001, "stale", "expired");
  });

  test("is never better than the server said", () => {
    check(1_000, "aging", "aging");
    check(1_000, "stale", "stale");
    check(20_000, "stale", "stale");
  });

  test("is none without data", () => {
    const nothing = { level: "none", cause: "none", ageMs: null, isAgeLeast: false, link: "ok", marks: [] };
    assert.deepEqual(statusFor({ said: null }), nothing);
    assert.deepEqual(statusFor({ said: null, isTimeKnown: false }), nothing);
  });

  test("is not fresh before the time is known, and its age is a least one", () => {
    const { level, ageMs, isAgeLeast } = statusFor({ now: BODY.as_of_ms + 2_000, isTimeKnown: false });
    assert.deepEqual({ level, ageMs, isAgeLeast }, { level: "aging", ageMs: 2_000, isAgeLeast: true });
    assert.equal(statusFor({ now: BODY.as_of_ms + 70_000, isTimeKnown: false }).level, "stale");
    assert.equal(statusFor({}).isAgeLeast, false);
  });

  test("of data from the future is not fresh, and its age is unknown", () => {
    const { level, ageMs } = statusFor({ now: BODY.as_of_ms - 5_001 });
    assert.deepEqual({ level, ageMs }, { level: "stale", ageMs: null });
    assert.equal(ageOf(BODY.as_of_ms, BODY.as_of_ms - 5_000), 0);
  });

  test("has no gap between its limits", () => {
    let before = 0;
    const order = ["fresh", "aging", "stale", "expired"];
    for (let age = 0; age <= 310_000; age += 500) {
      const rank = order.indexOf(levelOfAge(age));
      assert.ok(rank >= before, `at ${age}`);
      before = rank;
    }
  });
});

describe("why data is not fresh", () => {
  const check = (facts, ageMs, expected) =>
    assert.equal(statusFor({ now: BODY.as_of_ms + ageMs, ...facts }).cause, expected, JSON.stringify([facts, ageMs]));
  const aging = { said: { ...BODY, freshness: "aging" } };
  const stale = { said: { ...BODY, freshness: "stale", data_source: "last_known_good" } };

  test("is nothing while it is", () => check({}, 3_000, "none"));

  test("is that the server has nothing younger, when it said so itself and lately", () => {
    check(aging, 20_000, "source");
    check({ ...aging, answeredAgoMs: 15_000 }, 20_000, "source");
    check(stale, 100_000, "source");
  });

  test("is that the server was not asked, when a page wakes up, is opened again, or shows what the device kept", () => {
    check({ answeredAgoMs: 100_000 }, 100_000, "unrefreshed");
    check({ ...aging, answeredAgoMs: 15_001 }, 50_000, "unrefreshed");
    check({ ...stale, answeredAgoMs: 200_000 }, 290_000, "unrefreshed");
    check({ fromDevice: true, answeredAgoMs: null }, 3_600_000, "unrefreshed");
    check({ ...aging, fromDevice: true, answeredAgoMs: null }, 40_000, "unrefreshed");
  });

  test("is the clock alone, when nobody knows the server's time", () => {
    check({ isTimeKnown: false }, 3_000, "unchecked");
    check({ ...aging, isTimeKnown: false }, 3_000, "source");
    check({ isTimeKnown: false }, 20_000, "unrefreshed");
    check({}, -5_001, "ahead");
  });
});

describe("a part", () => {
  const behind = (part, byMs, pauseMs, ageMs = 3_000) => {
    const all = { ...BODY, as_of_ms: BODY.as_of_ms + byMs };
    return isBehind({ ...BODY, ...part }, all, all.as_of_ms + ageMs, true, pauseMs);
  };

  test("is behind the rest by its own time, or by a worse class", () => {
    assert.equal(behind({}, 10_000, 5_000), false);
    assert.equal(behind({}, 15_001, 5_000), true);
    assert.equal(behind({}, 11_000, 5_000, 5_000), true, "aging beside fresh");
    assert.equal(behind({ freshness: "stale" }, 12_000, 5_000), true);
  });

  test("is not behind because it is asked for less often", () => {
    assert.equal(behind({}, 33_000, 30_000), false);
    assert.equal(behind({}, 60_001, 30_000), true);
  });
});

describe("what is wrong with the way to the data", () => {
  const check = (facts, expected) => assert.equal(statusFor(facts).link, expected);

  test("is told by name", () => {
    check({}, "ok");
    check({ trouble: UNREACHABLE }, "unreachable");
    check({ trouble: REFUSED }, "refused");
    check({ trouble: { kind: "problem", status: 500, problem: null } }, "faulty");
    check({ trouble: { kind: "unreadable", what: "no_time" } }, "faulty");
  });

  test("is the device's own connection before anything else", () => {
    check({ online: false, trouble: REFUSED }, "offline");
  });

  test("leaves the class of the data as it is", () => {
    assert.equal(statusFor({ online: false }).level, "fresh");
    assert.equal(statusFor({ online: false, now: BODY.as_of_ms + 70_000 }).level, "stale");
  });
});

describe("where data came from", () => {
  const check = (said, fromDevice, expected) =>
    assert.deepEqual(statusFor({ said: { ...BODY, ...said }, fromDevice }).marks, expected);

  test("is marked when it is not the usual way", () => {
    check({}, false, []);
    check({ degraded: ["simulated_data"] }, false, ["simulated"]);
    check({ degraded: ["replayed_data", "data_stale"], data_source: "last_known_good" }, false, [
      "replayed",
      "last_known_good",
    ]);
    check({ data_source: "bybit_direct", producer: "bybit_direct" }, false, ["direct"]);
    check({}, true, ["device"]);
  });

  test("is marked with what must be known of its figures", () => {
    const okx = { venue: "okx", producer: "secondary_exchange", degraded: ["turnover_estimated"] };
    check({ ...okx, data_source: "secondary_exchange" }, false, ["secondary", "turnover_estimated"]);
    const spot = { venue: "binance", producer: "secondary_exchange", degraded: ["data_stale", "spot_market"] };
    check({ ...spot, data_source: "last_known_good" }, false, ["secondary", "last_known_good", "spot_market"]);
  });

  test("is known of the last known good too, and of a body that a device kept from before these fields", () => {
    check({ data_source: "last_known_good", producer: "bybit_direct" }, false, ["direct", "last_known_good"]);
    check({ data_source: "secondary_exchange", producer: undefined }, false, ["secondary"]);
  });
});

describe("the server's clock", () => {
  const DATE = "Sat, 21 Nov 2026 10:00:00 GMT";
  const SECOND = Date.parse(DATE);
  const httpDate = (ms) => new Date(ms).toUTCString();
  const said = (more) => ({ date: null, age: null, asOf: null, ...more });

  test("lies within the second that an answer made for this page names, and within the question", () => {
    const { proven: offset } = proven(UNHEARD, DATE, 1_000, 1_200);
    assert.deepEqual(offset, { least: SECOND - 1_200, most: SECOND + 1_000 - 1_000 });
  });

  test("is never told too early, and is known better with every answer made for this page", () => {
    const truth = SECOND + 640;
    let clock = UNHEARD;
    for (let local = 0; local < 20_000; local += 730) {
      clock = proven(clock, httpDate(truth + local), local - 30, local + 20);
      const { least, most } = clock.proven;
      assert.ok(least <= truth && truth <= most, `at ${local}`);
      assert.ok(serverTime(clock, local) >= truth + local, `at ${local}`);
    }
    assert.ok(clock.proven.most - clock.proven.least < 200);
  });

  test("starts anew when an answer made for this page contradicts what was known", () => {
    const known = proven(UNHEARD, DATE, 0, 10);
    const set = proven(known, "Sat, 21 Nov 2026 11:00:00 GMT", 20, 30);
    assert.equal(set.proven.least, SECOND + 3_600_000 - 30);
  });

  test("is the latest of all that is heard, while no answer was made for this page", () => {
    const check = (clock, more, expected) => assert.equal(heard(clock, said(more), 1_000).latest, expected);
    check(UNHEARD, { date: DATE }, SECOND - 1_000);
    // A device whose clock is ahead of an answer may be right: the answer may be old.
    check(UNHEARD, { date: "Thu, 01 Jan 1970 00:00:00 GMT" }, 0);
    check({ ...UNHEARD, latest: SECOND }, { date: DATE }, SECOND);
    check(UNHEARD, {}, 0);
    check(UNHEARD, { date: "yesterday", age: "soon" }, 0);
  });

  test("is not moved by an answer that a cache kept, once it is known", () => {
    const known = proven(UNHEARD, DATE, 0, 10);
    for (const more of [{ date: httpDate(SECOND - 110_000) }, { date: DATE, age: "99999999999" }, {}])
      assert.equal(serverTime(heard(known, said(more), 20), 20), serverTime(known, 20), JSON.stringify(more));
    assert.equal(heard(known, said({ date: httpDate(SECOND - 110_000) }), 20).isDoubted, true);
    assert.equal(heard(known, said({ date: DATE }), 20).isDoubted, false);
  });

  test("is in doubt from the moment that an answer comes from later than it", () => {
    const set = heard(proven(UNHEARD, DATE, 0, 10), said({ date: httpDate(SECOND + 600_000) }), 20);
    assert.equal(set.isDoubted, true);
    assert.ok(serverTime(set, 20) >= SECOND + 600_000);
  });

  describe("behind a cache that keeps answers, whatever the cache tells of it", () => {
    // Data that was 2.3 s old when the server answered, kept for 110 s by a cache that a device with a slow clock asks.
    const made = SECOND + 400;
    const asOf = made - 2_300;
    const arrived = made + 110_000;
    const slow = 3_600_000;
    const check = (more) => {
      const answer = said({ asOf, ...more });
      const local = arrived - slow;
      const age = serverTime(heard(UNHEARD, answer, local), local) - asOf;
      assert.ok(age >= 111_000 && age < 116_000, `${age} ms, but it is ${arrived - asOf} ms old`);
    };

    test("its age is at least the true one", () => {
      check({ date: httpDate(made), age: "113" });
      check({ date: httpDate(made), age: "3, 110" });
      check({ date: httpDate(made), age: "110" });
      check({ date: httpDate(arrived), age: "3" });
      check({ date: httpDate(arrived), age: "113" });
      check({ date: null, age: "113" });
      check({ date: "garbage", age: "113, x, -4" });
    });

    test("a device whose clock is right needs to be told nothing", () => {
      const age = serverTime(heard(UNHEARD, said({ asOf, date: httpDate(made), age: "3" }), arrived), arrived) - asOf;
      assert.equal(age, arrived - asOf);
    });
  });

  test("is not made later by the age that a server writes of its own data", () => {
    for (const age of ["2", "3", "4"]) {
      const clock = heard(UNHEARD, said({ asOf: SECOND - 2_300, date: DATE, age }), 0);
      assert.ok(clock.latest - SECOND <= 700, `${clock.latest - SECOND} ms for ${age}`);
    }
  });

  test("reads of an Age what is a number, the greatest of several, and no more than there can be", () => {
    const check = (header, expected) => assert.equal(ageHeaderMs(header), expected, `${header}`);
    check("0", 0);
    check("110", 110_000);
    check("2, 110 ,7", 110_000);
    check("99999999999999999999", 2 ** 31 * 1_000);
    for (const none of [null, "", "-5", "1.5", "ten", "0x10", "+5", "1e3"]) check(none, null);
  });
});

describe("the page's own time", () => {
  const before = { local: 500, steady: 100, wall: 9_000 };
  const check = (steady, wall, expected) => assert.equal(passed(before, steady, wall).local, expected);

  test("follows the steady clock, whatever happens to the other", () => {
    check(1_100, 10_000, 1_500);
    check(1_100, 10_900, 1_500);
    check(1_100, 0, 1_500);
  });

  test("goes on while the phone sleeps and the steady clock stands still", () => {
    check(100, 69_000, 60_500);
  });

  test("never runs backwards", () => {
    check(50, 8_000, 500);
  });
});

describe("the pace", () => {
  test("is slower on a metered connection", () => {
    assert.equal(paceMs(3_000, false, null), 3_000);
    assert.equal(paceMs(3_000, false, 14_000), 3_000);
    assert.equal(paceMs(3_000, true, null), 12_000);
    for (const metered of [
      { saveData: true },
      { type: "cellular" },
      { effectiveType: "2g" },
      { effectiveType: "slow-2g" },
    ]) {
      assert.equal(isMetered(metered), true, JSON.stringify(metered));
    }
    for (const free of [
      undefined,
      {},
      { type: "wifi", effectiveType: "4g", saveData: false },
      { effectiveType: "3g" },
    ]) {
      assert.equal(isMetered(free), false, JSON.stringify(free));
    }
  });

  test("on a metered connection never makes healthy data look old by itself", () => {
    const ANSWER_MS = 3_000;
    for (const [everyMs, limit] of [[3_000, 15_000], [5_000, 15_000], [15_000, 60_000], [30_000, 60_000]]) {
      for (let age = 0; age + everyMs + ANSWER_MS <= limit; age += 100) {
        const pause = paceMs(everyMs, true, age);
        assert.ok(age + pause + ANSWER_MS <= limit, `every ${everyMs} ms, ${age} ms old: ${pause} ms`);
        assert.ok(pause >= everyMs && pause <= 4 * everyMs);
      }
    }
    assert.equal(paceMs(3_000, true, 0), 12_000);
    assert.equal(paceMs(3_000, true, 4_000), 8_000);
    assert.equal(paceMs(3_000, true, 11_000), 3_000);
    assert.equal(paceMs(3_000, true, 15_001), 12_000, "nothing is lost by waiting");
  });

  test("of failures doubles up to a minute, and differs from phone to phone", () => {
    const middle = (failures) => backoffMs(failures, null, 0.5);
    assert.deepEqual([1, 2, 3, 4, 5, 6, 60].map(middle), [3_000, 6_000, 12_000, 24_000, 48_000, 60_000, 60_000]);
    assert.ok(Math.abs(backoffMs(1, null, 0) - 2_400) < 1 && Math.abs(backoffMs(1, null, 1) - 3_600) < 1);
  });

  test("is never quicker than the server asked for", () => {
    assert.equal(backoffMs(1, 10_000, 0.5), 10_000);
    assert.equal(retryAfterMs("4"), 4_000);
    for (const none of [null, "", "-1", "1.5", "Sat, 21 Nov 2026 10:00:00 GMT", "999999"])
      assert.equal(retryAfterMs(none), null);
  });
});

describe("an answer", () => {
  const answer =
    (status, body, headers = {}) =>
    async () =>
      new Response(status === 304 ? null : body, { status, headers });
  const outcome = async (fetcher, etag = null) => (await ask(fetcher, "/mobile-data", etag)).outcome;

  test("with a body of the contract is data, with its ETag and what it says of time", async () => {
    const headers = { etag: 'W/"1"', date: "Sat, 21 Nov 2026 10:00:00 GMT", age: "7", "x-data-as-of": "5000" };
    const got = await ask(answer(200, JSON.stringify(BODY), headers), "/mobile-data", null);
    const said = { date: headers.date, age: "7", asOf: 5_000 };
    assert.deepEqual(got, { outcome: { kind: "data", body: BODY, etag: 'W/"1"' }, said });
  });

  test("is asked for with the ETag in hand, past the browser's cache", async () => {
    const asked = [];
    const fetcher = async (path, init) => (
      asked.push([path, init.cache, init.headers]),
      new Response(null, { status: 304 })
    );
    assert.deepEqual(await outcome(fetcher, 'W/"1"'), { kind: "unchanged" });
    await outcome(fetcher);
    assert.deepEqual(asked, [
      ["/mobile-data", "no-store", { "if-none-match": 'W/"1"' }],
      ["/mobile-data", "no-store", undefined],
    ]);
  });

  test("that is a problem is one, with what it says", async () => {
    const problem = { type: "about:blank", title: "No valid market data", status: 503, detail: "…" };
    assert.deepEqual(await outcome(answer(503, JSON.stringify(problem), { "retry-after": "7" })), {
      kind: "failed",
      trouble: { kind: "problem", status: 503, problem },
      retryAfterMs: 7_000,
    });
    assert.deepEqual(await outcome(answer(502, "<html>Bad gateway</html>")), {
      kind: "failed",
      trouble: { kind: "problem", status: 502, problem: null },
      retryAfterMs: null,
    });
  });

  test("that never comes, or breaks off, is none", async () => {
    const trouble = { kind: "failed", trouble: UNREACHABLE, retryAfterMs: null };
    assert.deepEqual(await outcome(async () => Promise.reject(new TypeError("no"))), trouble);
    const torn = new ReadableStream({ pull: (controller) => controller.error(new Error("cut")) });
    assert.deepEqual(await outcome(async () => new Response(torn)), trouble);
  });

  test("is not even asked for where the browser cannot, and that is no matter of the connection", async () => {
    const { trouble } = await outcome(undefined);
    assert.equal(trouble.kind, "defect");
    assert.match(trouble.what, /not a function/);
    assert.equal(statusFor({ trouble }).link, "defect");
    assert.equal(statusFor({ trouble, online: false }).link, "defect");
  });

  test("about the time is one that no cache can have", async () => {
    const asked = [];
    const time = (status, headers) => {
      const fetcher = async (path, { method }) => (asked.push([path, method]), new Response(null, { status, headers }));
      return askTime(fetcher, "/mobile-data");
    };
    const date = "Sat, 21 Nov 2026 10:00:00 GMT";
    assert.deepEqual(await time(204, { date }), { kind: "time", date });
    for (const [status, headers] of [[204, { date, age: "0" }], [204, {}], [405, { date }]])
      assert.equal((await time(status, headers)).kind, "failed", JSON.stringify([status, headers]));
    assert.ok(asked.every(([path, method]) => /^\/mobile-data\?\w+$/.test(path) && method === "OPTIONS"));
    assert.equal(new Set(asked.map(([path]) => path)).size, asked.length);
  });

  test("that is not the contract's is not data, whatever its status", () => {
    const check = (value, expected) => assert.equal(complaint(value), expected, JSON.stringify(value));
    check(BODY, null);
    for (const value of [undefined, null, 1, "text", [], [BODY]]) check(value, "not_an_object");
    check({}, "no_success");
    check({ ...BODY, status: "error" }, "no_success");
    for (const as_of_ms of [null, undefined, "1000000", NaN, Infinity, 0, -1]) check({ ...BODY, as_of_ms }, "no_time");
    check({ ...BODY, freshness: "new" }, "no_freshness");
    check({ ...BODY, schema_version: SCHEMA_VERSION }, null);
    check({ ...BODY, schema_version: SCHEMA_VERSION + 1 }, "other_schema");
    check({ ...BODY, data_source: null }, "no_source");
    check({ ...BODY, degraded: "none" }, "no_reasons");
  });

  test("with a page of a captive portal is not data", async () => {
    const got = await outcome(answer(200, "<html>Please log in</html>", { "content-type": "text/html" }));
    assert.deepEqual(got.trouble, { kind: "unreadable", what: "not_an_object" });
  });
});

describe("what is held", () => {
  const held = { body: BODY, etag: "a", fromDevice: true, trouble: null };
  const younger = { ...BODY, as_of_ms: BODY.as_of_ms + 1 };

  test("stays when asking fails", () => {
    assert.deepEqual(after(held, { kind: "failed", trouble: REFUSED, retryAfterMs: null }), {
      ...held,
      trouble: REFUSED,
    });
  });

  test("is confirmed by an answer that nothing changed", () => {
    assert.deepEqual(after({ ...held, trouble: REFUSED }, { kind: "unchanged" }), {
      ...held,
      fromDevice: false,
      trouble: null,
    });
  });

  test("never moves back in time", () => {
    const taken = after({ ...held, body: younger }, { kind: "data", body: BODY, etag: "b" });
    assert.equal(taken.body, younger);
    assert.equal(taken.etag, "a");
    assert.equal(after(held, { kind: "data", body: younger, etag: "b" }).body, younger);
  });

  test("takes a new class of the same data", () => {
    const aging = { ...BODY, freshness: "aging" };
    assert.equal(after(held, { kind: "data", body: aging, etag: "b" }).body, aging);
  });

  test("is what the device kept, until a server says something, and marked so", () => {
    assert.deepEqual(recalled(NOTHING, { body: BODY, etag: "a" }), held);
    assert.equal(recalled({ ...held, body: younger }, { body: BODY, etag: "x" }).body, younger);
    assert.equal(recalled(NOTHING, { body: { status: "success" }, etag: null }), NOTHING);
    assert.equal(recalled(NOTHING, null), NOTHING);
  });

  test("is told why nothing comes when asking itself is impossible", async () => {
    const nothing = { load: async () => null, save: async () => {} };
    const throwing = async () => {
      throw new ReferenceError("fetch is not defined");
    };
    const resource = new Resource("/x", 1, throwing, nothing);
    assert.equal((await resource.run()).kind, "failed");
    assert.deepEqual(resource.held.value.trouble, { kind: "defect", what: "ReferenceError: fetch is not defined" });
  });

  test("is kept on the device when it is new, and only then", async () => {
    const saved = [];
    const shelf = {
      load: async () => ({ body: BODY, etag: "a" }),
      save: async (path, kept) => void saved.push([path, kept]),
    };
    const outcomes = [
      { kind: "unchanged" },
      { kind: "failed", trouble: UNREACHABLE, retryAfterMs: null },
      { kind: "data", body: younger, etag: "b" },
    ];
    const asked = [];
    const resource = new Resource("/x", 1, async (path, etag) => (asked.push(etag), outcomes.shift()), shelf);
    for (let n = 0; n < 3; n += 1) await resource.run();
    assert.deepEqual(asked, ["a", "a", "a"]);
    assert.deepEqual(saved, [["/x", { body: younger, etag: "b" }]]);
    assert.deepEqual(resource.held.value, { body: younger, etag: "b", fromDevice: false, trouble: null });
  });
});
