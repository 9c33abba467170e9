//! `GET /v5/market/instruments-info`. <https://bybit-exchange.github.io/docs/v5/market/instrument>

use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use super::cursor::Page;
use super::envelope::{check_category, envelope, refusal};
use super::writer::{push_fixed, push_trimmed};
use crate::clock::DAY_MS;
use crate::instrument_row::InstrumentRow;
use crate::market::{Class, Contract, Instrument, Listing, Phase};
use crate::query::Query;
use crate::reply::Reply;
use crate::source::{Moment, Source};

const DEFAULT_STATUS: &str = "Trading";
const STATUSES: [&str; 4] = [DEFAULT_STATUS, "PreLaunch", "Delivering", "Closed"];

pub(super) fn answer(source: &Source, query: &Query, moment: Moment) -> Reply {
    let stamp_ms = moment.stamp_ms;
    match page(source, query, moment) {
        Ok(body) => Reply::json(body),
        Err(message) => refusal(message, stamp_ms),
    }
}

/// The body of one page, or the message of the exchange.
fn page(source: &Source, query: &Query, moment: Moment) -> Result<String, &'static str> {
    check_category(query)?;
    let page = Page::read(query)?;
    let wanted = Wanted::read(query)?;
    match source {
        Source::Replayed(recordings)
            if wanted.is_everything() && page.is_whole(recordings.instruments.len()) =>
        {
            Ok(recordings.instruments.at(moment.stamp_ms))
        }
        Source::Replayed(recordings) => select(
            &page,
            &wanted,
            recordings.instruments.rows(),
            moment.stamp_ms,
        ),
        Source::Generated(generated) => {
            let listing = generated.market.listing(moment.data_ms);
            let rows = generated
                .instruments
                .get(listing.valid_until_ms, || render_all(&listing));
            select(&page, &wanted, &rows, moment.stamp_ms)
        }
    }
}

/// The page of `rows`, which are sorted by symbol, that was asked for.
fn select(
    page: &Page,
    wanted: &Wanted<'_>,
    rows: &[InstrumentRow],
    stamp_ms: i64,
) -> Result<String, &'static str> {
    let rows: Vec<_> = rows.iter().filter(|row| wanted.holds(row)).collect();
    if rows.is_empty() && wanted.symbol.is_some() {
        return Err("params error: symbol invalid");
    }
    let (rows, cursor) = page.cut(rows, |row| row.symbol.as_str());
    let rows: Vec<_> = rows.into_iter().map(|row| row.text.as_str()).collect();
    let result = format!(
        r#"{{"category":"linear","list":[{}],"nextPageCursor":"{cursor}"}}"#,
        rows.join(",")
    );
    Ok(envelope(&result, stamp_ms))
}

/// Which rows were asked for.
#[derive(Debug)]
struct Wanted<'a> {
    symbol: Option<&'a str>,
    status: &'a str,
    symbol_type: Option<&'a str>,
    base_coin: Option<&'a str>,
}

impl<'a> Wanted<'a> {
    fn read(query: &'a Query) -> Result<Self, &'static str> {
        // Contracts whose trading has not opened must be asked for.
        let status = query.get("status").unwrap_or(DEFAULT_STATUS);
        if !STATUSES.contains(&status) {
            return Err("params error: status invalid");
        }
        Ok(Self {
            symbol: query.get("symbol"),
            status,
            symbol_type: query.get("symbolType"),
            base_coin: query.get("baseCoin"),
        })
    }

    fn is_everything(&self) -> bool {
        self.symbol.is_none()
            && self.status == DEFAULT_STATUS
            && self.symbol_type.is_none()
            && self.base_coin.is_none()
    }

    fn holds(&self, row: &InstrumentRow) -> bool {
        self.status == row.status
            && self.symbol.is_none_or(|symbol| symbol == row.symbol)
            && self
                .symbol_type
                .is_none_or(|symbol_type| symbol_type == row.symbol_type)
            && self
                .base_coin
                .is_none_or(|base_coin| base_coin == row.base_coin)
    }
}

fn render_all(listing: &Listing) -> Arc<[InstrumentRow]> {
    listing
        .instruments
        .iter()
        .map(|one| render(listing, one))
        .collect()
}

fn render(listing: &Listing, instrument: &Instrument) -> InstrumentRow {
    let wire = Wire::of(listing, instrument);
    InstrumentRow {
        symbol: instrument.symbol.clone(),
        status: wire.status.to_owned(),
        symbol_type: wire.symbol_type.to_owned(),
        base_coin: instrument.base_coin.clone(),
        // These types have no value that JSON cannot express.
        text: serde_json::to_string(&wire).unwrap_or_default(),
    }
}

/// A row as it stands on the wire, fields in Bybit's order: strings, whole numbers and booleans are
/// mixed.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Wire<'a> {
    symbol: &'a str,
    contract_type: &'static str,
    status: &'static str,
    base_coin: &'a str,
    quote_coin: &'static str,
    launch_time: String,
    delivery_time: String,
    delivery_fee_rate: &'static str,
    price_scale: String,
    leverage_filter: Value,
    price_filter: Value,
    lot_size_filter: Value,
    unified_margin_trade: bool,
    /// Minutes.
    funding_interval: i64,
    settle_coin: &'static str,
    copy_trading: &'static str,
    upper_funding_rate: String,
    lower_funding_rate: String,
    is_pre_listing: bool,
    pre_listing_info: Option<Value>,
    risk_parameters: Value,
    display_name: String,
    symbol_type: &'static str,
    forbid_upl_withdrawal: bool,
    symbol_id: u32,
}

