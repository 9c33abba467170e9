//! Pages of a sorted list, as Bybit cuts them.

use crate::query::Query;

const DEFAULT_LIMIT: usize = 500;
const MAX_LIMIT: usize = 1_000;

/// Which page was asked for.
#[derive(Debug)]
pub(super) struct Page {
    limit: usize,
    /// The last symbol of the page before.
    after: Option<String>,
}

impl Page {
    /// Reads `limit` and `cursor`. The error is the exchange's message.
    pub(super) fn read(query: &Query) -> Result<Self, &'static str> {
        let limit = match query.get("limit").map(str::parse) {
            None => DEFAULT_LIMIT,
            Some(Ok(limit)) if (1..=MAX_LIMIT).contains(&limit) => limit,
            Some(_) => return Err("params error: limit invalid"),
        };
        let after = match query.get("cursor") {
            None => None,
            Some(cursor) => Some(
                last_of(cursor)
                    .ok_or("params error: cursor invalid")?
                    .to_owned(),
            ),
        };
        Ok(Self { limit, after })
    }

    /// Whether this is the first page and holds a list of `length` as a whole.
    pub(super) fn is_whole(&self, length: usize) -> bool {
        self.after.is_none() && length <= self.limit
    }

    /// Takes this page out of `rows`, which are sorted by symbol, and tells the cursor of the next
    /// one: already percent-encoded, to be appended to a URL as it is, and empty after the last
    /// page.
    pub(super) fn cut<T>(
        &self,
        mut rows: Vec<T>,
        symbol_of: impl Fn(&T) -> &str,
    ) -> (Vec<T>, String) {
        if let Some(after) = &self.after {
            rows.retain(|row| symbol_of(row) > after.as_str());
        }
        let has_more = rows.len() > self.limit;
        rows.truncate(self.limit);
        let cursor = match (rows.first(), rows.last()) {
            (Some(first), Some(last)) if has_more => {
                format!("first%3D{}%26last%3D{}", symbol_of(first), symbol_of(last))
            }
            _ => String::new(),
        };
        (rows, cursor)
    }
}

/// The last symbol in a decoded cursor. One that was encoded twice has no `=` and is refused, as it
/// deserves.
fn last_of(cursor: &str) -> Option<&str> {
    let (first, last) = cursor.split_once('&')?;
    first.strip_prefix("first=")?;
    last.strip_prefix("last=")
        .filter(|symbol| !symbol.is_empty())
}
