//! A contract as the exchange lists it, generated or recorded.

/// A finished row with the fields that a client can select by.
#[derive(Debug)]
pub(crate) struct InstrumentRow {
    pub(crate) symbol: String,
    pub(crate) status: String,
    pub(crate) symbol_type: String,
    pub(crate) base_coin: String,
    /// The row as JSON.
    pub(crate) text: String,
}
