//! The steps in which the simulated market moves.

/// All moments of this many milliseconds show the same prices, so that one rendering serves many
/// clients.
pub(crate) const BUCKET_MS: i64 = 250;

/// The beginning of the bucket that holds `at_ms`. Its prices are those of the whole bucket.
pub(crate) fn bucket(at_ms: i64) -> i64 {
    at_ms.div_euclid(BUCKET_MS) * BUCKET_MS
}
