//! Faults inside a body that is otherwise well made.

use serde_json::{Map, Value, json};

use super::fields;
use super::order::{Fault, FieldChange, ScaledFields};
use super::payload::payload;
use crate::reply::Reply;

/// The prices of a row that are multiplied together with the last one.
const PRICES: [&str; 24] = [
    "lastPrice",
    "indexPrice",
    "markPrice",
    "prevPrice24h",
    "prevPrice1h",
    "highPrice24h",
    "lowPrice24h",
    "bid1Price",
    "ask1Price",
    "price",
    // OKX.
    "last",
    "open24h",
    "high24h",
    "low24h",
    "bidPx",
    "askPx",
    "sodUtc0",
    "sodUtc8",
    // Binance.
    "openPrice",
    "highPrice",
    "lowPrice",
    "bidPrice",
    "askPrice",
    "weightedAvgPrice",
];
/// What of a row is counted in money.
const SUMS: [&str; 4] = [
    "turnover24h",
    "openInterestValue",
    "singleOpenInterestValue",
    "quoteVolume",
];
const LAST_PRICE: [&str; 3] = ["lastPrice", "price", "last"];

/// What a row calls its contract.
const NAMES: [&str; 2] = ["symbol", "instId"];

/// Where Bybit keeps its rows: a list, or the two sides of a book.
const LISTS: [&str; 3] = ["list", "b", "a"];

/// Start, open, high, low, close, volume, turnover.
const CANDLE_CELLS: usize = 7;

/// The reply with `fault` worked into its JSON.
pub(super) fn rewrite(fault: &Fault, reply: Reply) -> Reply {
    let Ok(mut body) = serde_json::from_slice::<Value>(&reply.body) else {
        return reply;
    };
    spoil(fault, &mut body);
    Reply {
        body: body.to_string().into(),
        ..reply
    }
}

/// One row with `fault` worked into it.
pub(super) fn row(fault: &Fault, row: &str) -> String {
    let Ok(fields) = serde_json::from_str::<Value>(row) else {
        return row.to_owned();
    };
    let mut body = json!({ "data": [fields] });
    spoil(fault, &mut body);
    let spoilt = body.pointer("/data/0");
    spoilt.map_or_else(|| row.to_owned(), Value::to_string)
}

/// The reply with the time of the answer, but not that of any row, set to `now_ms`.
pub(super) fn answered_at(reply: Reply, now_ms: i64) -> Reply {
    let Ok(mut body) = serde_json::from_slice::<Value>(&reply.body) else {
        return reply;
    };
    if let Some(time) = body.get_mut("time") {
        *time = json!(now_ms);
    }
    Reply {
        body: body.to_string().into(),
        ..reply
    }
}

fn spoil(fault: &Fault, body: &mut Value) {
    match fault {
        Fault::NullResult => replace_payload(body, &Value::Null),
        Fault::EmptyResult => replace_payload(body, &json!({})),
        Fault::EmptyList => with_rows(body, Vec::clear),
        Fault::FewRows { rows } => with_rows(body, |list| list.truncate(*rows)),
        Fault::DuplicateSymbols => with_rows(body, |list| {
            *list = list
                .iter()
                .flat_map(|row| [row.clone(), row.clone()])
                .collect();
        }),
        Fault::PlaceholderSymbol => with_rows(body, add_placeholders),
        Fault::ExtraFields => add_fields(body),
        Fault::ZeroPrices => each_price(body, |_| json!("0")),
        Fault::NanPrices => each_price(body, |_| json!("NaN")),
        Fault::NullPrices => each_price(body, |_| Value::Null),
        Fault::NegativePrices => each_price(body, |price| scaled(price, -1.0)),
        Fault::NumberPrices => payload(body).into_iter().for_each(numbers_for_strings),
        Fault::ZeroPricesOf { symbols } => each_row(body, |row| {
            if name_of(row).is_some_and(|name| symbols.iter().any(|one| one == name)) {
                for last in LAST_PRICE {
                    if let Some(price) = row.get_mut(last) {
                        *price = json!("0");
                    }
                }
            }
        }),
        Fault::ScalePrice {
            symbol,
            factor,
            fields,
        } => each_row(body, |row| {
            if name_of(row) == Some(symbol) {
                scale(row, *factor, *fields);
            }
        }),
        Fault::ScaleAll { factor, fields } => {
            each_row(body, |row| scale(row, *factor, *fields));
            each_bare_price(body, *fields, |price| scaled(price, *factor));
            each_total(body, |total| scaled(total, *factor));
        }
        Fault::Rewrite { fields, of } => {
            for (field, to) in fields {
                fields::change(body, field, of, |value| match to {
                    FieldChange::Scale(factor) => scaled(value, *factor),
                    FieldChange::Set(to) => to.clone(),
                });
            }
        }
        _ => {}
    }
}

fn name_of(row: &Map<String, Value>) -> Option<&str> {
    NAMES.iter().find_map(|name| row.get(*name)?.as_str())
}

fn replace_payload(body: &mut Value, with: &Value) {
    if let Some(payload) = payload(body) {
        *payload = with.clone();
    }
}

/// Bybit's rows are `result.list`, in a book `result.b` and `result.a`, those of OKX and
/// alternative.me `data` itself, those of Binance the whole body.
fn with_rows(body: &mut Value, mut change: impl FnMut(&mut Vec<Value>)) {
    match payload(body) {
        Some(Value::Array(rows)) => change(rows),
        Some(Value::Object(fields)) => {
            for name in LISTS {
                if let Some(rows) = fields.get_mut(name).and_then(Value::as_array_mut) {
                    change(rows);
                }
            }
        }
        _ => {}
    }
}

