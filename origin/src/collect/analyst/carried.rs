//! The analysis of the process that led before, shown with its own age until this process has
//! loaded as much.
//!
//! Without it every leader change would empty the scores and charts until candles are loaded.
//! Invariants: a carried score is shown only while it is young, agrees with the current price, and
//! rests on more than ours. Its age is the time at which it was made, never that of the change.

use super::sections::Table;
use analysis::agreement::{MAX_LIVE_FACTOR, agree};
use shared::analysis::scores::{Analysis, MAX_CARRIED_AGE_MS};
use shared::assemble::Slow;
use shared::freshness::age_ms;
use shared::snapshot::beta::BetaSection;
use shared::snapshot::confluence::Confluence;
use shared::snapshot::liquidations::Liquidations;
use shared::snapshot::performance::PerformanceSection;
use shared::snapshot::statistics::Statistics;
use shared::snapshot::{Lack, Snapshot};
use shared::units::{self, Price, UnixMs};
use std::collections::BTreeMap;

/// The analysis in a snapshot that another process published.
#[derive(Debug)]
pub(super) struct Carried {
    scores: BTreeMap<String, Score>,
    beta: Slow<BetaSection>,
    performance: Slow<PerformanceSection>,
    statistics: Slow<Statistics>,
    liquidations: Slow<Liquidations>,
}

/// One contract's score.
#[derive(Debug)]
struct Score {
    confluence: Confluence,
    made_at: UnixMs,
    price: Price,
}

impl Carried {
    /// Nothing is carried over.
    pub(super) fn nothing() -> Self {
        let unknown = Lack::CandlesNotLoadedYet.label();
        Self {
            scores: BTreeMap::new(),
            beta: Slow::unknown(unknown),
            performance: Slow::unknown(unknown),
            statistics: Slow::unknown(unknown),
            liquidations: Slow::unknown(Lack::NotObservedYet.label()),
        }
    }

    /// The analysis in `snapshot`.
    pub(super) fn of(snapshot: &Snapshot) -> Self {
        let scores = snapshot.scores.iter().filter_map(|row| {
            let confluence = row.confluence.as_deref()?.clone();
            let made_at = row.scored_at(snapshot.as_of_ms);
            Some((
                row.symbol.clone(),
                Score {
                    confluence,
                    made_at,
                    price: row.price,
                },
            ))
        });
        Self {
            scores: scores.collect(),
            beta: Slow::carried_over(&snapshot.beta),
            performance: Slow::carried_over(&snapshot.performance),
            statistics: Slow::carried_over(&snapshot.statistics),
            liquidations: Slow::carried_over(&snapshot.liquidations),
        }
    }

    /// Replaces or adds the carried scores that are more reliable than ours, are young at `now` and
    /// were made at about the price in `table`. `history` gives a contract's earlier scores.
    pub(super) fn complete(
        &self,
        analyses: &mut BTreeMap<String, Analysis>,
        table: &Table<'_, '_>,
        history: impl Fn(&str) -> Vec<units::Score>,
        now: UnixMs,
    ) {
        for (symbol, score) in &self.scores {
            // The same limit as the validation boundary's for carried scores.
            let is_young =
                age_ms(score.made_at, now).is_some_and(|age_ms| age_ms <= MAX_CARRIED_AGE_MS);
            // A score newer than the table would make the row's analysis younger than its price.
            let is_earlier = score.made_at <= table.as_of_ms;
            let last = table.rows.get(symbol.as_str()).map(|row| row.last);
            let is_about_this_price =
                last.is_some_and(|last| agree(last, score.price.get(), MAX_LIVE_FACTOR));
            let ours = analyses
                .get(symbol)
                // An analysis without a score is no rival of a carried one.
                .filter(|ours| ours.confluence.score.is_some());
            let is_fuller =
                // While inputs load, our reliability grows until it passes the carried one.
                ours.is_none_or(|ours| ours.confluence.reliability < score.confluence.reliability);
            if is_young && is_earlier && is_about_this_price && is_fuller {
                let carried = Analysis {
                    confluence: score.confluence.clone(),
                    history: history(symbol),
                    carried_from_ms: Some(score.made_at),
                };
                analyses.insert(symbol.clone(), carried);
            }
        }
    }

