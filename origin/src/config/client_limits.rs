//! How much of the server a client may occupy.

use std::time::Duration;

/// The limits of a listener's connections.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientLimits {
    /// Connections in all.
    pub connections: usize,
    /// Connections of one client address; of IPv6 one network of 64 bits.
    pub connections_per_address: usize,
    /// How long a request's head may take from its first byte, and what follows a head without
    /// being a request.
    pub head: Duration,
    /// How long a connection may stay open without a request.
    pub idle: Duration,
    /// How long an answer may wait for its client to read it.
    pub send: Duration,
}

impl ClientLimits {
    /// How often a connection is checked: half the shortest limit, so a connection is closed at
    /// most that much too late.
    #[must_use]
    pub fn look_every(&self) -> Duration {
        self.head.min(self.send).min(self.idle) / 2
    }
}
