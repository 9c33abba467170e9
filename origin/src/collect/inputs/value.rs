//! What a fetch brings.

use shared::market::Dated;
use shared::market::book::Book;
use shared::market::candles::Candles;
use shared::market::positioning::{AccountRatio, Funding, OpenInterest};
use shared::market::trades::Trades;
use std::sync::Arc;

/// A value of some kind.
#[derive(Clone, Debug)]
pub(super) enum Value {
    Book(Arc<Book>),
    Trades(Arc<Trades>),
    Candles(Arc<Candles>),
    OpenInterest(Arc<Vec<OpenInterest>>),
    AccountRatio(Arc<Vec<AccountRatio>>),
    Funding(Arc<Vec<Funding>>),
}

/// What a job brought.
#[derive(Clone, Debug)]
pub(super) struct Delivery {
    /// Nothing when the answer had no row that can be used: what is held then stays, and ages.
    pub(super) dated: Option<Dated<Value>>,
    /// Whether there is no more of it to be fetched now.
    pub(super) is_complete: bool,
    /// Labels of the rows that were refused.
    pub(super) refused: Vec<&'static str>,
}
