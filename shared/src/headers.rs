//! Header names and values, the same from origin and edge.

pub mod bearer;
pub mod cache_status;
mod coding;
mod conditional;
mod preflight;
pub mod request_id;

pub use coding::{Coding, MAX_WEIGHT, weight_in};
pub use conditional::{fails_if_match, matches_etag};
pub use preflight::preflight;

use crate::endpoints::{Endpoint, Question};
use crate::freshness::{Freshness, Limits};
use crate::provenance::Feed;
use crate::snapshot::{Producer, Snapshot};
use crate::units::UnixMs;
use crate::validate::ValidSnapshot;
use serde::Serialize;
use std::borrow::Cow;

/// Says that a host does not serve the real market: `simulated` or `replayed`. The simulator sends
/// it, and everything made from such data carries it on.
pub const MARKET_DATA: &str = "x-market-data";

/// Who answered: `origin`, `bybit_direct`, `secondary_exchange` or `last_known_good`.
pub const DATA_SOURCE: &str = "x-data-source";

/// When the data was true, Unix milliseconds.
pub const DATA_AS_OF: &str = "x-data-as-of";

/// The class of the data's age: `fresh`, `aging` or `stale`.
pub const DATA_FRESHNESS: &str = "x-data-freshness";

/// Completeness and youth of the data's parts, 0–1.
pub const DATA_QUALITY: &str = "x-data-quality";

/// The name of one request, by which it is found in the logs of edge and origin.
pub const REQUEST_ID: &str = "x-request-id";

/// Where the Worker stands that owns the way to the exchanges, by the exchange's word. Between
/// Workers alone.
pub const DIRECT_PLACE: &str = "x-direct-place";

/// Content type of data.
pub const JSON: &str = "application/json";

/// Content type of problems (RFC 9457).
pub const PROBLEM_JSON: &str = "application/problem+json";

/// On everything that must not be kept by any cache.
pub const NO_STORE: &str = "no-store";

/// What browser code may read; none of these is on the safe list.
const EXPOSED: &str = "Age, Date, ETag, Cache-Status, Proxy-Status, Retry-After, Server-Timing, X-Market-Data, \
    X-Data-Source, X-Data-As-Of, X-Data-Freshness, X-Data-Quality, X-Request-Id";

/// For a year this host alone: what else lies in its domain, and whether that speaks HTTPS, is its
/// owner's to say.
const HSTS: &str = "max-age=31536000";

/// Headers of every answer: any site may read, nothing may be sniffed, framed or embedded as code.
pub const ALWAYS: [(&str, &str); 8] = [
    ("access-control-allow-origin", "*"),
    ("access-control-expose-headers", EXPOSED),
    (
        "content-security-policy",
        "default-src 'none'; frame-ancestors 'none'",
    ),
    ("cross-origin-resource-policy", "cross-origin"),
    ("referrer-policy", "no-referrer"),
    ("strict-transport-security", HSTS),
    ("timing-allow-origin", "*"),
    ("x-content-type-options", "nosniff"),
];

/// How long fresh data is used without asking, seconds of its age, and how much longer while it is
/// asked for, where the fresh limit leaves room for both.
const MAX_AGE_S: u64 = 5;
const WINDOW_S: u64 = 10;

/// `Cache-Control` of a body of this class.
///
/// Caches count from `Age`, which is the data's own. `max-age` plus either window stays within the
/// fresh limit, so no cache that keeps the rules can make data silently old. `s-maxage` and
/// `must-revalidate` are left out on purpose: they switch both windows off in some caches.
#[must_use]
pub fn cache_control(class: Freshness, limits: &Limits) -> Cow<'static, str> {
    match class {
        Freshness::Fresh => {
            let fresh = limits.fresh_ms / 1_000;
            let max_age = fresh.min(MAX_AGE_S);
            let window = fresh.saturating_sub(max_age).min(WINDOW_S);
            format!("max-age={max_age}, stale-while-revalidate={window}, stale-if-error={window}")
                .into()
        }
        Freshness::Aging => "no-cache".into(),
        Freshness::Stale => NO_STORE.into(),
    }
}

/// Seconds of data age, rounded up, so that no cache downstream takes data for younger than it is.
#[must_use]
pub const fn age_secs(as_of: UnixMs, now: UnixMs) -> u64 {
    now.millis_since(as_of).div_ceil(1_000)
}

/// Seconds until data of this age is no longer fresh; negative when that is past.
#[must_use]
pub fn ttl_secs(as_of: UnixMs, now: UnixMs, limits: &Limits) -> i64 {
    let fresh = i64::try_from(limits.fresh_ms / 1_000).unwrap_or(i64::MAX);
    let age = i64::try_from(age_secs(as_of, now)).unwrap_or(i64::MAX);
    fresh.saturating_sub(age)
}

