//! The rules of the validation boundary, one function per concern.
//!
//! Each function adds every broken rule to `found`. All of them run even after the first finding: a
//! log line with every reason shows what happened, and a test can assert the exact set.
//!
//! The rules check what the analysis guarantees by construction, because a snapshot may also come
//! from the store or from another process: the times are possible, every part is of a venue that
//! its producer reads, counts agree, lists are sorted, free of repeats and within their lengths,
//! every symbol is in the universe, and texts are ours or plain words. Whether a *value* is likely
//! is the outlier filter's question ([`crate::judge`]), not this module's.

use super::baseline::{Baseline, Counted, Expected};
use super::limits::{MIN_SCORES, REFUSED_ONE_IN};
use super::rejection::{Rejection, Warning};
use crate::analysis::join::is_most;
use crate::analysis::movers::{MAX_LEADERS, MAX_MOVERS};
use crate::analysis::scores::{MAX_CARRIED_AGE_MS, MAX_HISTORY};
use crate::freshness::is_from_the_future;
use crate::market::majors::ETHER;
use crate::market::{is_funding_interval, is_plausible_symbol};
use crate::provenance::{Source, Venue};
use crate::snapshot::confluence::MIN_RELIABILITY;
use crate::snapshot::{Mover, Producer, ScoreBasis, ScoreRow, Snapshot, is_reason};
use crate::units::{Amount, UnixMs};
use std::collections::HashSet;

/// 2020-01-01. A time before it is seconds sent as milliseconds, or an unset clock.
const EARLIEST_TIME: UnixMs = UnixMs::from_millis(1_577_836_800_000);

/// The longest sentence, characters. A longer text is none of the sentences that the analysis
/// writes.
const MAX_SENTENCE_CHARS: usize = 300;

/// The longest label of plain words, characters.
const MAX_WORDS_CHARS: usize = 64;

/// Every rule that the snapshot breaks.
pub(super) fn rejections(snapshot: &Snapshot, now: UnixMs, baseline: Baseline) -> Vec<Rejection> {
    let mut found = Vec::new();
    times(snapshot, now, &mut found);
    venues(snapshot, &mut found);
    counts(snapshot, baseline, &mut found);
    scores(snapshot, &mut found);
    movers(snapshot, &mut found);
    leaders(snapshot, &mut found);
    universe(snapshot, &mut found);
    capitalisation(snapshot, &mut found);
    sections(snapshot, &mut found);
    texts(snapshot, &mut found);
    found
}

fn times(snapshot: &Snapshot, now: UnixMs, found: &mut Vec<Rejection>) {
    let section_time = |present: Option<UnixMs>, field| present.map(|time| (field, time));
    let all = [
        Some(("as_of_ms", snapshot.as_of_ms)),
        Some(("generated_at_ms", snapshot.generated_at_ms)),
        Some(("universe.as_of_ms", snapshot.universe.as_of_ms)),
        section_time(snapshot.global_market.as_of_ms(), "global_market.as_of_ms"),
        section_time(snapshot.defi_market.as_of_ms(), "defi_market.as_of_ms"),
        section_time(snapshot.fear_greed.as_of_ms(), "fear_greed.as_of_ms"),
        section_time(snapshot.beta.as_of_ms(), "beta.as_of_ms"),
        section_time(snapshot.performance.as_of_ms(), "performance.as_of_ms"),
        section_time(snapshot.statistics.as_of_ms(), "statistics.as_of_ms"),
        section_time(snapshot.liquidations.as_of_ms(), "liquidations.as_of_ms"),
        section_time(snapshot.contracts.as_of_ms(), "contracts.as_of_ms"),
        section_time(snapshot.books.as_of_ms(), "books.as_of_ms"),
        section_time(snapshot.alerts.as_of_ms(), "alerts.as_of_ms"),
    ];
    for (field, time) in all.into_iter().flatten() {
        // Both times and sections are compared with `now` alone. How the time of a section relates
        // to that of the snapshot is not a rule: sections are renewed at their own pace.
        if time < EARLIEST_TIME {
            found.push(Rejection::ImplausibleTime { field, found: time });
        }
        if is_from_the_future(time, now) {
            found.push(Rejection::FromTheFuture {
                field,
                ahead_ms: time.millis_since(now),
            });
        }
    }
}

