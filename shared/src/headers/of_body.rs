//! The headers of a body, and its entity tag.

use super::caching::cache_control;
use super::names::{
    DATA_AS_OF, DATA_FRESHNESS, DATA_QUALITY, DATA_SOURCE, JSON, MARKET_DATA, NO_STORE,
};
use super::served_as::{artificial_feed, data_source};
use crate::endpoints::{Endpoint, Question};
use crate::freshness::{Freshness, Limits};
use crate::snapshot::{Producer, Snapshot};
use crate::validate::ValidSnapshot;

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
