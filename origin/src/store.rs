//! Where publications are kept: Redis, or this process's memory. The store takes valid snapshots and nothing else.

mod memory;
mod redis;
mod writer;

use crate::config::RedisUrl;
use crate::publication::Publication;
use memory::MemoryStore;
use redis::RedisStore;
use shared::endpoints::{ALERT_STATE_KEY, StoreKey};
use shared::projection::{self, StoredEntry};

pub use writer::{Stored, keep_writing};

/// A place for publications.
#[derive(Debug)]
pub enum Store {
    /// This process's memory: gone when it ends, seen by nobody else.
    Memory(MemoryStore),
    /// Redis.
    Redis(RedisStore),
}

/// What became of a publication.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Written {
    /// Every key was written.
    Written,
    /// Nothing was written, for what is stored is younger.
    RefusedOlder,
}

/// Why the store could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Redis failed or could not be reached.
    #[error("Redis: {0}")]
    Redis(#[from] ::redis::RedisError),
    /// A value could not be encoded, which is a defect of ours.
    #[error("encoding: {0}")]
    Encoding(#[from] serde_json::Error),
}

impl StoreError {
    /// A label for metrics.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Redis(error) if error.is_timeout() => "timeout",
            Self::Redis(error) if error.is_io_error() => "unreachable",
            Self::Redis(_) => "refused_by_redis",
            Self::Encoding(_) => "encoding",
        }
    }
}

impl Store {
    /// The store that the configuration asks for. Connecting is left to the first use, so a Redis that is down stops
    /// nothing.
    ///
    /// # Errors
    /// When the URL is not usable.
    pub fn open(url: Option<&RedisUrl>) -> Result<Self, StoreError> {
        Ok(match url {
            None => Self::Memory(MemoryStore::default()),
            Some(url) => Self::Redis(RedisStore::open(url)?),
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

    /// Writes every key of a publication or none.
    ///
    /// # Errors
    /// [`StoreError`]; what was stored before is untouched.
    pub async fn publish(&self, publication: &Publication, ttl_ms: u64) -> Result<Written, StoreError> {
        let valid = publication.valid();
        let mut entries: Vec<StoredEntry> = projection::stored(valid)?;
        entries.extend(publication.remembered().cloned());
        match self {
            Self::Memory(store) => Ok(store.publish(valid, entries)),
            Self::Redis(store) => store.publish(valid, &entries, ttl_ms).await,
        }
    }

    /// The bytes of the last snapshot. They have to pass the door before they are used.
    ///
    /// # Errors
    /// [`StoreError::Redis`].
    pub async fn last_snapshot(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.get(StoreKey::Snapshot.name()).await
    }

    /// The bytes of what the alerts remember. They have to be checked before they are used.
    ///
    /// # Errors
    /// [`StoreError::Redis`].
    pub async fn alert_state(&self) -> Result<Option<Vec<u8>>, StoreError> {
        self.get(ALERT_STATE_KEY).await
    }

    async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        match self {
            Self::Memory(store) => Ok(store.get(key)),
            Self::Redis(store) => store.get(key).await,
        }
    }
}
