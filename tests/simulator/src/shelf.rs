//! Keeps what was rendered last, because many clients poll within the same moment.

use std::sync::{Mutex, PoisonError};

/// One rendered thing and what it was rendered for.
#[derive(Debug)]
pub(crate) struct Shelf<T> {
    kept: Mutex<Option<(i64, T)>>,
}

impl<T: Clone> Shelf<T> {
    pub(crate) fn empty() -> Self {
        Self {
            kept: Mutex::new(None),
        }
    }

    /// The thing for `key`, rendered if another one was asked for last.
    pub(crate) fn get(&self, key: i64, render: impl FnOnce() -> T) -> T {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        match kept.as_ref() {
            Some((kept_key, thing)) if *kept_key == key => thing.clone(),
            _ => {
                let thing = render();
                *kept = Some((key, thing.clone()));
                thing
            }
        }
    }
}