fn each_row(body: &mut Value, mut change: impl FnMut(&mut Map<String, Value>)) {
    with_rows(body, |rows| {
        rows.iter_mut()
            .filter_map(Value::as_object_mut)
            .for_each(&mut change);
    });
}

/// The prices of the rows that have no names: a candle's, or of these only the last, and a level's.
fn each_bare_price(body: &mut Value, fields: ScaledFields, change: impl Fn(&Value) -> Value) {
    with_rows(body, |rows| {
        for cells in rows.iter_mut().filter_map(Value::as_array_mut) {
            let places = match (cells.len(), fields) {
                (CANDLE_CELLS, ScaledFields::Last) => 4..=4,
                (CANDLE_CELLS, ScaledFields::All) => 1..=4,
                _ => 0..=0,
            };
            for place in places {
                if let Some(price) = cells.get_mut(place) {
                    *price = change(price);
                }
            }
        }
    });
}

/// What comes nearest to a price in each service: the last price, the index value, the market's
/// totals.
fn each_price(body: &mut Value, change: impl Fn(&Value) -> Value) {
    each_row(body, |row| {
        for name in LAST_PRICE.into_iter().chain(["value"]) {
            if let Some(price) = row.get_mut(name) {
                *price = change(price);
            }
        }
    });
    each_bare_price(body, ScaledFields::Last, &change);
    each_total(body, change);
}

/// CoinGecko's totals by currency, and the totals of its second endpoint.
fn each_total(body: &mut Value, change: impl Fn(&Value) -> Value) {
    let Some(fields) = payload(body).and_then(Value::as_object_mut) else {
        return;
    };
    for name in ["total_market_cap", "total_volume"] {
        for (_, total) in fields
            .get_mut(name)
            .and_then(Value::as_object_mut)
            .into_iter()
            .flatten()
        {
            *total = change(total);
        }
    }
    for name in ["defi_market_cap", "eth_market_cap", "trading_volume_24h"] {
        if let Some(total) = fields.get_mut(name) {
            *total = change(total);
        }
    }
}

fn scale(row: &mut Map<String, Value>, factor: f64, fields: ScaledFields) {
    let names = match fields {
        ScaledFields::Last => LAST_PRICE.as_slice(),
        ScaledFields::All => PRICES.as_slice(),
    };
    // At the same volume, what is counted in money is another in the same proportion.
    let sums = if fields == ScaledFields::All {
        SUMS.as_slice()
    } else {
        &[]
    };
    for name in names.iter().chain(sums) {
        if let Some(price) = row.get_mut(*name) {
            *price = scaled(price, factor);
        }
    }
}

/// A number or a number in a string, multiplied; anything else remains.
fn scaled(value: &Value, factor: f64) -> Value {
    match value {
        Value::Number(number) => number
            .as_f64()
            .map_or_else(|| value.clone(), |number| json!(number * factor)),
        Value::String(text) => match text.parse::<f64>() {
            // As many decimals as before: a price must not suddenly have twenty.
            Ok(number) => {
                let decimals = text
                    .split_once('.')
                    .map_or(0, |(_, decimals)| decimals.len());
                json!(format!("{:.decimals$}", number * factor))
            }
            Err(_) => value.clone(),
        },
        _ => value.clone(),
    }
}

fn numbers_for_strings(value: &mut Value) {
    match value {
        Value::Array(items) => items.iter_mut().for_each(numbers_for_strings),
        Value::Object(fields) => fields
            .iter_mut()
            .for_each(|(_, field)| numbers_for_strings(field)),
        Value::String(text) => {
            // `NaN` and `inf` parse too, but start with a letter.
            let starts_like_a_number =
                text.starts_with(|first: char| first.is_ascii_digit() || first == '-');
            if let Ok(number) = serde_json::from_str::<serde_json::Number>(text)
                && starts_like_a_number
            {
                *value = Value::Number(number);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

fn add_placeholders(rows: &mut Vec<Value>) {
    let named = |row: &&Value| row.as_object().is_some_and(|row| name_of(row).is_some());
    let Some(model) = rows.iter().find(named).cloned() else {
        return;
    };
    for (symbol, instrument) in [
        ("SYSTEM_STATUS", "SYSTEM_STATUS-USDT-SWAP"),
        (
            "<script>alert(1)</script>USDT",
            "<script>alert(1)</script>-USDT-SWAP",
        ),
    ] {
        let mut row = model.clone();
        for (name, value) in NAMES.into_iter().zip([symbol, instrument]) {
            if let Some(name) = row.get_mut(name) {
                *name = json!(value);
            }
        }
        rows.push(row);
    }
}

fn add_fields(body: &mut Value) {
    let extra = json!({"nested": [1, "two", null], "since": "a later version"});
    each_row(body, |row| {
        row.insert("notYetDocumented".to_owned(), extra.clone());
        row.insert("notYetDocumentedFlag".to_owned(), json!(true));
    });
    let at_payload = payload(body).and_then(Value::as_object_mut);
    if let Some(fields) = at_payload {
        fields.insert("notYetDocumented".to_owned(), extra.clone());
    }
    if let Some(fields) = body.as_object_mut() {
        fields.insert("notYetDocumented".to_owned(), extra);
    }
}
