//! What is sent, for better or worse.

use crate::faults::AfterHalf;

/// One thing to send.
#[derive(Debug)]
pub(super) enum Out {
    /// A message as it should be.
    Text(String),
    /// A text that is no UTF-8.
    BadText(Vec<u8>),
    /// The first half of a frame, after which nothing else is sent.
    Half(Vec<u8>, AfterHalf),
}

impl Out {
    /// The message with a byte in the middle that no text has.
    pub(super) fn bad(text: &str) -> Self {
        let mut bytes = text.as_bytes().to_vec();
        let middle = bytes.len() / 2;
        if let Some(byte) = bytes.get_mut(middle) {
            *byte = 0xFF;
        }
        Self::BadText(bytes)
    }

    /// Half of the frame that the message is sent in.
    pub(super) fn half(text: &str, then: AfterHalf) -> Self {
        const FINAL_TEXT: u8 = 0x81;
        // A server does not mask, and the longest of the three ways to write a length is allowed
        // to a reader that has to understand only half of it.
        const LENGTH_IN_64_BITS: u8 = 127;
        let mut frame = vec![FINAL_TEXT];
        match (u8::try_from(text.len()), u16::try_from(text.len())) {
            (Ok(length), _) if length < 126 => frame.push(length),
            (_, Ok(length)) => {
                frame.push(126);
                frame.extend(length.to_be_bytes());
            }
            _ => {
                frame.push(LENGTH_IN_64_BITS);
                frame.extend((text.len() as u64).to_be_bytes());
            }
        }
        frame.extend(text.as_bytes());
        frame.truncate(frame.len() / 2);
        Self::Half(frame, then)
    }
}
