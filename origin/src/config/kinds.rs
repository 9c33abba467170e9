//! Options that are a choice among words. The doc comments of the variants are help texts.

use clap::ValueEnum;

/// What a process does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Role {
    /// Collects when it leads, and serves.
    All,
    /// Collects when it leads, and serves nobody.
    Collect,
    /// Serves what others publish.
    Serve,
}

impl Role {
    shared::labels! {
        /// The word in configuration and health answers.
        pub const fn name(self) {
            Self::All => "all",
            Self::Collect => "collect",
            Self::Serve => "serve",
        }
    }

    /// Whether the process may ask exchanges.
    #[must_use]
    pub const fn collects(self) -> bool {
        !matches!(self, Self::Serve)
    }

    /// Whether the process answers clients.
    #[must_use]
    pub const fn serves(self) -> bool {
        !matches!(self, Self::Collect)
    }
}

/// Where publications are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum StoreKind {
    /// In Redis.
    Redis,
    /// In the process.
    Memory,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum LogFormat {
    /// For a person.
    Pretty,
    /// One JSON object a line.
    Json,
}

/// Whether something is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Switch {
    /// It is.
    On,
    /// It is not.
    Off,
}
