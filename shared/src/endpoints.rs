//! The names that clients and stores depend on: paths, queries and store keys. No other module
//! writes one.
//!
//! In order: `path` brings a path into one form, `place` finds what path and query name, `routes`
//! lists the paths, `store_keys` and `key_prefix` name what is stored, and `absence` says why a
//! snapshot has no answer.

mod absence;
mod key_prefix;
mod path;
mod place;
mod routes;
mod store_keys;

pub use absence::Absence;
pub use key_prefix::{BadKeyPrefix, KeyPrefix};
pub use place::{Asked, NoPlace, OTHER, Parameter, Place, Question, asked, find, route};
pub use routes::{
    ALLOWED_METHODS, BETA_CHART, CLIENT_ROUTES, Endpoint, HEALTH, LIVE, METRICS, READY,
    RECENT_ALERTS, SNAPSHOT, SymbolEndpoint,
};
pub use store_keys::{
    ALERT_STATE_KEY, EPOCH_KEY, LEADER_KEY, MARK_TTL_MS, MAX_AHEAD_MS, MAX_LEASE_MS,
    PUBLICATION_KEY, PUBLISHED_CHANNEL, StoreKey, breakdown_key, store_ttl_ms,
};

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn no_path_and_no_key_stands_twice() {
        let paths: HashSet<_> = CLIENT_ROUTES.iter().map(|(path, _)| path).collect();
        assert_eq!(paths.len(), CLIENT_ROUTES.len());
        let keys: HashSet<_> = StoreKey::ALL.iter().map(|key| key.name()).collect();
        assert_eq!(keys.len(), StoreKey::ALL.len());
        for other in [PUBLICATION_KEY, LEADER_KEY, EPOCH_KEY, ALERT_STATE_KEY] {
            assert!(!keys.contains(other), "{other}");
        }
    }
}
