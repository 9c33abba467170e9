//! A result that is dear to make, reused for a while.
//!
//! Invariant: it is made again when the number of facts it rests on changed, when its time is over,
//! or when the clock went back behind it.

use shared::units::UnixMs;

/// A result with the number of facts that it was made of and when.
#[derive(Debug)]
pub(super) struct Kept<T>(Option<Made<T>>);

#[derive(Debug)]
struct Made<T> {
    of: usize,
    at: UnixMs,
    result: T,
}

impl<T> Kept<T> {
    /// Nothing was made yet.
    pub(super) const EMPTY: Self = Self(None);
}

impl<T: Clone> Kept<T> {
    /// The result that was made of as many facts (`of`) less than `lasts_ms` ago, else a new one
    /// from `make`.
    ///
    /// The count notices newly loaded inputs at once, without comparing them.
    pub(super) fn get_or(
        &mut self,
        of: usize,
        now: UnixMs,
        lasts_ms: u64,
        make: impl FnOnce() -> T,
    ) -> T {
        match &self.0 {
            Some(made)
                // A result from the future is not reused: the clock was set back, and it would last
                // too long.
                if made.of == of && made.at <= now && now.millis_since(made.at) < lasts_ms =>
            {
                made.result.clone()
            }
            _ => {
                let result = make();
                self.0 = Some(Made {
                    of,
                    at: now,
                    result: result.clone(),
                });
                result
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);

    #[test]
    fn a_result_is_made_anew_when_it_is_old_or_there_is_more_to_make_it_of() {
        let mut kept = Kept::EMPTY;
        assert_eq!(kept.get_or(1, NOW, 10, || "first"), "first");
        assert_eq!(kept.get_or(1, NOW.plus_millis(9), 10, || "again"), "first");
        assert_eq!(kept.get_or(2, NOW.plus_millis(9), 10, || "more"), "more");
        assert_eq!(kept.get_or(2, NOW.plus_millis(19), 10, || "later"), "later");
        assert_eq!(kept.get_or(2, NOW, 10, || "set back"), "set back");
    }
}
