// What several test files expect of an answer, beyond what is checked of each.

import assert from "node:assert/strict";

/**
 * Milliseconds beyond a bound that a busy machine may take. A wait without a timer of its own lasts until the total is
 * over or for ever, so bounds this wide still tell.
 */
export const TOLERANCE_MS = 1_000;

/** The answer where the data is good but was made from tickers alone: a problem that says so, and nothing like data. */
export function assertNotAnalysed(answer, outcome) {
  assert.equal(answer.status, 503);
  assert.match(answer.header("retry-after"), /^([3-9]|10)$/);
  const { title, detail, ...rest } = answer.json;
  assert.deepEqual(rest, {
    type: "urn:market-data:problem:no-valid-data",
    status: 503,
    retry_after: Number(answer.header("retry-after")),
    sources: [{ name: "analysis", outcome, as_of_ms: null }],
  });
}
