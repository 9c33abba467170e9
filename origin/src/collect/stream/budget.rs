//! When a connection may be opened. The venue allows 500 in five minutes per address and asks not
//! to connect frequently; several origins may share the address.
//!
//! State: when connections were opened in the last five minutes. Pure arithmetic on instants.

use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// The window of the venue's limit.
const WINDOW: Duration = Duration::from_secs(300);

/// How many connections one process opens within it: a fifth of what the address may.
const MOST: usize = 100;

/// The least interval between two.
const APART: Duration = Duration::from_secs(1);

/// Connections of the last five minutes, of all kinds.
#[derive(Debug, Default)]
pub(super) struct Budget {
    opened: VecDeque<Instant>,
}

impl Budget {
    /// Takes a place for a connection, or says how long none is free.
    pub(super) fn take(&mut self, now: Instant) -> Result<(), Duration> {
        while let Some(first) = self.opened.front()
            && now.saturating_duration_since(*first) >= WINDOW
        {
            self.opened.pop_front();
        }
        let after_last = self.opened.back().map(|last| *last + APART);
        let after_window = (self.opened.len() >= MOST)
            .then(|| self.opened.front().map(|first| *first + WINDOW))
            .flatten();
        match after_last.max(after_window) {
            Some(free_at) if free_at > now => Err(free_at.saturating_duration_since(now)),
            _ => {
                self.opened.push_back(now);
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_connection_a_second_and_a_hundred_in_five_minutes() {
        let (mut budget, began) = (Budget::default(), Instant::now());
        assert_eq!(budget.take(began), Ok(()));
        let soon = began + Duration::from_millis(400);
        assert_eq!(budget.take(soon), Err(Duration::from_millis(600)));
        let mut now = began;
        for _ in 1..MOST {
            now += APART;
            assert_eq!(budget.take(now), Ok(()));
        }
        now += APART;
        assert_eq!(budget.take(now), Err(began + WINDOW - now));
        assert_eq!(budget.take(began + WINDOW), Ok(()));
        assert!(budget.take(began + WINDOW).is_err());
    }
}
