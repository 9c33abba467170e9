//! The name of one request, by which its lines in the logs of edge and origin are found.

use wasm_bindgen::JsCast;
use web_sys::WorkerGlobalScope;

/// The longest name that is taken from a client.
const MAX_BYTES: usize = 64;

/// A name of ASCII letters, digits, `-`, `_` and `.`: it can stand in a header and in a log as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    /// The client's own name for its request, or a new one where it has none that can be used.
    #[must_use]
    pub fn take_or_make(claimed: Option<String>) -> Self {
        claimed.and_then(Self::parse).unwrap_or_else(Self::make)
    }

    fn parse(claimed: String) -> Option<Self> {
        let is_name = !claimed.is_empty()
            && claimed.len() <= MAX_BYTES
            && claimed.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        is_name.then_some(Self(claimed))
    }

    fn make() -> Self {
        let global: WorkerGlobalScope = js_sys::global().unchecked_into();
        // A runtime without random numbers does not exist; a request without a name would be a small loss.
        Self(global.crypto().map(|crypto| crypto.random_uuid()).unwrap_or_default())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(claimed: &str, is_taken: bool) {
        let expected = is_taken.then(|| RequestId(claimed.to_owned()));
        assert_eq!(RequestId::parse(claimed.to_owned()), expected, "{claimed:?}");
    }

    #[test]
    fn a_name_is_taken_only_as_harmless_text() {
        check("3f2b8c1e-8d1b-4f6e-9a57-0d9a1f0c7b11", true);
        check("a.b_C-9", true);
        check(&"a".repeat(64), true);
        for bad in ["", " ", "a b", "a\"b", "a\r\nset-cookie: x=1", "é", "{}", "<script>", &"a".repeat(65)] {
            check(bad, false);
        }
    }
}
