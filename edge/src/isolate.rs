//! State that lives as long as the isolate: thread-local cells, for an isolate has one thread.
//!
//! Invariant: what is passed to [`with`] neither waits nor calls back into the same cell, so a cell
//! is never in use already.

use std::cell::RefCell;
use std::thread::LocalKey;

/// Works on a cell. `None` if it is in use: losing one count or one look into memory is better than
/// the panic that would end the isolate.
pub fn with<S, R>(
    cell: &'static LocalKey<RefCell<S>>,
    work: impl FnOnce(&mut S) -> R,
) -> Option<R> {
    cell.with(|state| {
        state
            .try_borrow_mut()
            .ok()
            .map(|mut state| work(&mut state))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    thread_local! {
        static CELL: RefCell<u32> = const { RefCell::new(7) };
    }

    #[test]
    fn a_cell_in_use_is_left_alone() {
        let inner = with(&CELL, |outer| {
            *outer += 1;
            with(&CELL, |inner| *inner)
        });
        assert_eq!(inner, Some(None));
        assert_eq!(with(&CELL, |value| *value), Some(8));
    }
}
