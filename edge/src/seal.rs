//! The seal of a stored entry: its time, length and checksum, stored beside it.
//!
//! Both stores can return bytes that were cut, and an answer of another kind. A seal shows damage,
//! not forgery: nobody but this Worker can write to its cache.

use shared::units::UnixMs;

const STORED_AT: &str = "x-stored-at";
const LENGTH: &str = "x-stored-length";
const CHECKSUM: &str = "x-stored-fnv1a";

/// The seal of one entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Seal {
    stored_at: UnixMs,
    length: usize,
    checksum: u64,
}

impl Seal {
    pub(crate) fn of(body: &[u8], now: UnixMs) -> Self {
        Self {
            stored_at: now,
            length: body.len(),
            checksum: fnv1a(body),
        }
    }

    pub(crate) fn headers(self) -> [(&'static str, String); 3] {
        [
            (STORED_AT, self.stored_at.to_string()),
            (LENGTH, self.length.to_string()),
            (CHECKSUM, format!("{:016x}", self.checksum)),
        ]
    }

    /// Reads a seal back; `None` when one of its headers is missing or malformed.
    pub(crate) fn read(header: impl Fn(&str) -> Option<String>) -> Option<Self> {
        Some(Self {
            stored_at: UnixMs::from_millis(header(STORED_AT)?.parse().ok()?),
            length: header(LENGTH)?.parse().ok()?,
            checksum: u64::from_str_radix(&header(CHECKSUM)?, 16).ok()?,
        })
    }

    /// Refuses bytes that are not those that were stored.
    pub(crate) fn check(self, body: &[u8]) -> Result<(), String> {
        // The length first: it is cheaper, and its message says more about a cut body.
        if body.len() != self.length {
            Err(format!(
                "{} bytes were stored and {} came back",
                self.length,
                body.len()
            ))
        } else if fnv1a(body) != self.checksum {
            Err("the checksum does not match".to_owned())
        } else {
            Ok(())
        }
    }
}

/// FNV-1a, 64 bits. <http://www.isthe.com/chongo/tech/comp/fnv/>
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_the_published_one() {
        assert_eq!(fnv1a(b""), 0xcbf2_9ce4_8422_2325);
        assert_eq!(fnv1a(b"a"), 0xaf63_dc4c_8601_ec8c);
        assert_eq!(fnv1a(b"foobar"), 0x8594_4171_f739_67e8);
    }

    #[test]
    fn a_seal_reads_back_and_refuses_other_bytes() {
        let seal = Seal::of(b"{\"a\":1}", UnixMs::from_millis(1_788_870_000_000));
        let headers = seal.headers();
        let find = |name: &str| {
            headers
                .iter()
                .find(|(known, _)| *known == name)
                .map(|(_, value)| value.clone())
        };
        let read = Seal::read(find);
        assert_eq!(read, Some(seal));
        assert_eq!(seal.check(b"{\"a\":1}"), Ok(()));
        assert_eq!(
            seal.check(b"{\"a\":2}"),
            Err("the checksum does not match".to_owned())
        );
        assert_eq!(
            seal.check(b"{\"a\":"),
            Err("7 bytes were stored and 5 came back".to_owned())
        );
    }

    #[test]
    fn an_entry_without_a_whole_seal_has_none() {
        assert_eq!(Seal::read(|_| None), None);
        assert_eq!(
            Seal::read(|name| (name != CHECKSUM).then(|| "7".to_owned())),
            None
        );
        assert_eq!(Seal::read(|_| Some("not a number".to_owned())), None);
    }
}