/// The weak ETag of the answer to one question from one snapshot in one class: equal tags mean
/// equal bodies.
///
/// Weak, for networks on the way recompress bodies.
#[must_use]
pub fn etag(snapshot: &Snapshot, question: &Question<'_>, class: Freshness) -> String {
    let producer = match snapshot.producer {
        Producer::Origin => 'o',
        Producer::BybitDirect => 'd',
        Producer::SecondaryExchange => 's',
    };
    format!(
        "W/\"{}-{producer}{}-{}-{}-{}\"",
        snapshot.schema_version,
        snapshot.sequence,
        snapshot.as_of_ms,
        class.name(),
        question.projection()
    )
}

/// The headers of the answer to a question that do not change while its body does not.
#[must_use]
pub fn of_body(
    valid: &ValidSnapshot,
    question: &Question<'_>,
    class: Freshness,
    limits: &Limits,
) -> Vec<(&'static str, String)> {
    let snapshot = valid.get();
    // The parts of the body are shown as they are then.
    let until = limits.end_of(class, snapshot.as_of_ms);
    // A cache between origin and edge would make every edge's data older than it needs to be, and
    // unseen.
    let is_snapshot = *question == Question::Whole(Endpoint::Snapshot);
    let cache_control = if is_snapshot {
        NO_STORE.into()
    } else {
        cache_control(class, limits)
    };
    let mut headers = vec![
        ("content-type", JSON.to_owned()),
        ("cache-control", cache_control.into_owned()),
        ("etag", etag(snapshot, question, class)),
        // Of the unchanged body, too: the origin has other codings of it, the edge's platform
        // makes them.
        ("vary", "Accept-Encoding".to_owned()),
        (DATA_SOURCE, data_source(snapshot, class).to_owned()),
        (DATA_AS_OF, snapshot.as_of_ms.to_string()),
        (DATA_FRESHNESS, class.name().to_owned()),
        (DATA_QUALITY, valid.quality_at(until).get().to_string()),
    ];
    if let Some(feed) = artificial_feed(snapshot) {
        headers.push((MARKET_DATA, feed.name().to_owned()));
    }
    headers
}

/// How a snapshot is served, whoever made it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[serde(rename_all = "snake_case")]
pub enum ServedAs {
    /// Within the aging limit: what the sources give.
    Current,
    /// Past it: no source gave anything younger.
    LastKnownGood,
}

impl ServedAs {
    /// How a snapshot of this class is served.
    #[must_use]
    pub const fn of(class: Freshness) -> Self {
        match class {
            Freshness::Fresh | Freshness::Aging => Self::Current,
            Freshness::Stale => Self::LastKnownGood,
        }
    }

    crate::labels! {
        /// The word on the wire.
        pub const fn name(self) {
            Self::Current => "current",
            Self::LastKnownGood => "last_known_good",
        }
    }
}

/// What `data_source` says of a snapshot served in this class: its producer, or that it is the last
/// known good one.
#[must_use]
pub const fn data_source(snapshot: &Snapshot, class: Freshness) -> &'static str {
    match ServedAs::of(class) {
        ServedAs::Current => snapshot.producer.name(),
        ServedAs::LastKnownGood => ServedAs::LastKnownGood.name(),
    }
}