/// No figure of one venue stands in a snapshot of another. The list of contracts may be of another
/// venue than a secondary exchange's tickers, since a list has no figures.
fn venues(snapshot: &Snapshot, found: &mut Vec<Rejection>) {
    let is_secondary = snapshot.producer == Producer::SecondaryExchange;
    let may_publish = |venue| match venue {
        Venue::Bybit => !is_secondary,
        Venue::Okx | Venue::Binance => is_secondary,
        // They publish figures of the whole market and no contract.
        Venue::CoinGecko | Venue::AlternativeMe => false,
    };
    // Binance publishes no list that tells coins from currencies, so it may not list.
    let may_list = |venue| matches!(venue, Venue::Bybit) || (is_secondary && venue == Venue::Okx);
    let mut check = |part, source: Option<Source>, may: &dyn Fn(Venue) -> bool| {
        if let Some(venue) = source
            .map(|source| source.venue)
            .filter(|venue| !may(*venue))
        {
            found.push(Rejection::ForeignVenue {
                part,
                venue: venue.name(),
                producer: snapshot.producer.name(),
            });
        }
    };
    check("tickers", Some(snapshot.tickers_source), &may_publish);
    check("universe", Some(snapshot.universe.source), &may_list);
    check("beta", snapshot.beta.source(), &may_publish);
    check("performance", snapshot.performance.source(), &may_publish);
    check("statistics", snapshot.statistics.source(), &may_publish);
    check("liquidations", snapshot.liquidations.source(), &may_publish);
    check("contracts", snapshot.contracts.source(), &may_publish);
    check("books", snapshot.books.source(), &may_publish);
    check("alerts", snapshot.alerts.source(), &may_publish);
    // These are computed from Bybit's candles, trades and accounts, and have no source field of
    // their own. A secondary exchange's snapshot must not contain them.
    let overview = &snapshot.overview;
    let derived = [
        (
            "scores",
            snapshot.scores.iter().any(|row| row.confluence.is_some()),
        ),
        (
            "btc_volatility",
            overview.btc_daily_volatility.is_some() || overview.btc_volatility.is_some(),
        ),
        ("perps", !snapshot.perps.is_unknown()),
    ];
    for (part, _) in derived
        .into_iter()
        .filter(|(_, is_there)| is_secondary && *is_there)
    {
        found.push(Rejection::ForeignVenue {
            part,
            venue: Venue::Bybit.name(),
            producer: snapshot.producer.name(),
        });
    }
}

fn counts(snapshot: &Snapshot, baseline: Baseline, found: &mut Vec<Rejection>) {
    let coverage = snapshot.coverage;
    let rows = coverage.priced.saturating_add(coverage.refused);
    // A few bad rows are ordinary; many mean that the venue has changed its format.
    if coverage.refused > rows / REFUSED_ONE_IN {
        found.push(Rejection::TooManyRowsRefused {
            refused: coverage.refused,
            rows,
        });
    }
    // Two fields of one snapshot that say the same thing must agree.
    if coverage.listed != snapshot.universe.len() {
        found.push(Rejection::ListedDisagrees {
            counted: coverage.listed,
            listed: snapshot.universe.len(),
        });
    }
    // Half a table passes every other rule, so its size is compared with the usual one. Not across
    // venues or lists: they trade different numbers of contracts.
    if let Some(Expected {
        counted,
        contracts: usual,
    }) = baseline.expected
        && counted == Counted::of(snapshot)
        && !is_most(coverage.priced, usual)
    {
        found.push(Rejection::TooFewContracts {
            found: coverage.priced,
            usual,
        });
    }
    // The numbers come from bytes, so their sum may overflow.
    let Some(counted) = snapshot
        .breadth
        .up
        .checked_add(snapshot.breadth.down)
        .and_then(|n| n.checked_add(snapshot.breadth.flat))
    else {
        found.push(Rejection::CountsDisagree {
            counted: usize::MAX,
            priced: coverage.priced,
        });
        return;
    };
    // Breadth does not count contracts whose change is unknown, so it may be below the number of
    // priced contracts, but only by a fifth.
    if counted > coverage.priced || !is_most(counted, coverage.priced) || counted == 0 {
        found.push(Rejection::CountsDisagree {
            counted,
            priced: coverage.priced,
        });
    }
    if let Some(turnover) = snapshot
        .overview
        .total_turnover
        .map(Amount::get)
        .filter(|turnover| *turnover <= 0.0)
    {
        found.push(Rejection::NoTurnover { found: turnover });
    }
}

