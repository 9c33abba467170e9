//! A result that is dear to make and good for a while.

use shared::units::UnixMs;

/// A result that is used again for a while.
#[derive(Debug)]
pub(super) struct Kept<T>(Option<(UnixMs, T)>);

impl<T> Kept<T> {
    /// Nothing was made yet.
    pub(super) const EMPTY: Self = Self(None);
}

impl<T: Clone> Kept<T> {
    /// What was made less than `lasts_ms` ago, else what `make` makes now.
    pub(super) fn get_or(&mut self, now: UnixMs, lasts_ms: u64, make: impl FnOnce() -> T) -> T {
        match &self.0 {
            Some((made_at, kept)) if *made_at <= now && now.millis_since(*made_at) < lasts_ms => kept.clone(),
            _ => {
                let made = make();
                self.0 = Some((now, made.clone()));
                made
            }
        }
    }
}
