//! Checked texts of the contract: machine-readable reasons, and short symbols.

/// The longest machine-readable reason.
const MAX_REASON_BYTES: usize = 64;

/// Whether a text is a machine-readable reason: lower-case words joined by `_`.
#[must_use]
pub fn is_reason(text: &str) -> bool {
    !text.is_empty()
        // A reason goes into headers, metrics and pages as it is, so nothing that any of them
        // escapes is allowed.
        && text.len() <= MAX_REASON_BYTES
        && text
            .bytes()
            .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
}

/// The short form of a full symbol: `BTC` for `BTCUSDT`.
#[must_use]
pub fn display_symbol(symbol: &str) -> &str {
    symbol
        .strip_suffix("USDT")
        // A symbol `USDT` would otherwise be shown as nothing.
        .filter(|short| !short.is_empty())
        .unwrap_or(symbol)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_symbol_never_becomes_empty() {
        assert_eq!(display_symbol("BTCUSDT"), "BTC");
        assert_eq!(display_symbol("1000PEPEUSDT"), "1000PEPE");
        assert_eq!(display_symbol("USDT"), "USDT");
    }

    #[test]
    fn a_reason_is_words_and_nothing_else() {
        assert!(is_reason("http_503"));
        for bad in ["", "Too Old", "<b>", "a-b", &"a".repeat(65)] {
            assert!(!is_reason(bad), "{bad:?}");
        }
    }
}
