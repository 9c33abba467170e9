//! The projection of the last alerts.

use super::head::Provenance;
use crate::freshness::Freshness;
use crate::snapshot::Snapshot;
use crate::snapshot::alerts::{Alert, AlertBody};
use crate::units::UnixMs;
use serde::Serialize;

#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
pub(super) struct Alerts<'s> {
    #[serde(flatten)]
    provenance: Provenance,
    /// When the list was last looked at: the section's own time.
    alerts_as_of_ms: Option<UnixMs>,
    alerts: Vec<AlertBody<'s>>,
    count: usize,
}

/// The newest `limit` alerts, newest first.
pub(super) fn alerts(snapshot: &Snapshot, class: Freshness, limit: usize) -> Alerts<'_> {
    // An absent section never gets here: the caller answers with its reason first.
    let mut alerts = alert_list(snapshot).unwrap_or_default();
    alerts.truncate(limit);
    let alerts_as_of_ms = snapshot.alerts.as_of_ms();
    Alerts {
        provenance: Provenance::of(snapshot, class),
        alerts_as_of_ms,
        count: alerts.len(),
        alerts,
    }
}

/// The list alone; nothing where alerts are unknown, which is not the same as none.
pub(super) fn alert_list(snapshot: &Snapshot) -> Option<Vec<AlertBody<'_>>> {
    snapshot
        .alerts
        .value()
        .map(|section| section.alerts.iter().map(Alert::body).collect())
}
