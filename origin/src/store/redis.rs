//! The store in Redis: one script writes all keys with their lives or, if what is stored is younger, none.

use super::{StoreError, Written};
use crate::config::RedisUrl;
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{AsyncCommands, Client, Script};
use shared::endpoints::PUBLICATION_KEY;
use shared::projection::StoredEntry;
use shared::validate::ValidSnapshot;
use std::fmt;
use std::time::Duration;

const CONNECTION_TIMEOUT: Duration = Duration::from_secs(2);

/// Redis answers a publication in well under a millisecond; the library's default of 500 ms is short for a slow link.
const RESPONSE_TIMEOUT: Duration = Duration::from_secs(2);

const MAX_RECONNECT_DELAY: Duration = Duration::from_secs(2);

/// KEYS: the publication mark, then every key. ARGV: as_of_ms, sequence, life in ms, then every value.
///
/// The mark is `as_of_ms:sequence` of what is stored. A mark that is not of that form is nobody's and is overwritten.
const PUBLISH: &str = r"
local held = redis.call('GET', KEYS[1])
if held then
  local as_of, sequence = string.match(held, '^(%d+):(%d+)$')
  as_of, sequence = tonumber(as_of), tonumber(sequence)
  if as_of then
    local new_as_of, new_sequence = tonumber(ARGV[1]), tonumber(ARGV[2])
    if as_of > new_as_of or (as_of == new_as_of and sequence >= new_sequence) then
      return 0
    end
  end
end
for i = 2, #KEYS do
  redis.call('SET', KEYS[i], ARGV[i + 2], 'PX', ARGV[3])
end
redis.call('SET', KEYS[1], ARGV[1] .. ':' .. ARGV[2], 'PX', ARGV[3])
return 1
";

/// Redis.
pub struct RedisStore {
    connection: ConnectionManager,
    publish: Script,
}

impl RedisStore {
    pub(super) fn open(url: &RedisUrl) -> Result<Self, StoreError> {
        let config = ConnectionManagerConfig::new()
            .set_connection_timeout(Some(CONNECTION_TIMEOUT))
            .set_response_timeout(Some(RESPONSE_TIMEOUT))
            .set_max_delay(MAX_RECONNECT_DELAY)
            // The writer tries again with the next snapshot; older ones are not worth waiting for.
            .set_number_of_retries(1);
        let client = Client::open(url.secret())?;
        Ok(Self { connection: ConnectionManager::new_lazy_with_config(client, config)?, publish: Script::new(PUBLISH) })
    }

    pub(super) async fn publish(
        &self,
        valid: &ValidSnapshot,
        entries: &[StoredEntry],
        ttl_ms: u64,
    ) -> Result<Written, StoreError> {
        let mut invocation = self.publish.prepare_invoke();
        invocation.key(PUBLICATION_KEY);
        invocation.arg(valid.get().as_of_ms.as_millis()).arg(valid.get().sequence).arg(ttl_ms);
        for entry in entries {
            invocation.key(entry.key.as_str()).arg(entry.value.as_slice());
        }
        let written: bool = invocation.invoke_async(&mut self.connection.clone()).await?;
        Ok(if written { Written::Written } else { Written::RefusedOlder })
    }

    pub(super) async fn get(&self, key: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.connection.clone().get(key).await?)
    }
}

impl fmt::Debug for RedisStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("RedisStore")
    }
}
