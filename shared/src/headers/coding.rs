//! Which content coding a client gets, from its `Accept-Encoding` (RFC 9110, 12.5.3).
//!
//! Only the origin has more than one: the platform compresses what leaves the edge. A
//! representation is always sent. A client that refuses all of them, `identity` included, gets the
//! plain one and no 406, because labelled data helps it more than an error.

/// A content coding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// None.
    Identity,
    /// gzip.
    Gzip,
    /// Brotli.
    Brotli,
}

impl Coding {
    /// Every coding.
    pub const ALL: [Self; 3] = [Self::Identity, Self::Gzip, Self::Brotli];

    /// The name in `Content-Encoding`; identity has none.
    #[must_use]
    pub const fn name(self) -> Option<&'static str> {
        match self {
            Self::Identity => None,
            Self::Gzip => Some("gzip"),
            Self::Brotli => Some("br"),
        }
    }

    /// The coding with this name, in any case.
    fn called(name: &[u8]) -> Option<Self> {
        let names: [(&str, Self); 4] = [
            ("identity", Self::Identity),
            ("gzip", Self::Gzip),
            // What gzip was called before it was registered.
            ("x-gzip", Self::Gzip),
            ("br", Self::Brotli),
        ];
        names
            .into_iter()
            .find(|(known, _)| name.eq_ignore_ascii_case(known.as_bytes()))
            .map(|(_, coding)| coding)
    }

    /// The best coding that the lines of an `Accept-Encoding` allow: the highest weight first, then
    /// the smallest body.
    ///
    /// Without a line it is identity: a client that can decode a coding says so. A malformed weight
    /// counts as zero, and of two weights for one coding the lower counts. So a client never gets
    /// what it may be unable to read.
    #[must_use]
    pub fn negotiate<'l>(lines: impl IntoIterator<Item = &'l [u8]>) -> Self {
        let mut accepted = Accepted::default();
        lines
            .into_iter()
            .flat_map(|line| line.split(|byte| *byte == b','))
            .for_each(|member| accepted.take(member));
        // The smaller body comes first, for the first of equals is taken.
        // `None < Some`, so a coding that is named wins over one that is not.
        let compressed = if accepted.weight(Self::Brotli) >= accepted.weight(Self::Gzip) {
            Self::Brotli
        } else {
            Self::Gzip
        };
        let weight = accepted.weight(compressed).unwrap_or(0);
        // Identity that is not named is accepted without a weight, which is less than any.
        if weight > 0 && weight >= accepted.weight(Self::Identity).unwrap_or(0) {
            compressed
        } else {
            Self::Identity
        }
    }
}

/// The weights of an `Accept-Encoding`, in thousandths.
#[derive(Debug, Default)]
struct Accepted {
    identity: Option<u16>,
    gzip: Option<u16>,
    brotli: Option<u16>,
    /// The weight of `*`: every coding that is not named.
    any: Option<u16>,
}

impl Accepted {
    /// Reads one member of the list. An unknown coding or a malformed member is ignored.
    fn take(&mut self, member: &[u8]) {
        let mut parts = member.split(|byte| *byte == b';');
        let name = parts.next().unwrap_or_default().trim_ascii();
        let slot = match Coding::called(name) {
            Some(Coding::Identity) => &mut self.identity,
            Some(Coding::Gzip) => &mut self.gzip,
            Some(Coding::Brotli) => &mut self.brotli,
            None if name == b"*" => &mut self.any,
            None => return,
        };
        let weight = parts.filter_map(weight_in).min().unwrap_or(MAX_WEIGHT);
        *slot = Some(slot.map_or(weight, |before| before.min(weight)));
    }

    fn weight(&self, coding: Coding) -> Option<u16> {
        let named = match coding {
            Coding::Identity => self.identity,
            Coding::Gzip => self.gzip,
            Coding::Brotli => self.brotli,
        };
        named.or(self.any)
    }
}

/// The default weight, in thousandths.
pub const MAX_WEIGHT: u16 = 1_000;

/// The most digits after the point.
const DECIMALS: usize = 3;

/// The weight in a parameter of a list member, in thousandths (RFC 9110, 12.4.2); zero for a
/// malformed one, `None` for any other parameter.
#[must_use]
pub fn weight_in(parameter: &[u8]) -> Option<u16> {
    let mut sides = parameter.splitn(2, |byte| *byte == b'=');
    let name = sides.next().unwrap_or_default().trim_ascii();
    name.eq_ignore_ascii_case(b"q")
        .then(|| sides.next().and_then(thousandths).unwrap_or(0))
}

