//! Why the store could not be used. Each cause has a label that an operator finds in the runbook.

use redis::{ErrorKind, RedisError, ServerErrorKind};

/// Why the store could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Redis failed or could not be reached.
    #[error("Redis: {0}")]
    Redis(RedisError),
    /// Redis is a cluster and our keys are in several slots: a script may only touch keys of one.
    #[error(
        "Redis is a cluster, where REDIS_KEY_PREFIX needs a part in braces, as in {{market}}:, for all keys at one place: {0}"
    )]
    ManySlots(RedisError),
    /// The file with the certificates could not be read.
    #[error("REDIS_CA_FILE {path}: {error}")]
    Certificates {
        /// The file.
        path: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// A script gave an answer that it never gives.
    #[error("Redis: the answer {found} is none of the script's")]
    Answer {
        /// The answer.
        found: String,
    },
    /// A value could not be encoded: a defect.
    #[error("encoding: {0}")]
    Encoding(#[from] serde_json::Error),
}

impl From<RedisError> for StoreError {
    fn from(error: RedisError) -> Self {
        match error.kind() {
            ErrorKind::Server(ServerErrorKind::CrossSlot) => Self::ManySlots(error),
            _ => Self::Redis(error),
        }
    }
}

impl StoreError {
    /// A label for metrics and machine-readable reasons.
    #[must_use]
    pub fn label(&self) -> &'static str {
        let cause = match self {
            Self::Redis(error) | Self::ManySlots(error) => cause(error),
            Self::Certificates { .. } => Cause::Certificates,
            Self::Answer { .. } => Cause::StrangeAnswer,
            Self::Encoding(_) => Cause::Encoding,
        };
        cause.label()
    }
}

/// Why the store could not be used, as far as an operator can act on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cause {
    /// No answer in time.
    Timeout,
    /// User and password are wrong or missing.
    NotAuthenticated,
    /// No connection, or a broken one.
    Unreachable,
    /// The sentinels know no primary, or the primary is down.
    NoPrimary,
    /// The server is a replica.
    ReadOnly,
    /// The server still loads its data.
    Loading,
    /// The user may not do this.
    NotPermitted,
    /// The server's memory is full.
    OutOfMemory,
    /// The server cannot write to its disk.
    CannotPersist,
    /// A key holds another type of value.
    ForeignKey,
    /// The server runs a script that does not end.
    Busy,
    /// The server has fewer replicas than its `min-replicas-to-write` asks for, so it refuses
    /// writes.
    NoReplicas,
    /// The server is a cluster, and our keys are in several of its slots.
    CrossSlot,
    /// The cluster redirects to another of its servers, which is used from then on.
    Moved,
    /// The cluster is moving our keys between servers.
    SlotMoving,
    /// The cluster has too few servers to answer.
    ClusterDown,
    /// Any other error of the server.
    RefusedByRedis,
    /// The file with the certificates could not be read.
    Certificates,
    /// A script gave an answer that it never gives.
    StrangeAnswer,
    /// A value could not be encoded.
    Encoding,
}

impl Cause {
    shared::labels! {
        /// A label for metrics and machine-readable reasons.
        pub const fn label(self) {
            Self::Timeout => "timeout",
            Self::NotAuthenticated => "not_authenticated",
            Self::Unreachable => "unreachable",
            Self::NoPrimary => "no_primary",
            Self::ReadOnly => "read_only",
            Self::Loading => "loading",
            Self::NotPermitted => "not_permitted",
            Self::OutOfMemory => "out_of_memory",
            Self::CannotPersist => "cannot_persist",
            Self::ForeignKey => "foreign_key",
            Self::Busy => "busy",
            Self::NoReplicas => "no_replicas",
            Self::CrossSlot => "cross_slot",
            Self::Moved => "moved",
            Self::SlotMoving => "slot_moving",
            Self::ClusterDown => "cluster_down",
            Self::RefusedByRedis => "refused_by_redis",
            Self::Certificates => "certificates",
            Self::StrangeAnswer => "strange_answer",
            Self::Encoding => "encoding",
        }
    }
}

fn cause(error: &RedisError) -> Cause {
    if error.is_timeout() {
        return Cause::Timeout;
    }
    // Before the kinds: `NOAUTH` and `WRONGPASS` have none.
    if is_refused_login(error) {
        return Cause::NotAuthenticated;
    }
    match error.kind() {
        ErrorKind::Io => Cause::Unreachable,
        ErrorKind::MasterNameNotFoundBySentinel | ErrorKind::EmptySentinelList => Cause::NoPrimary,
        ErrorKind::Server(ServerErrorKind::ReadOnly) => Cause::ReadOnly,
        ErrorKind::Server(ServerErrorKind::BusyLoading) => Cause::Loading,
        ErrorKind::Server(ServerErrorKind::NoPerm) => Cause::NotPermitted,
        ErrorKind::Server(ServerErrorKind::MasterDown) => Cause::NoPrimary,
        ErrorKind::Server(ServerErrorKind::CrossSlot) => Cause::CrossSlot,
        ErrorKind::Server(ServerErrorKind::Moved) => Cause::Moved,
        ErrorKind::Server(ServerErrorKind::Ask | ServerErrorKind::TryAgain) => Cause::SlotMoving,
        ErrorKind::Server(ServerErrorKind::ClusterDown) => Cause::ClusterDown,
        // Codes for which the library has no kind.
        _ => match error.code() {
            Some("OOM") => Cause::OutOfMemory,
            Some("MISCONF") => Cause::CannotPersist,
            Some("WRONGTYPE") => Cause::ForeignKey,
            Some("BUSY") => Cause::Busy,
            Some("NOREPLICAS") => Cause::NoReplicas,
            _ => Cause::RefusedByRedis,
        },
    }
}

/// Whether user or password are wrong or missing.
pub(super) fn is_refused_login(error: &RedisError) -> bool {
    error.kind() == ErrorKind::AuthenticationFailed
        || matches!(error.code(), Some("NOAUTH" | "WRONGPASS"))
}

/// Whether a new connection may succeed: the server behind this one is gone, does not answer, or no
/// longer has our keys. Other errors would come again on any connection.
pub(super) fn wants_new_connection(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_timeout()
        || error.is_unrecoverable_error()
        || matches!(
            error.kind(),
            // A login is sent when connecting, so a password that was put right needs a new
            // connection.
            ErrorKind::AuthenticationFailed
                | ErrorKind::Server(
                    // After a failover the old primary is a replica. Connecting again finds the new
                    // one.
                    ServerErrorKind::ReadOnly
                        | ServerErrorKind::MasterDown
                        | ServerErrorKind::BusyLoading
                        | ServerErrorKind::Moved
                        | ServerErrorKind::ClusterDown
                )
        )
        || matches!(error.code(), Some("NOAUTH" | "UNBLOCKED"))
}
