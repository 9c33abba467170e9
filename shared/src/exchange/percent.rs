//! Percent-encoding of a value that goes into a query: symbols need not be ASCII.

use std::borrow::Cow;
use std::fmt::Write;

/// `value` with every byte but RFC 3986's unreserved characters as `%XX`, so that it cannot end the
/// parameter it stands in. <https://www.rfc-editor.org/rfc/rfc3986#section-2.3>
pub(super) fn encoded(value: &str) -> Cow<'_, str> {
    if value.bytes().all(is_unreserved) {
        return Cow::Borrowed(value);
    }
    let mut out = String::with_capacity(value.len() * 3);
    // Byte by byte, so that a letter beyond ASCII becomes one `%XX` per byte of its UTF-8 form.
    for byte in value.bytes() {
        if is_unreserved(byte) {
            out.push(char::from(byte));
        } else {
            // Writing to a string cannot fail.
            let _ = write!(out, "%{byte:02X}");
        }
    }
    Cow::Owned(out)
}

fn is_unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(value: &str, expected: &str) {
        assert_eq!(encoded(value), expected);
    }

    #[test]
    fn ordinary_symbols_stay_as_they_are_and_are_not_copied() {
        check("BTCUSDT", "BTCUSDT");
        check("BTCUSDT-25DEC26", "BTCUSDT-25DEC26");
        assert!(matches!(encoded("1000PEPEUSDT"), Cow::Borrowed(_)));
    }

    #[test]
    fn letters_beyond_ascii_are_encoded_byte_by_byte() {
        check("币安人生USDT", "%E5%B8%81%E5%AE%89%E4%BA%BA%E7%94%9FUSDT");
        check("ÄUSDT", "%C3%84USDT");
    }

    #[test]
    fn nothing_can_end_the_parameter() {
        check("A&limit=1#x y%+?", "A%26limit%3D1%23x%20y%25%2B%3F");
    }

    proptest! {
        #[test]
        fn what_comes_out_is_plain_ascii_that_decodes_to_what_went_in(value in ".{0,12}") {
            let text = encoded(&value);
            prop_assert!(text.bytes().all(|byte| is_unreserved(byte) || byte == b'%'));
            let mut bytes = Vec::new();
            let mut rest = text.as_bytes();
            while let Some((first, after)) = rest.split_first() {
                rest = after;
                if *first == b'%' {
                    let (digits, after) = rest.split_at(2);
                    bytes.push(u8::from_str_radix(std::str::from_utf8(digits).unwrap(), 16).unwrap());
                    rest = after;
                } else {
                    bytes.push(*first);
                }
            }
            prop_assert_eq!(String::from_utf8(bytes).unwrap(), value);
        }
    }
}
