//! What the tests of every topic have in common.

use super::frame::{Data, Frame};
use crate::units::UnixMs;

/// 2026-09-08T12:20:00Z, the time of receipt in every test.
pub(super) const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);

/// The data of a frame.
#[track_caller]
pub(super) fn data(text: &str) -> Data<'_> {
    match Frame::read(text, NOW).unwrap() {
        Frame::Data(data) => data,
        Frame::Answer(answer) => panic!("{answer:?}"),
    }
}
