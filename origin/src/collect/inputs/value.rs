//! What a fetch brings: a value of one kind, dated, or nothing usable.

use analysis::book_flow::BookFlow;
use shared::market::Dated;
use shared::market::book::Book;
use shared::market::candles::Candles;
use shared::market::positioning::{AccountRatio, Funding, OpenInterest};
use shared::market::trades::Trades;
use std::sync::Arc;

/// A value of one kind. Shared by `Arc`, because rounds copy the shelf.
#[derive(Clone, Debug)]
pub(in crate::collect) enum Value {
    Book(Arc<Book>),
    BookFlow(Arc<BookFlow>),
    Trades(Arc<Trades>),
    Candles(Arc<Candles>),
    OpenInterest(Arc<Vec<OpenInterest>>),
    AccountRatio(Arc<Vec<AccountRatio>>),
    Funding(Arc<Vec<Funding>>),
}

/// What a job brought.
#[derive(Clone, Debug)]
pub(in crate::collect) struct Delivery {
    /// `None` when the answer had no usable row: what is held stays and ages.
    pub(in crate::collect) dated: Option<Dated<Value>>,
    /// Whether no further page is to be fetched now.
    pub(in crate::collect) is_complete: bool,
    /// Labels of refused rows, for the metrics.
    pub(in crate::collect) refused: Vec<&'static str>,
}
