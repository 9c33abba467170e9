//! The market regime as an alert quotes it.
//!
//! It is stored as text, because a later release may have other labels, and checked to be plain
//! words, because it stands in a sentence for clients.

use serde::{Deserialize, Serialize};

/// A regime in its wire form, `"Category: Label"`: ASCII words, so that it can stand in a sentence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct RegimeName(String);

impl RegimeName {
    /// The longest name that is believed.
    const MAX_BYTES: usize = 64;

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What stands before the colon.
    pub(super) fn category(&self) -> &str {
        self.0
            .split_once(": ")
            .map_or(&self.0, |(category, _)| category)
    }
}

impl TryFrom<String> for RegimeName {
    type Error = MalformedRegime;

    fn try_from(text: String) -> Result<Self, MalformedRegime> {
        let plain = |part: &str| {
            !part.is_empty()
                && part
                    .bytes()
                    .all(|b| b.is_ascii_alphabetic() || matches!(b, b' ' | b'-'))
        };
        let parts = text.split_once(": ");
        if text.len() <= Self::MAX_BYTES
            && parts.is_some_and(|(category, label)| plain(category) && plain(label))
        {
            Ok(Self(text))
        } else {
            Err(MalformedRegime)
        }
    }
}

impl From<RegimeName> for String {
    fn from(name: RegimeName) -> Self {
        name.0
    }
}

/// A text that is no regime in its wire form.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is no regime of the form \"Category: Label\"")]
pub struct MalformedRegime;
