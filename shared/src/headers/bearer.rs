//! Secrets that one of our processes sends another as `Authorization: Bearer` (RFC 6750), and
//! whether a request carries one.
//!
//! Invariants: a secret is never printed, not even in an error. The time of a comparison tells
//! nothing about the secrets: both sides are padded to one length, and every secret is compared,
//! whether an earlier one matched or not.

use std::fmt;
use subtle::{Choice, ConstantTimeEq};

/// The header that carries a secret.
pub const AUTHORIZATION: &str = "authorization";

/// The scheme, matched in any case.
const SCHEME: &[u8] = b"bearer";

/// The shortest secret that cannot be guessed, and the longest that is accepted, bytes.
const MIN_BYTES: usize = 16;
const MAX_BYTES: usize = 256;

/// The most secrets at a time: during a change both the new and the old one are accepted.
const MOST: usize = 2;

/// Why a text is no secret, or no list of secrets. It never quotes the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BadSecret {
    /// Nothing but white space and commas.
    #[error("it is empty")]
    Empty,
    /// Short enough to be guessed.
    #[error("a secret in it is {bytes} bytes long, and one has {MIN_BYTES} at least")]
    TooShort {
        /// The length of the secret.
        bytes: usize,
    },
    /// Longer than any header of ours.
    #[error("a secret in it is {bytes} bytes long, and one has {MAX_BYTES} at most")]
    TooLong {
        /// The length of the secret.
        bytes: usize,
    },
    /// A control character, or one beyond ASCII: proxies treat these differently.
    #[error("a secret in it holds a character that is not visible ASCII, at its byte {at}")]
    Character {
        /// Its place.
        at: usize,
    },
    /// More secrets than a change needs.
    #[error("it holds {count} secrets, separated by white space or commas, and {most} are allowed")]
    TooMany {
        /// How many it holds.
        count: usize,
        /// How many it may.
        most: usize,
    },
}

/// One secret, padded to the longest length so that a comparison takes the same time for all.
#[derive(Clone)]
#[cfg_attr(test, derive(PartialEq, Eq))]
pub struct Secret {
    padded: [u8; MAX_BYTES],
    bytes: usize,
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

impl Secret {
    /// The only secret in a text. White space around it is ignored: files end with a line break.
    ///
    /// # Errors
    /// [`BadSecret`] when it holds none, more than one, or one that cannot be used.
    pub fn parse(text: &str) -> Result<Self, BadSecret> {
        let mut all = parse_up_to(1, text)?;
        all.pop().ok_or(BadSecret::Empty)
    }

    /// The value of [`AUTHORIZATION`].
    #[must_use]
    pub fn authorization(&self) -> String {
        let text = self
            .padded
            .iter()
            .take(self.bytes)
            .map(|byte| char::from(*byte));
        "Bearer ".chars().chain(text).collect()
    }

    fn of(text: &str) -> Result<Self, BadSecret> {
        if let Some(at) = text.bytes().position(|byte| !byte.is_ascii_graphic()) {
            return Err(BadSecret::Character { at });
        }
        let bytes = text.len();
        if bytes < MIN_BYTES {
            return Err(BadSecret::TooShort { bytes });
        }
        let padded = padded(text.as_bytes()).ok_or(BadSecret::TooLong { bytes })?;
        Ok(Self { padded, bytes })
    }

    fn is(&self, given: &[u8; MAX_BYTES], bytes: usize) -> Choice {
        // Without the length, a secret and the same with zero bytes at its end would be equal. `&`
        // on `Choice` evaluates both sides; `&&` would stop at the first difference.
        self.padded.ct_eq(given) & self.bytes.ct_eq(&bytes)
    }
}

/// The accepted secrets: one, or two during a change.
#[derive(Clone, Debug)]
#[cfg_attr(test, derive(PartialEq, Eq))]
pub struct Secrets(Vec<Secret>);

impl Secrets {
    /// The secrets in a text, separated by white space or commas.
    ///
    /// # Errors
    /// [`BadSecret`] when it holds none, more than two, or one that cannot be used.
    pub fn parse(text: &str) -> Result<Self, BadSecret> {
        parse_up_to(MOST, text).map(Self)
    }

    /// Whether a request with these lines of [`AUTHORIZATION`] carries an accepted secret. A
    /// request with two lines is refused: a proxy on the way may have checked either.
    pub fn admit<'h>(&self, lines: impl IntoIterator<Item = &'h [u8]>) -> bool {
        let mut lines = lines.into_iter();
        let (Some(line), None) = (lines.next(), lines.next()) else {
            return false;
        };
        let Some(token) = token(line) else {
            return false;
        };
        // Longer than any secret. The early return tells the sender only the length that it sent.
        let Some(given) = padded(token) else {
            return false;
        };
        let matches = self.0.iter().map(|secret| secret.is(&given, token.len()));
        // Not `any`, which would stop at the first match and tell by its time which secret matched.
        matches.fold(Choice::from(0), |any, one| any | one).into()
    }
}

/// The token of a bearer credential; `None` for another scheme or an empty token.
#[must_use]
pub fn token(value: &[u8]) -> Option<&[u8]> {
    let (scheme, token) = value.split_at_checked(SCHEME.len())?;
    let spaces = token.iter().take_while(|byte| **byte == b' ').count();
    let token = token
        .get(spaces..)
        .filter(|token| spaces > 0 && !token.is_empty());
    token.filter(|_| scheme.eq_ignore_ascii_case(SCHEME))
}