/// `0`, `1`, or either with up to three digits after the point, and at most 1.
fn thousandths(value: &[u8]) -> Option<u16> {
    let mut sides = value.trim_ascii().splitn(2, |byte| *byte == b'.');
    let whole = match sides.next() {
        Some(b"0") => 0,
        Some(b"1") => MAX_WEIGHT,
        _ => return None,
    };
    let digits = sides.next().unwrap_or_default();
    if digits.len() > DECIMALS || !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    // `0.5` is 500 thousandths: missing digits are zeros on the right.
    let padded = digits.iter().chain(b"000").take(DECIMALS);
    let fraction = padded.fold(0_u16, |sum, digit| sum * 10 + u16::from(digit - b'0'));
    Some(whole + fraction).filter(|weight| *weight <= MAX_WEIGHT)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[track_caller]
    fn check(lines: &[&str], expected: Coding) {
        assert_eq!(
            Coding::negotiate(lines.iter().map(|line| line.as_bytes())),
            expected,
            "for {lines:?}"
        );
    }

    #[test]
    fn without_a_wish_nothing_is_compressed() {
        for lines in [
            &[][..],
            &[""],
            &[" "],
            &["", ""],
            &[","],
            &[",;,q=1;;"],
            &["identity"],
            &["deflate, zstd"],
        ] {
            check(lines, Coding::Identity);
        }
    }

    #[test]
    fn the_best_accepted_coding_is_chosen() {
        check(&["gzip, deflate, br"], Coding::Brotli);
        check(&["gzip, deflate, br, zstd"], Coding::Brotli);
        check(&["br;q=0.5, gzip;q=0.8"], Coding::Gzip);
        check(&["br;q=0.801, gzip;q=0.8"], Coding::Brotli);
        check(&["gzip;q=0.001"], Coding::Gzip);
        check(&["*"], Coding::Brotli);
        check(&["*, br;q=0"], Coding::Gzip);
        check(&["gzip, *;q=0.1"], Coding::Gzip);
    }

    #[test]
    fn names_and_parameters_are_read_in_any_case_and_with_any_space() {
        check(&["GZIP"], Coding::Gzip);
        check(&["gzip;Q=0"], Coding::Identity);
        check(&["gzip ; q=0"], Coding::Identity);
        check(&["gzip;\tq = 0.000"], Coding::Identity);
        check(&["  gzip  "], Coding::Gzip);
        check(&["x-gzip"], Coding::Gzip);
        check(&["X-GZip;q=0.1, *;q=0"], Coding::Gzip);
        check(&["gzip;a=b;q=0"], Coding::Identity);
    }

    #[test]
    fn several_lines_are_one_list() {
        check(&["deflate", "gzip"], Coding::Gzip);
        check(&["br, gzip", "br;q=0"], Coding::Gzip);
        check(&["", "br"], Coding::Brotli);
    }

    #[test]
    fn identity_has_a_weight_too() {
        check(&["identity, gzip;q=0.5"], Coding::Identity);
        check(&["identity;q=0.5, gzip"], Coding::Gzip);
        check(&["identity, gzip"], Coding::Gzip);
        check(&["*;q=0.5, gzip;q=0.4"], Coding::Brotli);
        check(&["*;q=0.5, gzip;q=0.4, br;q=0.3"], Coding::Identity);
        check(&["identity;q=0, gzip"], Coding::Gzip);
        check(&["*;q=0, gzip;q=0.1"], Coding::Gzip);
    }

    #[test]
    fn who_accepts_nothing_that_there_is_gets_the_plain_body() {
        for line in [
            "identity;q=0",
            "*;q=0",
            "zstd, *;q=0",
            "identity;q=0, gzip;q=0, br;q=0",
            "identity;q=0, deflate",
        ] {
            check(&[line], Coding::Identity);
        }
    }

    #[test]
    fn a_weight_that_is_none_refuses() {
        for q in [
            "", "x", "-1", "2", "1.001", "0.0001", "1.0000", "01", "+1", ".5", "0,5", "9e99",
            "NaN", "\"1\"", "0.x",
        ] {
            check(&[&format!("gzip;q={q}")], Coding::Identity);
        }
        check(&["gzip;q"], Coding::Identity);
        check(&["br;q=nonsense, gzip"], Coding::Gzip);
        check(&["br;q=nonsense, *"], Coding::Gzip);
        for q in ["1", "1.", "1.0", "1.000", "0.1", "0.001"] {
            check(&[&format!("gzip;q={q}")], Coding::Gzip);
        }
    }

    #[test]
    fn of_two_weights_the_lower_counts() {
        check(&["gzip, gzip;q=0"], Coding::Identity);
        check(&["gzip;q=0, gzip"], Coding::Identity);
        check(&["gzip;q=1;q=0"], Coding::Identity);
        check(&["x-gzip;q=0, gzip"], Coding::Identity);
    }

    proptest! {
        #[test]
        fn nothing_that_is_refused_or_not_named_is_sent(line in proptest::collection::vec(any::<u8>(), 0..60)) {
            let text = String::from_utf8_lossy(&line).to_ascii_lowercase();
            let chosen = Coding::negotiate([line.as_slice()]);
            if let Some(name) = chosen.name() {
                prop_assert!(text.contains(name) || text.contains('*'), "{text:?} gets {name}");
                let refused = [line.as_slice(), format!("{name};q=0").as_bytes()].map(<[u8]>::to_vec);
                prop_assert_ne!(Coding::negotiate(refused.iter().map(Vec::as_slice)), chosen);
            }
        }

        #[test]
        fn the_order_of_members_means_nothing(
            mut members in proptest::collection::vec("(gzip|br|identity|\\*|zstd)(;q=(0|1|0\\.[0-9]|x))?", 0..6),
        ) {
            let forth = members.join(",");
            members.reverse();
            let back = members.join(" , ");
            prop_assert_eq!(Coding::negotiate([forth.as_bytes()]), Coding::negotiate([back.as_bytes()]));
            let lines = members.iter().map(String::as_bytes);
            prop_assert_eq!(Coding::negotiate([forth.as_bytes()]), Coding::negotiate(lines));
        }
    }
}
