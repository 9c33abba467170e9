//! Writes flat JSON objects whose values are all strings, without an allocation per value.

use std::fmt::Write;

/// Takes the fields of a row, one after the other.
pub(super) trait Fields {
    fn text(&mut self, name: &'static str, value: &'static str);

    /// `units` with the decimal point before the last `decimals` digits.
    fn fixed(&mut self, name: &'static str, units: i64, decimals: u32);

    /// The same without zeros at the end.
    fn trimmed(&mut self, name: &'static str, units: i64, decimals: u32);
}

/// Writes one row. Names and texts are the simulator's own and need no escaping.
pub(super) struct Row<'a> {
    out: &'a mut String,
    is_empty: bool,
}

impl<'a> Row<'a> {
    pub(super) fn begin(out: &'a mut String) -> Self {
        out.push('{');
        Self {
            out,
            is_empty: true,
        }
    }

    pub(super) fn end(self) {
        self.out.push('}');
    }

    pub(super) fn text(&mut self, name: &str, value: &str) {
        self.open(name);
        self.out.push_str(value);
        self.out.push('"');
    }

    fn open(&mut self, name: &str) {
        self.out.push_str(if self.is_empty { "\"" } else { ",\"" });
        self.is_empty = false;
        self.out.push_str(name);
        self.out.push_str("\":\"");
    }
}

impl Fields for Row<'_> {
    fn text(&mut self, name: &'static str, value: &'static str) {
        Row::text(self, name, value);
    }

    fn fixed(&mut self, name: &'static str, units: i64, decimals: u32) {
        self.open(name);
        push_fixed(self.out, units, decimals);
        self.out.push('"');
    }

    fn trimmed(&mut self, name: &'static str, units: i64, decimals: u32) {
        self.open(name);
        push_trimmed(self.out, units, decimals);
        self.out.push('"');
    }
}

/// `units` of 10^-`decimals` as a decimal number.
pub(super) fn push_fixed(out: &mut String, units: i64, decimals: u32) {
    if units < 0 {
        out.push('-');
    }
    let scale = 10_u64.pow(decimals);
    let magnitude = units.unsigned_abs();
    // Writing to a string cannot fail.
    let _ = match decimals {
        0 => write!(out, "{magnitude}"),
        _ => write!(
            out,
            "{}.{:0width$}",
            magnitude / scale,
            magnitude % scale,
            width = decimals as usize
        ),
    };
}

/// The same without zeros at the end, nor a decimal point.
pub(super) fn push_trimmed(out: &mut String, units: i64, decimals: u32) {
    let mut units = units;
    let mut decimals = decimals;
    while decimals > 0 && units % 10 == 0 {
        units /= 10;
        decimals -= 1;
    }
    push_fixed(out, units, decimals);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(units: i64, decimals: u32, fixed: &str, trimmed: &str) {
        let mut out = String::new();
        push_fixed(&mut out, units, decimals);
        assert_eq!(out, fixed);
        out.clear();
        push_trimmed(&mut out, units, decimals);
        assert_eq!(out, trimmed);
    }

    #[test]
    fn numbers_keep_or_drop_the_zeros_at_their_end() {
        check(13_370, 6, "0.013370", "0.01337");
        check(-7_958, 6, "-0.007958", "-0.007958");
        check(0, 6, "0.000000", "0");
        check(6_840_000, 2, "68400.00", "68400");
        check(42, 0, "42", "42");
        check(40, 0, "40", "40");
    }
}