fn scores(snapshot: &Snapshot, found: &mut Vec<Rejection>) {
    let rows = &snapshot.scores;
    if rows.len() < MIN_SCORES {
        found.push(Rejection::TooFewScores { found: rows.len() });
    }
    // The overview's Bitcoin price is not optional, so only Ether has to be looked for. A major
    // whose other figures are odd has a price and no score, hence the two places.
    if snapshot.overview.eth_price.is_none() && !rows.iter().any(|row| row.symbol == ETHER) {
        found.push(Rejection::MajorMissing { symbol: ETHER });
    }
    symbols(
        snapshot,
        "scores",
        rows.iter().map(|row| &*row.symbol),
        found,
    );
    for (before, after) in rows.iter().zip(rows.iter().skip(1)) {
        // Written as "less", so that equal scores may stand in any order.
        if before.score < after.score {
            found.push(Rejection::OutOfOrder {
                list: "scores",
                symbol: after.symbol.clone(),
            });
        }
    }
    for row in rows {
        if contradicts_its_basis(row) {
            found.push(Rejection::BasisContradicted {
                symbol: row.symbol.clone(),
            });
        }
        // A carried score may not be newer than the prices beside it, nor older than scores may be
        // carried.
        if let Some(scored_at) = row.score_as_of_ms
            && (scored_at > snapshot.as_of_ms
                || snapshot.generated_at_ms.millis_since(scored_at) > MAX_CARRIED_AGE_MS)
        {
            found.push(Rejection::ScoreOfAnotherTime {
                symbol: row.symbol.clone(),
                scored_at,
            });
        }
        if row.score_history.len() > MAX_HISTORY {
            found.push(Rejection::HistoryTooLong {
                symbol: row.symbol.clone(),
                found: row.score_history.len(),
            });
        }
    }
}

fn contradicts_its_basis(row: &ScoreRow) -> bool {
    match row.score_basis {
        // A client shows the basis beside the score, so a score must not claim more than it rests
        // on.
        ScoreBasis::TickerMomentum => {
            row.confluence.is_some() || row.momentum_score != Some(row.score)
        }
        ScoreBasis::SixDimension => row.confluence.as_deref().is_none_or(|confluence| {
            confluence.components.is_empty()
                || confluence.score != Some(row.score)
                || confluence.reliability != row.reliability
                || confluence.reliability.get() < MIN_RELIABILITY
        }),
    }
}

fn movers(snapshot: &Snapshot, found: &mut Vec<Rejection>) {
    mover_list(snapshot, "gainers", &snapshot.movers.gainers, 1.0, found);
    mover_list(snapshot, "losers", &snapshot.movers.losers, -1.0, found);
}

/// `sign` is 1 for the gainers and −1 for the losers. Multiplied by it, both lists are in
/// descending order and above zero.
fn mover_list(
    snapshot: &Snapshot,
    list: &'static str,
    rows: &[Mover],
    sign: f64,
    found: &mut Vec<Rejection>,
) {
    symbols(snapshot, list, rows.iter().map(|row| &*row.symbol), found);
    length(list, rows.len(), MAX_MOVERS, found);
    let floor = snapshot.movers.turnover_floor;
    for row in rows {
        let change_pct = row.change_24h.get();
        if change_pct * sign <= 0.0 {
            found.push(Rejection::WrongSign {
                symbol: row.symbol.clone(),
                list,
                change_pct,
            });
        }
        // The floor keeps contracts that hardly trade out of the lists; their changes are noise.
        if row.turnover_24h < floor {
            let (turnover_usd, floor_usd) = (row.turnover_24h.get(), floor.get());
            found.push(Rejection::BelowFloor {
                symbol: row.symbol.clone(),
                list,
                turnover_usd,
                floor_usd,
            });
        }
    }
    for (before, after) in rows.iter().zip(rows.iter().skip(1)) {
        if before.change_24h.get() * sign < after.change_24h.get() * sign {
            found.push(Rejection::OutOfOrder {
                list,
                symbol: after.symbol.clone(),
            });
        }
    }
}

