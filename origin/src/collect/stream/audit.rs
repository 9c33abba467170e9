//! The audit: a fetched ticker table against the streamed one. The venue itself says that either
//! may rarely give old data.
//!
//! Two findings. A *silent topic* on a healthy connection: its row is not what the fetched table
//! says, and nothing came about it for seconds; it is begun again. A *divergence*: a row
//! differs by more than the market can have moved. Where many rows are either, the stream is not used
//! until a table agrees.
//!
//! Pure but for the lock on the streamed rows.

use super::table::StreamedTickers;
use shared::exchange::bybit::stream::Topic;
use shared::market::Tickers;
use std::collections::HashMap;

/// How far two last prices of one contract may be apart, as a fraction: what a market can move
/// between the two readings, a few hundred milliseconds.
const APART: f64 = 0.005;

/// How long nothing must have come about a contract for its topic to be silent, ms. Rows that a
/// fetched table and a stream show differently within this time may both be right.
const SILENT_MS: u64 = 5_000;

/// What an audit found.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(in crate::collect) struct AuditOutcome {
    /// The share of the compared rows that differ; `None` when none could be compared.
    pub(in crate::collect) divergence: Option<f64>,
    /// Topics that are silent on a healthy connection.
    pub(in crate::collect) silent: usize,
    /// Whether the stream is used from now on.
    pub(in crate::collect) is_trusted: bool,
}

/// Compares the streamed rows with a fetched table that is as new.
pub(in crate::collect) fn audit(streamed: &StreamedTickers, fetched: &Tickers<'_>) -> AuditOutcome {
    let mut state = streamed.lock();
    let rows = state
        .rows
        .table()
        .map(|table| table.rows)
        .unwrap_or_default();
    let fetched_rows: HashMap<&str, _> =
        fetched.rows.iter().map(|row| (&*row.symbol, row)).collect();
    let (mut compared, mut diverging, mut silent) = (0, 0, Vec::new());
    for row in &rows {
        let Some(fetched_row) = fetched_rows.get(&*row.symbol) else {
            continue;
        };
        let quiet_ms = state
            .rows
            .sent_at(&row.symbol)
            .map_or(0, |sent_at| fetched.server_time.millis_since(sent_at));
        let is_same = row.last == fetched_row.last && row.turnover_24h == fetched_row.turnover_24h;
        if !is_same && quiet_ms >= SILENT_MS {
            // How far apart they are says how long nothing came, and not that either is wrong.
            silent.push(Topic::Ticker(row.symbol.clone().into_owned()));
            continue;
        }
        compared += 1;
        let apart = (row.last.get() / fetched_row.last.get() - 1.0).abs();
        diverging += usize::from(apart > APART);
    }
    // One silent topic says nothing about the others; many say that the stream stands still.
    state.trust = state
        .trust
        .audited(diverging + silent.len(), compared + silent.len());
    let outcome = AuditOutcome {
        divergence: (compared > 0).then(|| diverging as f64 / compared as f64),
        silent: silent.len(),
        is_trusted: state.trust.is_trusted(),
    };
    state.silent = silent;
    outcome
}