    /// Our betas, or the carried ones while candles are loading.
    pub(super) fn beta_or(&self, ours: Slow<BetaSection>) -> Slow<BetaSection> {
        unless_loading(ours, &self.beta)
    }

    /// The same of the charts.
    pub(super) fn performance_or(
        &self,
        ours: Slow<PerformanceSection>,
    ) -> Slow<PerformanceSection> {
        unless_loading(ours, &self.performance)
    }

    /// The same of the statistics.
    pub(super) fn statistics_or(&self, ours: Slow<Statistics>) -> Slow<Statistics> {
        unless_loading(ours, &self.statistics)
    }

    /// What was heard of liquidations here, or the carried section until something is. What one
    /// process heard is never added to what another did, since nobody listened between the two.
    pub(super) fn liquidations_or(&self, ours: Slow<Liquidations>) -> Slow<Liquidations> {
        unless_unheard(ours, &self.liquidations)
    }
}

/// Our section, or the carried one while candles are loading: none yet, or too few, because long
/// histories arrive in pages. Any other lack is ours to show.
fn unless_loading<T: Clone>(ours: Slow<T>, carried: &Slow<T>) -> Slow<T> {
    let is_loading = |reason: &str| {
        [Lack::CandlesNotLoadedYet, Lack::TooFewCandles]
            .map(Lack::label)
            .contains(&reason)
    };
    match (&ours, carried) {
        // A lack that is not about loading is the truth about now, and is shown.
        (Slow::Unknown(reason), Slow::Known(_)) if is_loading(reason) => carried.clone(),
        _ => ours,
    }
}

/// Our section, or the carried one while nothing is heard yet. A process that led before may still
/// have a section from then, which is older than what was shown since.
fn unless_unheard<T: Clone>(ours: Slow<T>, carried: &Slow<T>) -> Slow<T> {
    match (&ours, carried) {
        (Slow::Unknown(reason), Slow::Known(_)) if reason == Lack::NotObservedYet.label() => {
            carried.clone()
        }
        (Slow::Known(ours), Slow::Known(other)) if other.as_of_ms > ours.as_of_ms => {
            carried.clone()
        }
        _ => ours,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shared::market::Dated;
    use shared::provenance::{Source, Venue};

    #[test]
    fn what_was_carried_over_stays_until_enough_of_our_own_is_loaded() {
        let known = |value| {
            let as_of_ms = UnixMs::from_millis(1_788_870_000_000);
            Slow::Known(Dated {
                value,
                as_of_ms,
                source: Source::live(Venue::Bybit),
            })
        };
        let shown = |ours| match unless_loading(ours, &known("theirs")) {
            Slow::Known(dated) => dated.value.to_owned(),
            Slow::Unknown(reason) => reason,
        };
        assert_eq!(shown(known("ours")), "ours");
        assert_eq!(
            shown(Slow::unknown(Lack::CandlesNotLoadedYet.label())),
            "theirs"
        );
        assert_eq!(shown(Slow::unknown(Lack::TooFewCandles.label())), "theirs");
        assert_eq!(
            shown(Slow::unknown(Lack::TooOld.label())),
            Lack::TooOld.label()
        );
    }

    #[test]
    fn what_another_process_heard_is_shown_until_this_one_hears() {
        let known = |value, second: u64| {
            Slow::Known(Dated {
                value,
                as_of_ms: UnixMs::from_secs(1_788_870_000 + second),
                source: Source::live(Venue::Bybit),
            })
        };
        let shown = |ours| match unless_unheard(ours, &known("theirs", 5)) {
            Slow::Known(dated) => dated.value.to_owned(),
            Slow::Unknown(reason) => reason,
        };
        assert_eq!(shown(Slow::unknown(Lack::NotObservedYet.label())), "theirs");
        assert_eq!(shown(known("from when we led before", 4)), "theirs");
        assert_eq!(shown(known("ours", 6)), "ours");
        let off = Lack::StreamsOff.label();
        assert_eq!(shown(Slow::unknown(off)), off);
    }
}
