//! Writes flat JSON objects whose values are all strings, without an allocation per value.

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
    // A book has hundreds of these, so they are written without the machinery of `format!`. A whole
    // number has 20 digits at most; what has more decimals than that begins with zeros.
    let mut text = [b'0'; 48];
    let decimals = decimals as usize;
    let mut rest = units.unsigned_abs();
    let mut length = 0;
    for place in text.iter_mut().rev() {
        if length == decimals && decimals > 0 {
            *place = b'.';
            length += 1;
            continue;
        }
        let is_done = rest == 0 && length > decimals + usize::from(decimals > 0);
        if is_done || (rest == 0 && decimals == 0 && length > 0) {
            break;
        }
        *place = b'0' + (rest % 10) as u8;
        rest /= 10;
        length += 1;
    }
    if units < 0 {
        out.push('-');
    }
    let digits = text.get(text.len() - length..).unwrap_or_default();
    // Digits and a point are always UTF-8.
    out.push_str(std::str::from_utf8(digits).unwrap_or_default());
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
        check(0, 0, "0", "0");
        check(0, 3, "0.000", "0");
        check(7, 1, "0.7", "0.7");
        check(-7, 3, "-0.007", "-0.007");
        check(1_234, 3, "1.234", "1.234");
        check(10, 1, "1.0", "1");
        check(i64::MIN, 0, "-9223372036854775808", "-9223372036854775808");
        check(i64::MAX, 10, "922337203.6854775807", "922337203.6854775807");
    }
}