/// The least real feed among a snapshot's sources, when one is not the real market.
#[must_use]
pub fn artificial_feed(snapshot: &Snapshot) -> Option<Feed> {
    let sections = [
        Some(snapshot.tickers_source),
        Some(snapshot.universe.source),
        snapshot.global_market.source(),
        snapshot.defi_market.source(),
        snapshot.fear_greed.source(),
        snapshot.beta.source(),
        snapshot.performance.source(),
        snapshot.statistics.source(),
        snapshot.alerts.source(),
    ];
    sections
        .into_iter()
        .flatten()
        .map(|source| source.feed)
        .filter(|feed| *feed != Feed::Live)
        .max()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);

    #[test]
    fn age_is_rounded_up_and_never_negative() {
        let aged = |ms| age_secs(UnixMs::from_millis(NOW.as_millis() - ms), NOW);
        assert_eq!((aged(0), aged(1), aged(1_000), aged(1_001)), (0, 1, 1, 2));
        assert_eq!(age_secs(NOW.plus_millis(4_000), NOW), 0);
    }

    #[test]
    fn the_remaining_life_goes_below_zero() {
        let ttl = |ms| {
            ttl_secs(
                UnixMs::from_millis(NOW.as_millis() - ms),
                NOW,
                &Limits::DEFAULT,
            )
        };
        assert_eq!((ttl(2_000), ttl(110_000)), (13, -95));
    }

    #[track_caller]
    fn check_fresh(fresh_ms: u64, max_age: u64, window: u64) {
        let limits = Limits {
            refresh_after_ms: 0,
            fresh_ms,
            ..Limits::DEFAULT
        };
        let expected =
            format!("max-age={max_age}, stale-while-revalidate={window}, stale-if-error={window}");
        assert_eq!(
            cache_control(Freshness::Fresh, &limits),
            expected,
            "{fresh_ms} ms"
        );
        assert!((max_age + window) * 1_000 <= fresh_ms, "{fresh_ms} ms");
    }

    #[test]
    fn no_cache_can_keep_fresh_data_past_the_fresh_limit() {
        check_fresh(Limits::DEFAULT.fresh_ms, 5, 10);
        check_fresh(86_400_000, 5, 10);
        check_fresh(14_999, 5, 9);
        check_fresh(6_000, 5, 1);
        check_fresh(5_000, 5, 0);
        check_fresh(2_000, 2, 0);
        check_fresh(999, 0, 0);
        check_fresh(0, 0, 0);
    }

    #[test]
    fn every_lifetime_is_in_token_form_and_lets_no_cache_keep_what_is_marked() {
        for class in Freshness::ALL {
            for directive in cache_control(class, &Limits::DEFAULT).split(", ") {
                let (name, value) = directive
                    .split_once('=')
                    .map_or((directive, None), |(name, value)| (name, Some(value)));
                assert!(
                    name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-'),
                    "{directive}"
                );
                assert!(
                    value.is_none_or(|value| value.parse::<u32>().is_ok()),
                    "{directive}"
                );
                // The last four switch both windows off, or let a shared cache live by another
                // lifetime.
                for bad in [
                    "public",
                    "s-maxage",
                    "must-revalidate",
                    "proxy-revalidate",
                    "immutable",
                ] {
                    assert_ne!(name, bad);
                }
            }
        }
        assert_eq!(
            cache_control(Freshness::Aging, &Limits::DEFAULT),
            "no-cache"
        );
        assert_eq!(
            cache_control(Freshness::Stale, &Limits::DEFAULT),
            "no-store"
        );
    }

    #[test]
    fn browser_code_may_read_everything_that_is_told_about_data() {
        let exposed: Vec<&str> = EXPOSED.split(", ").collect();
        let names = [
            "age",
            "date",
            "etag",
            "cache-status",
            "proxy-status",
            "retry-after",
            "server-timing",
            REQUEST_ID,
        ];
        for name in names.into_iter().chain([
            MARKET_DATA,
            DATA_SOURCE,
            DATA_AS_OF,
            DATA_FRESHNESS,
            DATA_QUALITY,
        ]) {
            assert!(
                exposed
                    .iter()
                    .any(|exposed| exposed.eq_ignore_ascii_case(name)),
                "{name} is hidden"
            );
        }
    }

    #[test]
    fn every_answer_is_safe_and_readable_everywhere() {
        let always = |name: &str| {
            ALWAYS
                .iter()
                .find(|(found, _)| *found == name)
                .map(|(_, value)| *value)
        };
        assert_eq!(always("access-control-allow-origin"), Some("*"));
        assert_eq!(always("timing-allow-origin"), Some("*"));
        assert_eq!(always("x-content-type-options"), Some("nosniff"));
        assert_eq!(
            always("content-security-policy"),
            Some("default-src 'none'; frame-ancestors 'none'")
        );
        assert_eq!(always("cross-origin-resource-policy"), Some("cross-origin"));
        assert_eq!(always("referrer-policy"), Some("no-referrer"));
        let hsts = always("strict-transport-security").unwrap();
        let secs: u64 = hsts
            .split(';')
            .find_map(|part| part.strip_prefix("max-age="))
            .unwrap()
            .parse()
            .unwrap();
        assert!(
            secs >= 31_536_000 && !hsts.contains("includeSubDomains"),
            "{hsts}"
        );
        // With credentials `*` would be refused.
        assert_eq!(always("access-control-allow-credentials"), None);
    }

    #[test]
    fn no_header_is_sent_twice_and_every_name_is_in_lower_case() {
        let preflight = preflight([]);
        let names: Vec<&str> = ALWAYS
            .iter()
            .map(|(name, _)| *name)
            .chain(preflight.iter().map(|(name, _)| *name))
            .collect();
        for (at, name) in names.iter().enumerate() {
            assert!(
                !names.iter().skip(at + 1).any(|other| other == name),
                "{name}"
            );
            assert_eq!(*name, name.to_lowercase());
        }
    }
}
