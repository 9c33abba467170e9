//! Who is asked for data, and what comes of it: the origin, and exchanges themselves.

pub mod bybit;
pub mod direct;
pub mod exchange;
pub mod fetch;
pub mod handover;
pub mod judged;
pub mod origin;
pub mod secondary;

use crate::policy::{self, Refusal, Unfit, Upstream, Withheld};
use exchange::ExchangeError;
use shared::freshness::Limits;
use shared::market::Universe;
use shared::provenance::Feed;
use shared::snapshot::{Lack, Snapshot};
use shared::units::{Fraction, UnixMs};
use shared::validate::{Baseline, ValidSnapshot};
use std::rc::Rc;

/// The origin's name in outcomes and headers.
pub const ORIGIN: &str = Upstream::Origin.name();

/// Bybit's.
pub const BYBIT_DIRECT: &str = Upstream::Bybit.name();

/// Bybit's, at its other host.
pub const BYBIT_ALTERNATIVE: &str = "bybit-alternative";

/// Why the sections that only the origin collects are missing.
const NOT_COLLECTED: &str = Lack::NotCollectedAtEdge.label();

/// What a snapshot that is made here is made with.
#[derive(Clone, Debug)]
pub struct Materials<'m> {
    /// What is held: the parts that only the origin collects are carried over from it while they
    /// may be shown.
    pub held: Option<&'m ValidSnapshot>,
    /// The list of contracts that count; without one it is fetched beside the tickers.
    pub universe: Option<Rc<Universe>>,
    /// Why not the origin.
    pub reason: String,
    /// What the snapshot is for.
    pub purpose: Purpose,
}

/// What a snapshot is made for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// To be shown: prices that leapt are not believed at once.
    Show,
    /// To be compared with another and dropped: whatever the exchange says counts.
    Compare,
}

/// A snapshot that was made here.
#[derive(Debug)]
pub struct Made {
    /// The snapshot.
    pub snapshot: ValidSnapshot,
    /// The list of contracts, when it was fetched for this.
    pub fetched: Option<Rc<Universe>>,
}

/// What came of asking one source, for headers, problems and the log.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The source.
    pub source: &'static str,
    /// Why it did not help; nothing when it did.
    pub failure: Option<Failed>,
    /// How long it took, milliseconds; nothing when it was not asked at all.
    pub took_ms: Option<u64>,
}

/// Why a source did not help.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failed {
    /// A machine-readable word.
    pub outcome: String,
    /// The whole story, for the log.
    pub message: String,
    /// The error type of RFC 9209, where one applies.
    pub proxy_error: Option<&'static str>,
    /// The HTTP status that came, where one did.
    pub received_status: Option<u16>,
    /// The time of the data that was refused, where it had one.
    pub as_of: Option<UnixMs>,
}

impl Failed {
    /// An upstream that is not asked now.
    #[must_use]
    pub fn withheld(withheld: Withheld) -> Self {
        Self {
            outcome: withheld.label().to_owned(),
            message: withheld.to_string(),
            proxy_error: Some("destination_unavailable"),
            received_status: None,
            as_of: None,
        }
    }
}

/// What a call says of the upstream itself, whatever its data is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Health {
    /// It answers.
    Works,
    /// It does not, or not with data.
    Fails,
    /// It sent us away.
    Refuses(Refusal),
}

/// A refusal, and what may still serve when no other source has better.
#[derive(Debug)]
pub struct Refused<E> {
    /// Why the search goes on.
    pub error: E,
    /// A valid snapshot that is merely old.
    pub candidate: Option<Rc<ValidSnapshot>>,
}

impl<E> From<E> for Refused<E> {
    fn from(error: E) -> Self {
        Self {
            error,
            candidate: None,
        }
    }
}

/// A valid snapshot that is not good enough while another source can be asked.
#[derive(Clone, Copy, Debug, PartialEq, thiserror::Error)]
#[error("{unfit}")]
pub struct NotFit {
    /// What is wrong with it.
    pub unfit: Unfit,
    /// Its time.
    pub as_of: UnixMs,
}

/// Judges a valid snapshot by [`policy::fit`]; one that is merely old or thin stays a candidate.
fn judge<E: From<NotFit>>(
    snapshot: ValidSnapshot,
    now: UnixMs,
    limits: &Limits,
) -> Result<ValidSnapshot, Refused<E>> {
    let as_of = snapshot.get().as_of_ms;
    let coverage = coverage_judged(&snapshot);
    match policy::fit(as_of, coverage, now, limits) {
        Ok(()) => Ok(snapshot),
        Err(unfit) => {
            let candidate = (coverage.get() >= policy::LEAST_COVERAGE).then(|| Rc::new(snapshot));
            Err(Refused {
                error: NotFit { unfit, as_of }.into(),
                candidate,
            })
        }
    }
}

/// The share of the contracts that count. A replay joins what was recorded years apart, and says so
/// on every answer.
fn coverage_judged(snapshot: &ValidSnapshot) -> Fraction {
    match snapshot.get().tickers_source.feed {
        Feed::Replayed => Fraction::saturating(1.0),
        Feed::Live | Feed::Simulated => snapshot.coverage(),
    }
}

/// What the held snapshot lets us expect of the next one, while it may still be shown itself.
fn baseline(held: Option<&ValidSnapshot>, now: UnixMs, limits: &Limits) -> Baseline {
    let servable = held
        .map(ValidSnapshot::get)
        .filter(|held| limits.classify(held.as_of_ms, now).is_some());
    servable.map_or_else(Baseline::default, Baseline::after)
}

/// Lets what was put together here through the door, and judges it.
fn admitted(
    snapshot: Snapshot,
    held: Option<&ValidSnapshot>,
    now: UnixMs,
    limits: &Limits,
) -> Result<ValidSnapshot, Refused<ExchangeError>> {
    let admitted = ValidSnapshot::admit(snapshot, now, baseline(held, now, limits));
    judge(admitted.map_err(ExchangeError::from)?, now, limits)
}
