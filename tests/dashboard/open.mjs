// Opens the page as a phone does and remembers everything that it must not do.

import assert from "node:assert/strict";
import { between, isData, phone } from "./browser.mjs";

/** So many phones at once: most of a test is waiting for the page's next question. */
export const AT_ONCE = 4;

/**
 * A phone with the page at one place, on the answers of the edge as they are; `prepare` is called with its page before it
 * goes there.
 */
export async function visit({ browser, edge }, place, { device = {}, prepare = async () => {} } = {}) {
  const context = await phone(browser, device);
  // How long anything may take on a machine with other work to do.
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  const watched = watch(context, edge.url);
  await prepare(page);
  await page.goto(`${edge.url}/mobile#/${place}`);
  await page.waitForSelector("nav.tabs");
  return {
    page,
    context,
    /** Closes the page, and fails if it complained, asked anybody else, or asked two things at once. */
    done: async () => {
      const asked = await questions(page);
      await context.close();
      watched.check();
      assertOneByOne(asked);
    },
  };
}

/** The same on answers that are changed on their way: `order` is what is done to them, see `between`. */
export async function open(world, place, { order = [], hold = false, device = {} } = {}) {
  let link;
  const prepare = async (page) => {
    link = await between(page, { hold });
    link.order(order);
  };
  return { ...(await visit(world, place, { device, prepare })), link };
}

/** Remembers complaints of a context's pages, and whom they asked beside `home`. */
export function watch(context, home) {
  const complaints = [];
  const strangers = [];
  context.on("weberror", (error) => complaints.push(error.error().message));
  context.on("console", (message) => {
    // The browser itself reports every question that failed as an error; about data those are wanted here.
    const isRefused = message.text().startsWith("Failed to load resource") && isData(new URL(message.location().url));
    if (message.type() === "error" && !isRefused) complaints.push(message.text());
  });
  context.on("request", (request) => {
    if (new URL(request.url()).origin !== new URL(home).origin) strangers.push(request.url());
  });
  return {
    check: () => {
      assert.deepEqual(complaints, [], "the page complained");
      assert.deepEqual(strangers, [], "the page asked somebody else");
    },
  };
}

/** What the page asked since it was loaded, by its own clock. */
export async function questions(page) {
  const asked = await page.evaluate(() =>
    performance
      .getEntriesByType("resource")
      .map(({ name, startTime, responseEnd }) => ({ url: name, from: startTime, to: responseEnd })),
  );
  return asked.filter(({ url }) => isData(new URL(url))).toSorted((a, b) => a.from - b.from);
}

function assertOneByOne(asked) {
  for (const [index, { url, from }] of asked.entries()) {
    const before = asked[index - 1];
    assert.ok(index === 0 || from >= before.to, `${url} was asked for before the answer of ${before?.url} was there`);
  }
}

/** What the top of the page says. */
export const top = (page) => page.evaluate(readTop, {});

/** Waits until the top of the page is as `wanted` says: `{level, link, source, isChecked}`, or some of these. */
export async function untilTop(page, wanted) {
  try {
    const found = await page.waitForFunction(readTop, wanted);
    return await found.jsonValue();
  } catch (error) {
    throw new Error(`the page never said ${JSON.stringify(wanted)}, but ${JSON.stringify(await top(page))}`, {
      cause: error,
    });
  }
}

/** Runs in the page. Read and judged at once: on a busy machine the next state may follow at any moment. */
function readTop(wanted) {
  const pill = document.querySelector(".pill");
  if (pill === null) return null;
  const text = (selector) => document.querySelector(selector)?.textContent ?? null;
  const { level, link, isChecked } = pill.dataset;
  const found = {
    level,
    link,
    isChecked: isChecked === "true",
    headline: text("[data-field=headline]"),
    age: text("[data-field=age]"),
    source: text("[data-field=data_source]"),
    state: text("[data-field=state]"),
    marks: [...document.querySelectorAll("header .artificial")].map((mark) => mark.textContent),
  };
  return Object.entries(wanted).every(([name, value]) => found[name] === value) ? found : null;
}

/** The seconds of an age as the page writes it, also of one that is a least one; not a number for one in other units. */
export const ageIn = (text) => Number(/^(?:≥ )?(\d+) s$/.exec(text)?.[1] ?? NaN);
