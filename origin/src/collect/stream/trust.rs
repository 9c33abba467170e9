//! Whether the streamed rows are used, by what the audits found.
//!
//! State machine: unproven → (a table agrees) → trusted → (a table diverges) → doubted → (a table
//! agrees) → trusted. A new connection is unproven. When no table can be fetched, an unproven
//! stream is used unaudited, because it is then all there is; a doubted one is not.

use shared::judge::LEAPING_ONE_IN;

/// Whether the streamed rows are used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Trust {
    /// No table was compared with this connection's rows.
    #[default]
    Unproven,
    /// None could be fetched to compare.
    Unaudited,
    /// The last table agreed.
    Trusted,
    /// The last table diverged.
    Doubted,
}

impl Trust {
    /// Whether they are used.
    pub(super) const fn is_trusted(self) -> bool {
        matches!(self, Self::Trusted | Self::Unaudited)
    }

    /// After a table in which so many of the compared rows differed. None compared says nothing.
    pub(super) const fn audited(self, diverging: usize, compared: usize) -> Self {
        match compared {
            0 => self,
            _ if diverging > compared / LEAPING_ONE_IN => Self::Doubted,
            _ => Self::Trusted,
        }
    }

    /// After a table that could not be fetched.
    pub(super) const fn without_a_table(self) -> Self {
        match self {
            Self::Unproven => Self::Unaudited,
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_decides_and_the_next_one_decides_anew() {
        let mut trust = Trust::default();
        assert!(!trust.is_trusted());
        for (diverging, is_trusted) in [(5, true), (6, false), (100, false), (0, true)] {
            trust = trust.audited(diverging, 100);
            assert_eq!(trust.is_trusted(), is_trusted, "{diverging}");
        }
        assert_eq!(trust.audited(0, 0), trust);
    }

    #[test]
    fn without_tables_what_is_unproven_is_used_and_what_is_doubted_is_not() {
        assert!(Trust::Unproven.without_a_table().is_trusted());
        assert!(!Trust::Doubted.without_a_table().is_trusted());
        assert_eq!(Trust::Trusted.without_a_table(), Trust::Trusted);
        assert!(!Trust::Unaudited.audited(50, 100).is_trusted());
    }
}
