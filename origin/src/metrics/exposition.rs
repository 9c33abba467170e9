//! The page that Prometheus reads.

use super::Metrics;
use super::labels::{KeyLabels, NoLabels, SectionLabels};
use crate::store::Held;
use prometheus_client::encoding::text;
use shared::endpoints::StoreKey;
use shared::snapshot::Snapshot;
use shared::units::UnixMs;
use shared::validate::ValidSnapshot;

impl Metrics {
    /// The page that Prometheus reads, in the OpenMetrics text format: `served` is what requests get, `stored` what the
    /// store holds. A figure that is unknown is left out.
    ///
    /// # Errors
    /// None that can occur: the page is written into memory.
    pub fn page(
        &self,
        served: Option<&ValidSnapshot>,
        stored: Option<&Held>,
        now: UnixMs,
    ) -> Result<String, std::fmt::Error> {
        let age_secs = |as_of: UnixMs| now.millis_since(as_of) as f64 / 1_000.0;
        if let Some(stored) = stored {
            for key in StoreKey::ALL {
                let labels = KeyLabels { key: key.name() };
                self.cache_age.get_or_create(&labels).set(age_secs(stored.as_of_ms));
                self.cache_quality.get_or_create(&labels).set(stored.quality.get());
            }
        }
        self.section_age.clear();
        if let Some(served) = served {
            self.snapshot_age.get_or_create(&NoLabels {}).set(age_secs(served.get().as_of_ms));
            self.snapshot_quality.get_or_create(&NoLabels {}).set(served.quality().get());
            for (section, as_of) in section_times(served.get()) {
                self.section_age.get_or_create(&SectionLabels { section }).set(age_secs(as_of));
            }
        }
        let mut page = String::new();
        text::encode(&mut page, &self.registry)?;
        Ok(page)
    }
}

fn section_times(snapshot: &Snapshot) -> impl Iterator<Item = (&'static str, UnixMs)> {
    let all = [
        ("tickers", Some(snapshot.as_of_ms)),
        ("instruments", Some(snapshot.universe.as_of_ms)),
        ("global_market", snapshot.global_market.as_of_ms()),
        ("defi_market", snapshot.defi_market.as_of_ms()),
        ("fear_greed", snapshot.fear_greed.as_of_ms()),
    ];
    all.into_iter().filter_map(|(name, time)| Some((name, time?)))
}