impl<'a> Wire<'a> {
    fn of(listing: &Listing, instrument: &'a Instrument) -> Self {
        let expiry_ms = match instrument.contract {
            Contract::Future { expiry_ms } => Some(expiry_ms),
            _ => None,
        };
        let phase = match instrument.contract {
            Contract::PreListing(phase) => Some(phase),
            _ => None,
        };
        let coin = match instrument.contract {
            Contract::UsdcPerpetual => "USDC",
            _ => "USDT",
        };
        let display_name = match instrument.contract {
            Contract::UsdcPerpetual => format!("{}USDC", instrument.base_coin),
            _ => String::new(),
        };
        let cap_e8 = if expiry_ms.is_some() {
            0
        } else {
            instrument.funding_cap_e8()
        };
        Self {
            symbol: &instrument.symbol,
            contract_type: if expiry_ms.is_some() {
                "LinearFutures"
            } else {
                "LinearPerpetual"
            },
            status: if phase.is_some() {
                "PreLaunch"
            } else {
                DEFAULT_STATUS
            },
            base_coin: &instrument.base_coin,
            quote_coin: coin,
            launch_time: instrument.launch_ms.to_string(),
            delivery_time: expiry_ms.unwrap_or(0).to_string(),
            delivery_fee_rate: if expiry_ms.is_some() { "0" } else { "" },
            price_scale: instrument.price_decimals.to_string(),
            leverage_filter: json!({"minLeverage": "1", "maxLeverage": "50.00", "leverageStep": "0.01"}),
            price_filter: price_filter(instrument),
            lot_size_filter: lot_size_filter(instrument),
            unified_margin_trade: true,
            funding_interval: instrument.funding_interval_hours * 60,
            settle_coin: coin,
            copy_trading: if instrument.class == Class::Coin {
                "both"
            } else {
                "none"
            },
            upper_funding_rate: trimmed(cap_e8, 8),
            lower_funding_rate: trimmed(-cap_e8, 8),
            is_pre_listing: phase.is_some(),
            pre_listing_info: phase.map(|phase| pre_listing_info(listing, phase)),
            risk_parameters: json!({"priceLimitRatioX": "0.05", "priceLimitRatioY": "0.1"}),
            display_name,
            symbol_type: instrument.class.symbol_type(),
            forbid_upl_withdrawal: false,
            symbol_id: instrument.symbol_id,
        }
    }
}

fn price_filter(instrument: &Instrument) -> Value {
    let decimals = instrument.price_decimals;
    json!({
        "minPrice": fixed(1, decimals),
        "maxPrice": fixed(19_999_998, decimals),
        "tickSize": fixed(1, decimals),
    })
}

fn lot_size_filter(instrument: &Instrument) -> Value {
    let decimals = instrument.quantity_decimals;
    let usual_order = (1e6 / instrument.base_price * 10_f64.powi(decimals.cast_signed())) as i64;
    json!({
        "maxOrderQty": fixed(usual_order.max(10), decimals),
        "minOrderQty": fixed(1, decimals),
        "qtyStep": fixed(1, decimals),
        "postOnlyMaxOrderQty": fixed(usual_order.max(10), decimals),
        "maxMktOrderQty": fixed(usual_order.max(10) / 5, decimals),
        "minNotionalValue": "5",
    })
}

/// One phase a day from the beginning of the week. The dates are scenery: each contract stays in
/// its phase.
fn pre_listing_info(listing: &Listing, current: Phase) -> Value {
    let mut start_ms = listing.valid_from_ms;
    let phases: Vec<_> = Phase::ALL
        .into_iter()
        .map(|phase| {
            let end_ms = start_ms + DAY_MS;
            let value =
                json!({"phase": phase.name(), "startTime": start_ms.to_string(), "endTime": end_ms.to_string()});
            start_ms = end_ms;
            value
        })
        .collect();
    json!({
        "curAuctionPhase": current.name(),
        "phases": phases,
        "auctionFeeInfo": {"auctionFeeRate": "0", "takerFeeRate": "0.001", "makerFeeRate": "0.0004"},
        "skipCallAuction": false,
    })
}

fn fixed(units: i64, decimals: u32) -> String {
    let mut out = String::new();
    push_fixed(&mut out, units, decimals);
    out
}

fn trimmed(units: i64, decimals: u32) -> String {
    let mut out = String::new();
    push_trimmed(&mut out, units, decimals);
    out
}