fn padded(text: &[u8]) -> Option<[u8; MAX_BYTES]> {
    let mut padded = [0; MAX_BYTES];
    padded.get_mut(..text.len())?.copy_from_slice(text);
    Some(padded)
}

fn parse_up_to(most: usize, text: &str) -> Result<Vec<Secret>, BadSecret> {
    let parts = || {
        text.split(|c: char| c.is_ascii_whitespace() || c == ',')
            .filter(|part| !part.is_empty())
    };
    match parts().count() {
        0 => Err(BadSecret::Empty),
        count if count > most => Err(BadSecret::TooMany { count, most }),
        _ => parts().map(Secret::of).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "hunter2-hunter2-hunter2";
    const NEW: &str = "hunter3+hunter3/hunter3=";

    #[track_caller]
    fn check(secrets: &str, lines: &[&str], expected: bool) {
        let secrets = Secrets::parse(secrets).unwrap();
        assert_eq!(
            secrets.admit(lines.iter().map(|line| line.as_bytes())),
            expected,
            "{lines:?}"
        );
    }

    #[test]
    fn each_of_two_secrets_opens_and_nothing_else_does() {
        let both = format!("{NEW},{OLD}");
        for right in [
            format!("Bearer {OLD}"),
            format!("bearer {NEW}"),
            format!("BEARER   {OLD}"),
        ] {
            check(&both, &[&right], true);
        }
        check(NEW, &[&format!("Bearer {OLD}")], false);
        check(NEW, &[], false);
        for wrong in [
            String::new(),
            "Bearer".to_owned(),
            "Bearer ".to_owned(),
            format!("Bearer{OLD}"),
            format!("Bearer\t{OLD}"),
            format!("Bearer {OLD} "),
            format!(" Bearer {OLD}"),
            format!("Bearer {OLD}x"),
            format!("Bearer {OLD}\0"),
            format!("Bearer {}", OLD.to_uppercase()),
            format!("Bearer {}", OLD.trim_end_matches('2')),
            format!("Bearer {OLD}{NEW}"),
            format!("Bearer {NEW},{OLD}"),
            format!("Bearer {OLD}, Bearer {OLD}"),
            format!("Basic {OLD}"),
            format!("bear {OLD}"),
            format!("Token {OLD}"),
            format!("B\u{e9}arer {OLD}"),
            format!("Bearer {OLD}\u{e9}"),
            format!("Bearer {}", "x".repeat(256)),
            format!("Bearer {}", "x".repeat(100_000)),
            OLD.to_owned(),
        ] {
            check(&both, &[&wrong], false);
        }
    }

    #[test]
    fn a_request_that_shows_two_credentials_shows_none() {
        let right = format!("Bearer {OLD}");
        check(OLD, &[&right, &right], false);
        check(OLD, &[&right, ""], false);
        check(OLD, &["Basic eDp5", &right], false);
    }

    #[test]
    fn what_is_sent_is_what_opens() {
        for text in [OLD, NEW, &"~".repeat(256), &"a".repeat(16)] {
            let sent = Secret::parse(text).unwrap().authorization();
            assert_eq!(sent, format!("Bearer {text}"));
            check(text, &[&sent], true);
        }
    }

    #[test]
    fn white_space_and_commas_stand_between_secrets_and_are_none_of_them() {
        let both = Secrets::parse(&format!("{NEW},{OLD}")).unwrap();
        for same in [
            format!("{NEW} {OLD}"),
            format!("\n{NEW}\r\n{OLD}\n"),
            format!(" ,{NEW} , {OLD},"),
        ] {
            assert_eq!(Secrets::parse(&same), Ok(both.clone()), "{same:?}");
        }
        assert_eq!(Secret::parse(&format!("{OLD}\n")), Secret::parse(OLD));
    }

    #[test]
    fn what_cannot_be_a_secret_is_refused_without_being_quoted() {
        let refused = |text: &str| Secrets::parse(text).unwrap_err();
        for empty in ["", " ", "\n", ",", " , "] {
            assert_eq!(refused(empty), BadSecret::Empty, "{empty:?}");
        }
        assert_eq!(refused("hunter2"), BadSecret::TooShort { bytes: 7 });
        assert_eq!(
            refused(&format!("{OLD},hunter2")),
            BadSecret::TooShort { bytes: 7 }
        );
        assert_eq!(refused(&"x".repeat(257)), BadSecret::TooLong { bytes: 257 });
        for foreign in ["\u{e9}", "\u{0}", "\u{7f}", "\u{a0}", "\u{fffd}"] {
            assert_eq!(
                refused(&format!("{OLD}{foreign}")),
                BadSecret::Character { at: OLD.len() },
                "{foreign:?}"
            );
        }
        assert_eq!(
            refused(&format!("{OLD} {NEW} {OLD}")),
            BadSecret::TooMany { count: 3, most: 2 }
        );
        let one = Secret::parse(&format!("{OLD} {NEW}")).unwrap_err();
        assert_eq!(one, BadSecret::TooMany { count: 2, most: 1 });
        for text in [
            "hunter2",
            &format!("{OLD}\u{e9}"),
            &format!("{OLD} {OLD} {OLD}"),
        ] {
            assert!(!refused(text).to_string().contains("hunter"));
        }
    }

    #[test]
    fn a_secret_is_never_shown() {
        assert_eq!(
            format!("{:?}", Secrets::parse(&format!("{NEW},{OLD}")).unwrap()),
            "Secrets([***, ***])"
        );
    }
}
