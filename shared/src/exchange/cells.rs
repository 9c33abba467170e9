//! Rows that are arrays of numbers: a number's meaning is its place in the row.
//!
//! Bybit sends candles and book levels like this. Too short a row is no error here: its last cells
//! are absent, and the parser refuses the row by the name of the missing field.

use super::wire::WireNumber;
use serde::Deserialize;
use serde::de::{Deserializer, IgnoredAny, SeqAccess, Visitor};
use std::fmt;

/// The first `N` cells of a row that is an array of numbers. Cells that were not sent are absent,
/// further ones ignored.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Cells<const N: usize>(pub(super) [WireNumber; N]);

impl<'de, const N: usize> Deserialize<'de> for Cells<N> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CellsVisitor<const N: usize>;

        impl<'de, const N: usize> Visitor<'de> for CellsVisitor<N> {
            type Value = Cells<N>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "an array of {N} numbers")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Cells<N>, A::Error> {
                let mut cells = [const { WireNumber::Absent }; N];
                for cell in &mut cells {
                    match seq.next_element()? {
                        Some(number) => *cell = number,
                        None => return Ok(Cells(cells)),
                    }
                }
                // Venues append columns without notice. serde fails unless the rest of the array is
                // consumed.
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                Ok(Cells(cells))
            }
        }

        deserializer.deserialize_seq(CellsVisitor::<N>)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_of_cells_may_be_shorter_or_longer_than_ours() {
        let read = |json| {
            serde_json::from_str::<Cells<2>>(json)
                .ok()
                .map(|Cells(cells)| cells)
        };
        let one = WireNumber::Value(1.0);
        assert_eq!(read(r#"["1","1"]"#), Some([one.clone(), one.clone()]));
        assert_eq!(read(r#"[1]"#), Some([one.clone(), WireNumber::Absent]));
        assert_eq!(read(r#"["1",1,"new",{"a":[]}]"#), Some([one.clone(), one]));
        assert_eq!(read(r#"{"0":"1"}"#), None);
        assert_eq!(read(r#""12""#), None);
    }
}
