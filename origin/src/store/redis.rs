//! The store in Redis. Whatever must happen as one happens in one script, so that no two writers can interleave.

use super::link::{Dialer, Link, Notices};
use super::{Lease, StoreError, Written};
use crate::config::RedisAccess;
use redis::{AsyncCommands, Script};
use shared::endpoints::{EPOCH_KEY, LEADER_KEY, MARK_TTL_MS, PUBLICATION_KEY, PUBLISHED_CHANNEL};
use shared::mark::Mark;
use shared::projection::StoredEntry;
use std::hash::{BuildHasher, Hasher, RandomState};

/// Redis.
#[derive(Debug)]
pub struct RedisStore {
    /// For publications, which are long.
    data: Link,
    /// For the lease, so that it never queues behind a publication.
    lease: Link,
    dialer: Dialer,
    /// This process's name in the lease. Nobody else has it, not even this process's next life.
    process: String,
    publish: Script,
    take_lead: Script,
    give_up_lead: Script,
}

impl RedisStore {
    pub(super) fn open(access: &RedisAccess) -> Result<Self, StoreError> {
        let dialer = Dialer::new(access)?;
        Ok(Self {
            data: Link::new(dialer.clone()),
            lease: Link::new(dialer.clone()),
            dialer,
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
        let mut invocation = self.publish.prepare_invoke();
        invocation.key(LEADER_KEY).key(PUBLICATION_KEY);
        invocation.arg(&self.process).arg(mark.epoch).arg(mark.as_of_ms.as_millis()).arg(mark.sequence);
        invocation.arg(ttl_ms).arg(MARK_TTL_MS).arg(PUBLISHED_CHANNEL);
        for entry in entries {
            invocation.key(entry.key.as_str()).arg(entry.value.as_slice());
        }
        let mut connection = self.data.connection().await?;
        let answer: String = self.data.settle(invocation.invoke_async(&mut connection).await).await?;
        match answer.as_str() {
            "written" => Ok(Written::Written),
            "not_leader" => Ok(Written::NotLeader),
            held => match held.parse::<Mark>().map(|held| held.admits(mark)) {
                Ok(Err(refusal)) => Ok(Written::Refused(refusal)),
                _ => Err(StoreError::Answer { found: answer }),
            },
        }
    }

    pub(super) async fn take_lead(&self, ttl_ms: u64) -> Result<Lease, StoreError> {
        let mut invocation = self.take_lead.prepare_invoke();
        invocation.key(LEADER_KEY).key(EPOCH_KEY).key(PUBLICATION_KEY).arg(&self.process).arg(ttl_ms);
        let mut connection = self.lease.connection().await?;
        let answer: (u8, u64) = self.lease.settle(invocation.invoke_async(&mut connection).await).await?;
        Ok(match answer {
            (1, epoch) => Lease::Held { epoch },
            (_, lasts_ms) => Lease::OfAnother { lasts_ms },
        })
    }

    pub(super) async fn give_up_lead(&self) -> Result<(), StoreError> {
        let mut invocation = self.give_up_lead.prepare_invoke();
        invocation.key(LEADER_KEY).arg(&self.process);
        let mut connection = self.lease.connection().await?;
        let _: u8 = self.lease.settle(invocation.invoke_async(&mut connection).await).await?;
        Ok(())
    }

    pub(super) async fn mark(&self) -> Result<Option<Mark>, StoreError> {
        let mark = self.get(PUBLICATION_KEY).await?;
        Ok(mark.and_then(|mark| std::str::from_utf8(&mark).ok()?.parse().ok()))
    }

    pub(super) async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        let mut connection = self.data.connection().await?;
        Ok(self.data.settle(connection.get(key).await).await?)
    }

    pub(super) async fn notices(&self) -> Result<Notices, StoreError> {
        Ok(self.dialer.listen(PUBLISHED_CHANNEL).await?)
    }
}

/// The process's number and 64 bits that the system's random source gave.
fn process_name() -> String {
    format!("{}-{:016x}", std::process::id(), RandomState::new().build_hasher().finish())
}
