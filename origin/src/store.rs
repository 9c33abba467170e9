//! Where publications are kept: Redis, or this process's memory.
//!
//! State of the store: a lease with its epoch, the mark of the last publication (epoch, time,
//! sequence), one key per body, and what the alerts remember. The store takes valid snapshots and
//! nothing else; bytes that are read from it pass the validation boundary again.
//!
//! Invariants: a publication is written whole or not at all, and only by the holder of the lease;
//! what is stored never goes back in epoch, time or sequence. Nothing is retried here: the writer
//! soon has a newer publication, and the follower looks again in a second.

mod error;
pub mod follower;
mod link;
mod memory;
mod outcome;
mod redis;
pub mod writer;

use crate::config::RedisAccess;
use crate::publication::Publication;
use memory::MemoryStore;
use redis::RedisStore;
use shared::endpoints::{ALERT_STATE_KEY, StoreKey};
use shared::mark::Mark;
use shared::projection::{self, StoredEntry};

pub use error::{Cause, StoreError};
pub use link::Notices;
pub use outcome::{ANNOUNCEMENT_REFUSED, Lease, Marked, Written};

/// A place for publications.
#[derive(Debug)]
pub enum Store {
    /// This process's memory: gone when it ends, seen by nobody else.
    Memory(MemoryStore),
    /// Redis.
    Redis(Box<RedisStore>),
}

impl Store {
    /// The store that the configuration asks for. The connection is opened on first use, so a Redis
    /// that is down does not prevent the start.
    ///
    /// # Errors
    /// When the URL or the certificates are not usable.
    pub fn open(access: Option<&RedisAccess>) -> Result<Self, StoreError> {
        Ok(match access {
            None => Self::Memory(MemoryStore::default()),
            Some(access) => Self::Redis(Box::new(RedisStore::open(access)?)),
        })
    }

    /// What kind of store this is.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Memory(_) => "memory",
            Self::Redis(_) => "redis",
        }
    }

    /// Whether other processes see it.
    #[must_use]
    pub fn is_shared(&self) -> bool {
        matches!(self, Self::Redis(_))
    }

    /// Writes every key of a publication or none, and announces it. Requires the lease of this
    /// epoch. Keys live for `ttl_ms`.
    ///
    /// # Errors
    /// [`StoreError`]; what was stored before is untouched, unless the answer was lost on its way.
    pub async fn publish(
        &self,
        publication: &Publication,
        epoch: u64,
        ttl_ms: u64,
    ) -> Result<Written, StoreError> {
        let valid = publication.valid();
        let mut entries: Vec<StoredEntry> = projection::stored(valid)?;
        entries.extend(publication.remembered().cloned());
        // What the script compares with the stored mark.
        let mark = Mark {
            epoch,
            as_of_ms: valid.get().as_of_ms,
            sequence: valid.get().sequence,
        };
        match self {
            Self::Memory(store) => Ok(store.publish(mark, entries)),
            Self::Redis(store) => store.publish(mark, &entries, ttl_ms).await,
        }
    }

    /// Takes the lease if nobody holds it, or renews it for `ttl_ms`.
    ///
    /// # Errors
    /// [`StoreError`]; who leads is unknown then.
    pub async fn take_lead(&self, ttl_ms: u64) -> Result<Lease, StoreError> {
        match self {
            // Nobody else can see this store.
            Self::Memory(_) => Ok(Lease::Held { epoch: 1 }),
            Self::Redis(store) => store.take_lead(ttl_ms).await,
        }
    }

    /// Ends the lease, so that another process need not wait for it to expire.
    ///
    /// # Errors
    /// [`StoreError`]; the lease then expires.
    pub async fn give_up_lead(&self) -> Result<(), StoreError> {
        match self {
            Self::Memory(_) => Ok(()),
            Self::Redis(store) => store.give_up_lead().await,
        }
    }

    /// The mark of what is stored.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn marked(&self) -> Result<Option<Marked>, StoreError> {
        match self {
            Self::Memory(store) => Ok(store.mark().map(|mark| Marked {
                mark,
                has_snapshot: true,
            })),
            Self::Redis(store) => store.marked().await,
        }
    }

    /// The bytes of the last snapshot. They have to pass the validation boundary before they are
    /// used.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn last_snapshot(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.get(StoreKey::Snapshot.name()).await
    }

    /// The bytes of the alert state. They have to be validated before they are used.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn alert_state(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.get(ALERT_STATE_KEY).await
    }

    /// The announcements of publications; `None` for a store that no other process sees.
    ///
    /// # Errors
    /// [`StoreError`].
    pub async fn notices(&self) -> Result<Option<Notices>, StoreError> {
        match self {
            Self::Memory(_) => Ok(None),
            Self::Redis(store) => store.notices().await.map(Some),
        }
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match self {
            Self::Memory(store) => Ok(store.get(key)),
            Self::Redis(store) => store.get(key).await,
        }
    }
}
