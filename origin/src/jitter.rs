//! Jitter: spreads what many processes would do at the same moment. After an outage all of them
//! return to the same exchange.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// A pause is lengthened by at most one part in so many.
const SHARE: u32 = 4;

/// The increment of SplitMix64: <https://prng.di.unimi.it/splitmix64.c>.
const STEP: u64 = 0x9E37_79B9_7F4A_7C15;

/// A random source for pauses. Clones share one sequence, determined by its seed.
#[derive(Clone, Debug)]
pub struct Jitter(Arc<AtomicU64>);

impl Jitter {
    /// A sequence unlike that of any other process.
    #[must_use]
    pub fn random() -> Self {
        let (high, low) = uuid::Uuid::new_v4().as_u64_pair();
        // Both halves of a version 4 UUID have fixed bits, at different places. Rotating one fills
        // them with random bits of the other.
        Self::seeded(high ^ low.rotate_left(32))
    }

    /// A sequence that is known beforehand.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        Self(Arc::new(AtomicU64::new(seed)))
    }

    /// A pause lengthened by up to a quarter. Never shortened, since it may be one that an upstream
    /// asked for.
    #[must_use]
    pub fn lengthen(&self, pause: Duration) -> Duration {
        pause.saturating_add(self.up_to(pause / SHARE))
    }

    /// A duration from zero up to `most`.
    #[must_use]
    pub fn up_to(&self, most: Duration) -> Duration {
        most.mul_f64(self.next())
    }

    /// The next number of [0, 1).
    fn next(&self) -> f64 {
        // SplitMix64 needs one atomic addition per number, so no lock.
        let mut mixed = self.0.fetch_add(STEP, Ordering::Relaxed).wrapping_add(STEP);
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^= mixed >> 31;
        // 53 bits, which a double holds exactly.
        (mixed >> 11) as f64 / (1_u64 << 53) as f64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAUSE: Duration = Duration::from_secs(100);

    #[test]
    fn a_pause_is_never_shortened_and_lengthened_by_a_quarter_at_most() {
        let jitter = Jitter::seeded(7);
        let pauses: Vec<Duration> = (0..1_000).map(|_| jitter.lengthen(PAUSE)).collect();
        assert!(
            pauses
                .iter()
                .all(|pause| (PAUSE..PAUSE.mul_f64(1.25)).contains(pause))
        );
        assert!(
            pauses.iter().any(|pause| *pause < PAUSE.mul_f64(1.01)),
            "the short ones are missing"
        );
        assert!(
            pauses.iter().any(|pause| *pause > PAUSE.mul_f64(1.24)),
            "the long ones are missing"
        );
        assert_eq!(jitter.lengthen(Duration::MAX), Duration::MAX);
    }

    #[test]
    fn a_seed_determines_the_course_and_clones_go_on_in_it() {
        let course = |jitter: &Jitter| {
            [
                jitter.up_to(PAUSE),
                jitter.clone().up_to(PAUSE),
                jitter.up_to(PAUSE),
            ]
        };
        assert_eq!(course(&Jitter::seeded(1)), course(&Jitter::seeded(1)));
        assert_ne!(course(&Jitter::seeded(1)), course(&Jitter::seeded(2)));
        let [first, second, third] = course(&Jitter::seeded(1));
        assert!(first != second && second != third);
    }

    #[test]
    fn processes_that_begin_together_do_not_come_back_together() {
        assert_ne!(Jitter::random().up_to(PAUSE), Jitter::random().up_to(PAUSE));
    }
}
