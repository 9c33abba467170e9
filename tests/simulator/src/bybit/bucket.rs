//! How finely the market's time is told.

/// All moments of this many milliseconds show the same prices, so that one rendering serves many
/// clients.
pub(crate) const BUCKET_MS: i64 = 250;

/// The moment whose prices are told in place of those of `at_ms`.
pub(crate) fn bucket(at_ms: i64) -> i64 {
    at_ms.div_euclid(BUCKET_MS) * BUCKET_MS
}
