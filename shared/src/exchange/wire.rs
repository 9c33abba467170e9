//! What every parser needs: a body as text, numbers that may be strings, rows of which some may be
//! odd, errors that keep their name.

mod body;
mod number;
mod object;
mod rows;
mod string;

pub(super) use body::text;
pub(super) use number::{WireNumber, required};
pub(super) use object::Object;
pub(super) use rows::{Row, object, row, rows};
pub(super) use string::WireText;
