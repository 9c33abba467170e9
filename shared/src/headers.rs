//! Header names and values, the same from origin and edge.
//!
//! What an answer says about its data is a function of snapshot, query and class ([`of_body()`]).
//! How long it may be cached follows from the age of the data ([`cache_control`]), and each holder
//! on the way appends how it came to its answer ([`cache_status`]). What a request says is parsed
//! here, too: codings, conditions, preflights, secrets and request ids. Parsers of request headers
//! never fail: an unusable header counts as absent, or as the safer of its meanings.

pub mod bearer;
pub mod cache_status;
mod caching;
mod coding;
mod conditional;
mod names;
mod of_body;
mod preflight;
pub mod request_id;
mod served_as;

pub use caching::{age_secs, cache_control, ttl_secs};
pub use coding::{Coding, MAX_WEIGHT, weight_in};
pub use conditional::{fails_if_match, matches_etag};
pub use names::{
    ALWAYS, DATA_AS_OF, DATA_FRESHNESS, DATA_QUALITY, DATA_SOURCE, DIRECT_PLACE, JSON, MARKET_DATA,
    NO_STORE, PROBLEM_JSON, REQUEST_ID,
};
pub use of_body::{etag, of_body};
pub use preflight::preflight;
pub use served_as::{ServedAs, artificial_feed, data_source};

#[cfg(test)]
mod tests {
    use super::*;

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
