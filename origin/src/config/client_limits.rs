//! How much a client may take.

use std::time::Duration;

/// What the clients of a listener may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientLimits {
    /// Connections in all.
    pub connections: usize,
    /// Connections of one client address; of IPv6 one network of 64 bits.
    pub connections_per_address: usize,
    /// How long a request's head may take from its first byte on, and what comes after a head
    /// beside another request.
    pub head: Duration,
    /// How long a connection may stay open without a request.
    pub idle: Duration,
    /// How long an answer may wait for its client to read it.
    pub send: Duration,
}

impl ClientLimits {
    /// The pause between two looks at a connection, by which it may be closed later than the limits
    /// say.
    #[must_use]
    pub fn look_every(&self) -> Duration {
        self.head.min(self.send).min(self.idle) / 2
    }
}
