//! The data centre where this isolate's calls to exchanges arrive: the place nearest to where it
//! runs, which the platform does not tell it.

use crate::isolate;
use std::cell::RefCell;

thread_local! {
    static ARRIVAL: RefCell<Option<String>> = RefCell::default();
}

/// Where the last call arrived, as the network in front of the exchange said.
#[must_use]
pub fn arrival() -> Option<String> {
    isolate::with(&ARRIVAL, |arrival| arrival.clone()).flatten()
}

/// Keeps where a call arrived.
pub fn keep_arrival(colo: &str) {
    isolate::with(&ARRIVAL, |arrival| *arrival = Some(colo.to_owned()));
}
