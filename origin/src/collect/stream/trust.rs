//! Whether the streamed rows are used, by what the audits found.

use shared::judge::LEAPING_ONE_IN;

/// Tables in a row that must diverge before the stream is not used.
const STRIKES: u8 = 2;

/// Whether the streamed rows are used. They are until tables say otherwise.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Trust {
    /// Tables in a row that diverged.
    strikes: u8,
}

impl Trust {
    /// Whether they are used.
    pub(super) const fn is_trusted(self) -> bool {
        self.strikes < STRIKES
    }

    /// Takes what a table said: in how many of the compared rows it differed. One that agrees ends
    /// every doubt.
    pub(super) fn judge(&mut self, diverging: usize, compared: usize) {
        self.strikes = if diverging > compared / LEAPING_ONE_IN {
            self.strikes.saturating_add(1).min(STRIKES)
        } else {
            0
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_tables_that_diverge_end_the_trust_and_one_that_agrees_restores_it() {
        let mut trust = Trust::default();
        for (diverging, is_trusted) in [(6, true), (6, false), (100, false), (5, true), (6, true)] {
            trust.judge(diverging, 100);
            assert_eq!(trust.is_trusted(), is_trusted, "{diverging}");
        }
    }
}
