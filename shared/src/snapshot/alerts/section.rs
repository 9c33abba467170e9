//! The last alerts, as a snapshot holds them.
//!
//! Invariants, checked by [`AlertSection::check`]: at most [`MAX_ALERTS`], newest first, no id
//! twice, and every alert's numbers reach its threshold.

use super::alert::Alert;
use super::fault::{AlertFault, MAX_ALERTS};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;

/// The last alerts, newest first.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct AlertSection {
    /// At most [`MAX_ALERTS`]; none is a fact too.
    pub alerts: Vec<Alert>,
}

impl AlertSection {
    /// Whether the section may be published.
    ///
    /// # Errors
    /// The first [`AlertFault`].
    pub fn check(&self) -> Result<(), AlertFault> {
        if self.alerts.len() > MAX_ALERTS {
            return Err(AlertFault::TooMany);
        }
        self.alerts.iter().try_for_each(Alert::check)?;
        if !self
            .alerts
            // Equal times are allowed: one snapshot can raise several alerts.
            .is_sorted_by(|before, after| before.at_ms >= after.at_ms)
        {
            return Err(AlertFault::OutOfOrder);
        }
        let mut seen = HashSet::new();
        if self.alerts.iter().all(|alert| seen.insert(alert.id())) {
            Ok(())
        } else {
            Err(AlertFault::Repeated)
        }
    }
}