fn leaders(snapshot: &Snapshot, found: &mut Vec<Rejection>) {
    let rows = &snapshot.volume_leaders;
    symbols(
        snapshot,
        "volume_leaders",
        rows.iter().map(|row| &*row.symbol),
        found,
    );
    length("volume_leaders", rows.len(), MAX_LEADERS, found);
    for (before, after) in rows.iter().zip(rows.iter().skip(1)) {
        if before.turnover_24h < after.turnover_24h {
            found.push(Rejection::OutOfOrder {
                list: "volume_leaders",
                symbol: after.symbol.clone(),
            });
        }
    }
}

fn universe(snapshot: &Snapshot, found: &mut Vec<Rejection>) {
    for (symbol, hours) in &snapshot.universe.contracts {
        if !is_plausible_symbol(symbol) {
            found.push(Rejection::MalformedSymbol {
                // Cut, because the text goes into a log line and came from outside.
                symbol: symbol.chars().take(64).collect(),
            });
        }
        // Funding rates are normalised to 8 hours, which divides by the interval.
        if let Some(hours) = hours.filter(|hours| !is_funding_interval(*hours)) {
            found.push(Rejection::ImplausibleInterval {
                symbol: symbol.clone(),
                hours,
            });
        }
    }
}

/// Figures of the whole market that cannot truthfully be zero. Zero is what a broken publisher
/// sends.
fn capitalisation(snapshot: &Snapshot, found: &mut Vec<Rejection>) {
    let global = snapshot.global_market.value();
    let all = [
        (
            "global_market.total_market_cap",
            global.map(|global| global.total_market_cap),
        ),
        (
            "global_market.volume_24h",
            global.map(|global| global.volume_24h),
        ),
        (
            "defi_market.market_cap",
            snapshot.defi_market.value().map(|defi| defi.market_cap),
        ),
    ];
    for (field, amount) in all {
        if amount.is_some_and(|amount| amount.get() <= 0.0) {
            found.push(Rejection::NotAboveZero { field });
        }
    }
}

/// Sections with rules of their own. Assembly drops a bad section and keeps the rest; a bad section
/// here means that another process wrote the snapshot, so the snapshot is rejected.
fn sections(snapshot: &Snapshot, found: &mut Vec<Rejection>) {
    let beta = snapshot
        .beta
        .value()
        .and_then(|beta| beta.check().err())
        .map(|fault| ("beta", fault.to_string()));
    let charts = snapshot
        .performance
        .value()
        .and_then(|charts| charts.check().err());
    let statistics = snapshot
        .statistics
        .value()
        .and_then(|statistics| statistics.check().err());
    let liquidations = snapshot
        .liquidations
        .value()
        .zip(snapshot.liquidations.as_of_ms())
        .and_then(|(liquidations, as_of)| liquidations.check(as_of).err());
    let contracts = snapshot
        .contracts
        .value()
        .zip(snapshot.contracts.as_of_ms())
        .and_then(|(contracts, as_of)| contracts.check(as_of).err());
    let books = snapshot
        .books
        .value()
        .zip(snapshot.books.as_of_ms())
        .and_then(|(books, as_of)| books.check(as_of).err());
    let alerts = snapshot
        .alerts
        .value()
        .and_then(|alerts| alerts.check().err());
    let all = [
        beta,
        charts.map(|fault| ("performance", fault.to_string())),
        statistics.map(|fault| ("statistics", fault.to_string())),
        liquidations.map(|fault| ("liquidations", fault.to_string())),
        contracts.map(|fault| ("contracts", fault.to_string())),
        books.map(|fault| ("books", fault.to_string())),
        alerts.map(|fault| ("alerts", fault.to_string())),
    ];
    found.extend(
        all.into_iter()
            .flatten()
            .map(|(section, fault)| Rejection::BadSection { section, fault }),
    );
}

fn length(list: &'static str, rows: usize, limit: usize, found: &mut Vec<Rejection>) {
    if rows > limit {
        found.push(Rejection::ListTooLong { list, rows, limit });
    }
}

