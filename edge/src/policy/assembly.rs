//! What a snapshot that is assembled at the edge says of itself: its number and its reason.

use shared::snapshot::is_reason;
use shared::units::UnixMs;

/// The sequence number of a snapshot that is assembled here: milliseconds of the clock, but above
/// the held one's even if the clock stands still.
#[must_use]
pub fn next_sequence(held: Option<u64>, now: UnixMs) -> u64 {
    // Saturating: a held number at the maximum is a defect elsewhere and must not panic here.
    held.map_or(0, |sequence| sequence.saturating_add(1))
        .max(now.as_millis())
}

/// The fallback reason of a snapshot that is assembled here: how the origin failed. An outcome that
/// is no reason code becomes `origin_failed`, for this is shown to clients.
#[must_use]
pub fn fallback_reason(origin_outcome: &str) -> String {
    let reason = format!("origin_{origin_outcome}");
    // Outcomes can contain a server's status, so the result is checked and not assumed.
    if is_reason(&reason) {
        reason
    } else {
        "origin_failed".to_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);

    #[test]
    fn a_number_rises_even_when_the_clock_does_not() {
        assert_eq!(next_sequence(None, NOW), NOW.as_millis());
        assert_eq!(next_sequence(Some(7), NOW), NOW.as_millis());
        assert_eq!(
            next_sequence(Some(NOW.as_millis() + 5), NOW),
            NOW.as_millis() + 6
        );
        assert_eq!(next_sequence(Some(u64::MAX), NOW), u64::MAX);
    }

    #[test]
    fn the_reason_is_always_machine_readable() {
        assert_eq!(fallback_reason("http_503"), "origin_http_503");
        assert_eq!(fallback_reason("No Such Word"), "origin_failed");
    }
}
