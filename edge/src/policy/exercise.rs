//! When the direct path to Bybit is exercised, that is, called without need: a fallback that is
//! only called in an emergency is broken when one comes.

/// Whether the refresh that brought the snapshot of this number is followed by an exercise, which
/// `percent` of them are. `isolate` is a number of the caller's own: isolates hold the same
/// snapshots, and without it all of them, in all colos, would call Bybit at the same moment.
#[must_use]
pub const fn is_exercise_due(sequence: u64, isolate: u64, percent: u8) -> bool {
    // Both are mixed, for neighbouring numbers on either side must not be due together.
    mixed(sequence ^ mixed(isolate)) % 100 < percent as u64
}

/// SplitMix64: neighbouring numbers become numbers far apart.
/// <https://prng.di.unimi.it/splitmix64.c>
const fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_share_of_exercises_is_the_configured_one() {
        let share = |percent| {
            (0..100_000_u64)
                .filter(|n| is_exercise_due(1_788_870_000_000 + n * 3_000, 7, percent))
                .count()
        };
        assert_eq!((share(0), share(100)), (0, 100_000));
        assert!((900..1_100).contains(&share(1)), "{}", share(1));
        assert!((24_000..26_000).contains(&share(25)), "{}", share(25));
    }

    #[test]
    fn isolates_that_hold_the_same_snapshot_do_not_all_exercise() {
        for sequence in (1_788_870_000_000..).step_by(3_000).take(1_000) {
            let due = (0..1_000_u64)
                .filter(|isolate| is_exercise_due(sequence, *isolate, 1))
                .count();
            assert!(due < 40, "{due} of 1000 isolates at {sequence}");
        }
    }
}