/// Every symbol of a list is plausible, is in the universe, and stands once.
fn symbols<'s>(
    snapshot: &Snapshot,
    list: &'static str,
    all: impl Iterator<Item = &'s str>,
    found: &mut Vec<Rejection>,
) {
    let mut seen = HashSet::new();
    for symbol in all {
        // One finding per symbol, the gravest first: a malformed symbol is foreign, too.
        if !is_plausible_symbol(symbol) {
            found.push(Rejection::MalformedSymbol {
                symbol: symbol.chars().take(64).collect(),
            });
        } else if !snapshot.universe.contains(symbol) {
            found.push(Rejection::ForeignSymbol {
                symbol: symbol.to_owned(),
                list,
            });
        } else if !seen.insert(symbol) {
            found.push(Rejection::RepeatedSymbol {
                symbol: symbol.to_owned(),
                list,
            });
        }
    }
}

/// Texts that reach a client are ours or plain words. Labels of publishers are shown on a page, and
/// a sentence with markup would be a way to inject a script.
fn texts(snapshot: &Snapshot, found: &mut Vec<Rejection>) {
    let plain = |text: &str| {
        text.chars().count() <= MAX_WORDS_CHARS
            && text
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, ' ' | '-' | '_'))
    };
    let reasons = [
        ("fallback_reason", snapshot.fallback_reason.as_deref()),
        ("global_market.reason", snapshot.global_market.reason()),
        ("defi_market.reason", snapshot.defi_market.reason()),
        ("fear_greed.reason", snapshot.fear_greed.reason()),
        ("beta.reason", snapshot.beta.reason()),
        ("performance.reason", snapshot.performance.reason()),
        ("statistics.reason", snapshot.statistics.reason()),
        ("liquidations.reason", snapshot.liquidations.reason()),
        ("contracts.reason", snapshot.contracts.reason()),
        ("books.reason", snapshot.books.reason()),
        ("alerts.reason", snapshot.alerts.reason()),
    ];
    for (field, text) in reasons {
        if text.is_some_and(|text| !is_reason(text)) {
            found.push(Rejection::ForeignText { field });
        }
    }
    let words = [
        ("regime.label", Some(&*snapshot.regime.label)),
        ("regime.breadth", Some(&*snapshot.regime.breadth)),
        ("regime.dispersion", Some(&*snapshot.regime.dispersion)),
        ("regime.sentiment", snapshot.regime.sentiment.as_deref()),
        (
            "fear_greed.label",
            snapshot.fear_greed.value().map(|index| &*index.label),
        ),
    ];
    for sentence in snapshot
        .scores
        .iter()
        .filter_map(|row| row.confluence.as_deref())
        .flat_map(|c| c.interpretations.values())
    {
        if sentence.chars().count() > MAX_SENTENCE_CHARS
            || sentence
                .chars()
                .any(|c| c.is_control() || matches!(c, '<' | '>' | '&'))
        {
            found.push(Rejection::ForeignText {
                field: "interpretations",
            });
        }
    }
    for (field, text) in words {
        if text.is_some_and(|text| text.is_empty() || !plain(text)) {
            found.push(Rejection::ForeignText { field });
        }
    }
}

/// Every anomaly that does not reject the snapshot.
pub(super) fn warnings(snapshot: &Snapshot) -> Vec<Warning> {
    let mut found = Vec::new();
    let coverage = snapshot.coverage;
    // A warning and no rejection: what has a price is still true, and the coverage lowers the
    // quality that clients see.
    if !is_most(coverage.priced, coverage.listed) {
        found.push(Warning::ThinCoverage {
            priced: coverage.priced,
            listed: coverage.listed,
        });
    }
    if coverage.refused > 0 {
        found.push(Warning::RowsRefused {
            refused: coverage.refused,
        });
    }
    for row in &snapshot.scores {
        // A venue may read the last price and the day's range at two instants, so a new extreme
        // lies outside for a moment.
        if row.low_24h.is_some_and(|low| row.price < low)
            || row.high_24h.is_some_and(|high| row.price > high)
        {
            found.push(Warning::OutsideRange {
                symbol: row.symbol.clone(),
            });
        }
    }
    found
}
