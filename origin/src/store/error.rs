//! Why the store could not be used, each cause with a label.

use redis::{ErrorKind, RedisError, ServerErrorKind};

/// Why the store could not be used.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// Redis failed or could not be reached.
    #[error("Redis: {0}")]
    Redis(#[from] RedisError),
    /// The file with the certificates could not be read.
    #[error("REDIS_CA_FILE {path}: {error}")]
    Certificates {
        /// The file.
        path: String,
        /// What the system says.
        error: std::io::Error,
    },
    /// A script answered something that it never answers.
    #[error("Redis: the answer {found} is none of the script's")]
    Answer {
        /// The answer.
        found: String,
    },
    /// A value could not be encoded, which is a defect of ours.
    #[error("encoding: {0}")]
    Encoding(#[from] serde_json::Error),
}

impl StoreError {
    /// A label for metrics and machine-readable reasons.
    #[must_use]
    pub fn label(&self) -> &'static str {
        match self {
            Self::Redis(error) => label(error),
            Self::Certificates { .. } => "certificates",
            Self::Answer { .. } => "strange_answer",
            Self::Encoding(_) => "encoding",
        }
    }
}

fn label(error: &RedisError) -> &'static str {
    if error.is_timeout() {
        return "timeout";
    }
    if is_refused_login(error) {
        return "not_authenticated";
    }
    match error.kind() {
        ErrorKind::Io => "unreachable",
        ErrorKind::MasterNameNotFoundBySentinel | ErrorKind::EmptySentinelList => "no_primary",
        ErrorKind::Server(ServerErrorKind::ReadOnly) => "read_only",
        ErrorKind::Server(ServerErrorKind::BusyLoading) => "loading",
        ErrorKind::Server(ServerErrorKind::NoPerm) => "not_permitted",
        ErrorKind::Server(ServerErrorKind::MasterDown) => "no_primary",
        _ => match error.code() {
            Some("OOM") => "out_of_memory",
            Some("MISCONF") => "cannot_persist",
            Some("WRONGTYPE") => "foreign_key",
            Some("BUSY") => "busy",
            Some("NOREPLICAS") => "no_replicas",
            _ => "refused_by_redis",
        },
    }
}

/// Whether user and password are wrong or missing.
pub(super) fn is_refused_login(error: &RedisError) -> bool {
    error.kind() == ErrorKind::AuthenticationFailed || matches!(error.code(), Some("NOAUTH" | "WRONGPASS"))
}

/// Whether another connection may fare better: the server behind this one is gone, silent, or no longer the primary.
pub(super) fn wants_new_connection(error: &RedisError) -> bool {
    error.is_io_error()
        || error.is_timeout()
        || error.is_unrecoverable_error()
        || matches!(
            error.kind(),
            ErrorKind::AuthenticationFailed
                | ErrorKind::Server(
                    ServerErrorKind::ReadOnly | ServerErrorKind::MasterDown | ServerErrorKind::BusyLoading
                )
        )
        || matches!(error.code(), Some("NOAUTH" | "UNBLOCKED"))
}
