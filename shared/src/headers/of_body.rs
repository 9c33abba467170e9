//! The headers of a body, and its entity tag.
//!
//! Invariant: both are functions of snapshot, query, class and limits, like the body itself. What
//! changes while the body stays (`Age`, `Date`, `Cache-Status`) is added per request elsewhere.

use super::caching::cache_control;
use super::names::{
    DATA_AS_OF, DATA_FRESHNESS, DATA_QUALITY, DATA_SOURCE, JSON, MARKET_DATA, NO_STORE,
};
use super::served_as::{artificial_feed, data_source};
use crate::endpoints::{Endpoint, Question};
use crate::freshness::{Freshness, Limits};
use crate::snapshot::{Producer, Snapshot};
use crate::validate::ValidSnapshot;

/// The weak entity tag of the answer to one query from one snapshot in one class: equal tags mean
/// equal bodies.
///
/// Weak, because networks on the way recompress bodies.
#[must_use]
pub fn etag(snapshot: &Snapshot, question: &Question<'_>, class: Freshness) -> String {
    // Each producer counts its own sequence, so the number alone would not be unique.
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

/// The headers of an answer that do not change while its body does not.
#[must_use]
pub fn of_body(
    valid: &ValidSnapshot,
    question: &Question<'_>,
    class: Freshness,
    limits: &Limits,
) -> Vec<(&'static str, String)> {
    let snapshot = valid.get();
    // A body is served until its class ends, so its parts are shown as of that moment.
    let until = limits.end_of(class, snapshot.as_of_ms);
    // A cache between origin and edge would make the data of every edge older, and nothing would
    // show it.
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
        // Even on an uncompressed body: the origin has other codings of it, and the edge's platform
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
