//! Single fields of a body that is otherwise as it was.

use serde_json::{Map, Value};

use super::order::FieldsOf;
use super::payload::payload;

/// The names of a candle's cells.
const CANDLE: [&str; 7] = [
    "start", "open", "high", "low", "close", "volume", "turnover",
];

/// The names of a level's cells on either side.
const BID: [&str; 2] = ["bid_price", "bid_size"];
const ASK: [&str; 2] = ["ask_price", "ask_size"];

/// Where rows are kept, and how their cells are called where the rows are arrays.
const LISTS: [(&str, &[&str]); 3] = [("list", &CANDLE), ("b", &BID), ("a", &ASK)];

/// Changes every field of this name, in the rows that are meant.
pub(super) fn change(
    body: &mut Value,
    field: &str,
    of: &FieldsOf,
    change: impl Fn(&Value) -> Value,
) {
    let Some(payload) = payload(body) else { return };
    let limit = of.rows.unwrap_or(usize::MAX);
    let in_row = |row: &mut Value, cells: &[&str]| {
        let named = row.get("symbol").and_then(Value::as_str);
        if of.symbol.is_some() && named != of.symbol.as_deref() {
            return false;
        }
        if let Some(place) = place(row, field, cells) {
            *place = change(place);
        }
        true
    };
    match payload {
        Value::Array(rows) => take(rows, limit, |row| in_row(row, &[])),
        Value::Object(fields)
            if LISTS
                .iter()
                .any(|(list, _)| fields.get(*list).is_some_and(Value::is_array)) =>
        {
            for (list, cells) in LISTS {
                if let Some(rows) = fields.get_mut(list).and_then(Value::as_array_mut) {
                    take(rows, limit, |row| in_row(row, cells));
                }
            }
        }
        row => {
            in_row(row, &[]);
        }
    }
}

/// Gives the rows to `change` until so many were meant.
fn take(rows: &mut [Value], limit: usize, mut change: impl FnMut(&mut Value) -> bool) {
    let mut changed = 0;
    for row in rows {
        if changed >= limit {
            return;
        }
        changed += usize::from(change(row));
    }
}

/// Where a row has the field.
fn place<'r>(row: &'r mut Value, field: &str, cells: &[&str]) -> Option<&'r mut Value> {
    match row {
        Value::Array(values) => values.get_mut(cells.iter().position(|cell| *cell == field)?),
        Value::Object(fields) => within(fields, field),
        _ => None,
    }
}

fn within<'r>(fields: &'r mut Map<String, Value>, field: &str) -> Option<&'r mut Value> {
    match field.split_once('.') {
        None => fields.get_mut(field),
        Some((outer, inner)) => within(fields.get_mut(outer)?.as_object_mut()?, inner),
    }
}
