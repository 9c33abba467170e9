//! The projection of the tops of the monitored contracts' books.

use super::head::Provenance;
use crate::freshness::Freshness;
use crate::snapshot::books::BookTop;
use crate::snapshot::{Snapshot, display_symbol};
use crate::units::{Amount, Price, UnixMs};
use serde::Serialize;

/// The best prices of the monitored contracts, in the order of turnover.
#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(rename = "Books"))]
pub(super) struct BooksBody<'s> {
    #[serde(flatten)]
    provenance: Provenance,
    /// The time of the oldest book.
    books_as_of_ms: Option<UnixMs>,
    /// How many contracts are monitored. Those without a row have no book that is young enough, or
    /// one with an empty side.
    monitored: Option<usize>,
    books: Vec<Row<'s>>,
    count: usize,
}

/// The best prices of one contract.
#[derive(Serialize)]
#[cfg_attr(feature = "typescript", derive(ts_rs::TS))]
#[cfg_attr(feature = "typescript", ts(rename = "BookTop"))]
struct Row<'s> {
    symbol: &'s str,
    display_symbol: &'s str,
    /// The matching engine's time of this book: each has its own.
    book_as_of_ms: UnixMs,
    /// The highest price at which somebody buys, USDT.
    bid: Price,
    /// What is wanted there, base coin.
    bid_size_base: Amount,
    /// The lowest price at which somebody sells, USDT.
    ask: Price,
    /// What is offered there, base coin.
    ask_size_base: Amount,
    /// Ask less bid, of the mean of both, in basis points: hundredths of a percent.
    spread_bps: f64,
}

pub(super) fn books(snapshot: &Snapshot, class: Freshness) -> BooksBody<'_> {
    let section = snapshot.books.value();
    let rows = section.map_or(&[][..], |section| &section.rows);
    BooksBody {
        provenance: Provenance::of(snapshot, class),
        books_as_of_ms: snapshot.books.as_of_ms(),
        monitored: section.map(|section| section.monitored),
        books: rows.iter().map(Row::of).collect(),
        count: rows.len(),
    }
}

impl<'s> Row<'s> {
    fn of(row: &'s BookTop) -> Self {
        Self {
            symbol: &row.symbol,
            display_symbol: display_symbol(&row.symbol),
            book_as_of_ms: row.as_of_ms,
            bid: row.bid,
            bid_size_base: row.bid_size_base,
            ask: row.ask,
            ask_size_base: row.ask_size_base,
            spread_bps: row.spread_bps,
        }
    }
}
