//! What a Worker of this build is for.

/// The value of `ROLE`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It serves clients, from the origin's data while that is healthy.
    Edge,
    /// It owns the route to the exchanges, and serves the Workers that are bound to it.
    Direct,
}
