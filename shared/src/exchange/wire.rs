//! What every parser needs, in the order in which it is used.
//!
//! * `body`: bytes → text → JSON. Tells an empty body, a web page and a cut body from bad JSON.
//! * `rows` and `object`: lists and objects of which a part may be odd. What cannot be read
//!   costs itself alone.
//! * `number` and `string`: one field, of whatever JSON type the venue sent.
//!
//! Invariant: the fast path borrows from the body. Only a text with bad bytes or escapes is copied.

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
