//! The store in Redis.
//!
//! Invariant: whatever must happen together happens in one script (`scripts/*.lua`), which Redis
//! runs atomically, so no two writers can interleave. Keys are named here alone, with the prefix of
//! this environment.

use super::error::StoreError;
use super::link::{Dialer, Link, Notices};
use super::outcome::{Lease, Marked, Written};
use crate::config::RedisAccess;
use redis::{AsyncCommands, Script};
use shared::endpoints::{
    EPOCH_KEY, KeyPrefix, LEADER_KEY, MARK_TTL_MS, MAX_AHEAD_MS, MAX_LEASE_MS, PUBLICATION_KEY,
    PUBLISHED_CHANNEL, StoreKey,
};
use shared::mark::Mark;
use shared::projection::StoredEntry;
use std::hash::{BuildHasher, Hasher, RandomState};

/// Redis.
#[derive(Debug)]
pub struct RedisStore {
    /// For publications, which are long.
    data: Link,
    /// For the lease, so that a renewal never queues behind a publication.
    lease: Link,
    dialer: Dialer,
    names: Names,
    /// The holder's name in the lease, unique to this run of the process: after a restart, the old
    /// lease is another's.
    process: String,
    publish: Script,
    take_lead: Script,
    give_up_lead: Script,
}

/// The full names of all keys. No other place builds one.
#[derive(Debug)]
struct Names {
    prefix: KeyPrefix,
    leader: String,
    epoch: String,
    publication: String,
    snapshot: String,
    published: String,
}

impl Names {
    fn new(prefix: &KeyPrefix) -> Self {
        Self {
            prefix: prefix.clone(),
            leader: prefix.of(LEADER_KEY),
            epoch: prefix.of(EPOCH_KEY),
            publication: prefix.of(PUBLICATION_KEY),
            snapshot: prefix.of(StoreKey::Snapshot.name()),
            published: prefix.of(PUBLISHED_CHANNEL),
        }
    }
}

impl RedisStore {
    pub(super) fn open(access: &RedisAccess) -> Result<Self, StoreError> {
        let dialer = Dialer::new(access)?;
        Ok(Self {
            data: Link::new(dialer.clone()),
            lease: Link::new(dialer.clone()),
            dialer,
            names: Names::new(&access.key_prefix),
            process: process_name(),
            publish: Script::new(include_str!("scripts/publish.lua")),
            take_lead: Script::new(include_str!("scripts/take_lead.lua")),
            give_up_lead: Script::new(include_str!("scripts/give_up_lead.lua")),
        })
    }

    pub(super) async fn publish(
        &self,
        mark: Mark,
        entries: &[StoredEntry],
        ttl_ms: u64,
    ) -> Result<Written, StoreError> {
        let names = &self.names;
        let mut invocation = self.publish.prepare_invoke();
        invocation.key(&names.leader).key(&names.publication);
        invocation
            .arg(&self.process)
            // Epoch, time and sequence are the fencing token: the script compares them with the
            // lease and the stored mark.
            .arg(mark.epoch)
            .arg(mark.as_of_ms.as_millis())
            .arg(mark.sequence);
        invocation
            .arg(ttl_ms)
            .arg(MARK_TTL_MS)
            .arg(&names.published);
        for entry in entries {
            invocation
                .key(names.prefix.of(&entry.key))
                .arg(entry.value.as_slice());
        }
        let mut line = self.data.line().await?;
        let answer = invocation.invoke_async(&mut line.connection).await;
        let answer: String = self.data.settle(&line, answer).await?;
        match answer.as_str() {
            "written" => Ok(Written::Written { is_announced: true }),
            "unannounced" => Ok(Written::Written {
                is_announced: false,
            }),
            "not_leader" => Ok(Written::NotLeader),
            // A refusal answers with the stored mark, which says what it was refused for.
            held => match held.parse::<Mark>().map(|held| held.admits(mark)) {
                Ok(Err(refusal)) => Ok(Written::Refused(refusal)),
                _ => Err(StoreError::Answer { found: answer }),
            },
        }
    }

    pub(super) async fn take_lead(&self, ttl_ms: u64) -> Result<Lease, StoreError> {
        let names = &self.names;
        let mut invocation = self.take_lead.prepare_invoke();
        invocation
            .key(&names.leader)
            .key(&names.epoch)
            .key(&names.publication);
        invocation
            .arg(&self.process)
            .arg(ttl_ms)
            .arg(MAX_LEASE_MS)
            .arg(MAX_AHEAD_MS);
        let mut line = self.lease.line().await?;
        let answer = invocation.invoke_async(&mut line.connection).await;
        let answer: (u8, u64) = self.lease.settle(&line, answer).await?;
        Ok(match answer {
            // The second number is the epoch for the holder, the rest of the lease in ms for
            // others.
            (1, epoch) => Lease::Held { epoch },
            (_, lasts_ms) => Lease::OfAnother { lasts_ms },
        })
    }

    pub(super) async fn give_up_lead(&self) -> Result<(), StoreError> {
        let mut invocation = self.give_up_lead.prepare_invoke();
        invocation.key(&self.names.leader).arg(&self.process);
        let mut line = self.lease.line().await?;
        let answer = invocation.invoke_async(&mut line.connection).await;
        let _: u8 = self.lease.settle(&line, answer).await?;
        Ok(())
    }

    pub(super) async fn marked(&self) -> Result<Option<Marked>, StoreError> {
        let line = self.data.line().await?;
        // Two commands at once on one connection. A pipeline would do the same, but its errors lose
        // their codes.
        let (mut one, mut other) = (line.connection.clone(), line.connection.clone());
        let (mark, has_snapshot) = tokio::join!(
            one.get(&self.names.publication),
            other.exists(&self.names.snapshot)
        );
        let mark: Option<Vec<u8>> = self.data.settle(&line, mark).await?;
        let has_snapshot = self.data.settle(&line, has_snapshot).await?;
        // A mark of another form is nobody's: it counts as none, as in the script.
        let mark = mark.and_then(|mark| std::str::from_utf8(&mark).ok()?.parse().ok());
        Ok(mark.map(|mark| Marked { mark, has_snapshot }))
    }

    pub(super) async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let mut line = self.data.line().await?;
        let answer = line.connection.get(self.names.prefix.of(key)).await;
        Ok(self.data.settle(&line, answer).await?)
    }

    pub(super) async fn notices(&self) -> Result<Notices, StoreError> {
        Ok(self.dialer.listen(&self.names.published).await?)
    }
}

/// The process id and 64 bits of the system's random source: ids repeat across hosts and restarts.
fn process_name() -> String {
    format!(
        "{}-{:016x}",
        std::process::id(),
        RandomState::new().build_hasher().finish()
    )
}
