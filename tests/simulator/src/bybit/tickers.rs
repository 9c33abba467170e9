//! `GET /v5/market/tickers`. <https://bybit-exchange.github.io/docs/v5/market/tickers>

use super::bucket::bucket;
use super::envelope::{check_category, envelope, refusal};
use super::writer::{Fields, Row};
use crate::clock::DAY_MS;
use crate::market::{Contract, Instrument, Phase, Quote};
use crate::query::Query;
use crate::reply::Reply;
use crate::source::{Generated, Moment, Source};

/// A row of today has 774 bytes.
const ROW_BYTES: usize = 800;

pub(super) fn answer(source: &Source, query: &Query, moment: Moment) -> Reply {
    let stamp_ms = moment.stamp_ms;
    if let Err(message) = check_category(query) {
        return refusal(message, stamp_ms);
    }
    let symbol = query.get("symbol");
    let body = match (source, symbol) {
        (Source::Replayed(recordings), None) => Some(recordings.tickers.at(stamp_ms)),
        (Source::Replayed(recordings), Some(symbol)) => {
            recordings.tickers.row(symbol).map(|row| one(row, stamp_ms))
        }
        (Source::Generated(generated), None) => {
            let bucket_ms = bucket(moment.data_ms);
            let result = generated
                .tickers
                .get(bucket_ms, || all_rows(generated, bucket_ms).into());
            Some(envelope(&result, stamp_ms))
        }
        (Source::Generated(generated), Some(symbol)) => {
            let bucket_ms = bucket(moment.data_ms);
            one_row(generated, symbol, bucket_ms).map(|row| one(&row, stamp_ms))
        }
    };
    body.map_or_else(|| refusal("Not supported symbols", stamp_ms), Reply::json)
}

fn one(row: &str, stamp_ms: i64) -> String {
    envelope(
        &format!(r#"{{"category":"linear","list":[{row}]}}"#),
        stamp_ms,
    )
}

fn all_rows(generated: &Generated, now_ms: i64) -> String {
    let quotes = generated.quotes(now_ms);
    let mut out = String::with_capacity(quotes.quotes.len() * ROW_BYTES);
    out.push_str(r#"{"category":"linear","list":["#);
    let rows = quotes.listing.instruments.iter().zip(&quotes.quotes);
    for (index, (instrument, quote)) in rows.enumerate() {
        if index > 0 {
            out.push(',');
        }
        write_row(&mut out, instrument, quote, now_ms);
    }
    out.push_str("]}");
    out
}

fn one_row(generated: &Generated, symbol: &str, now_ms: i64) -> Option<String> {
    let quotes = generated.quotes(now_ms);
    let (instrument, quote) = quotes.find(symbol)?;
    let mut out = String::with_capacity(ROW_BYTES);
    write_row(&mut out, instrument, quote, now_ms);
    Some(out)
}

fn write_row(out: &mut String, instrument: &Instrument, quote: &Quote, now_ms: i64) {
    let mut row = Row::begin(out);
    row.text("symbol", &instrument.symbol);
    write_fields(&mut row, instrument, quote, now_ms);
    row.end();
}

/// Everything that a row says beside the name of its contract.
pub(super) fn write_fields(
    row: &mut impl Fields,
    instrument: &Instrument,
    quote: &Quote,
    now_ms: i64,
) {
    match instrument.contract {
        Contract::PreListing(phase) if phase != Phase::ContinuousTrading => {
            write_before_trading(row, instrument, quote, phase);
        }
        _ => write_trading(row, instrument, quote, now_ms),
    }
}

fn write_trading(row: &mut impl Fields, instrument: &Instrument, quote: &Quote, now_ms: i64) {
    let prices = instrument.price_decimals;
    let quantities = instrument.quantity_decimals;
    row.fixed("lastPrice", quote.last, prices);
    row.fixed("indexPrice", quote.index, prices);
    row.fixed("markPrice", quote.mark, prices);
    row.fixed("prevPrice24h", quote.prev_24h, prices);
    // Integer division truncates toward zero, as the exchange does.
    row.trimmed(
        "price24hPcnt",
        (quote.last - quote.prev_24h) * 1_000_000 / quote.prev_24h,
        6,
    );
    row.fixed("highPrice24h", quote.high_24h, prices);
    row.fixed("lowPrice24h", quote.low_24h, prices);
    row.fixed("prevPrice1h", quote.prev_1h, prices);
    row.fixed("openInterest", quote.single_interest_steps * 2, quantities);
    row.fixed(
        "openInterestValue",
        interest_value_e2(instrument, quote, 2),
        2,
    );
    row.fixed("turnover24h", quote.turnover_e4, 4);
    row.fixed(
        "volume24h",
        quote.volume_steps * 10_i64.pow(4 - quantities),
        4,
    );
    write_funding_and_delivery(row, instrument, quote, now_ms);
    row.fixed("ask1Size", quote.ask_steps, quantities);
    row.fixed("bid1Price", quote.bid, prices);
    row.fixed("ask1Price", quote.ask, prices);
    row.fixed("bid1Size", quote.bid_steps, quantities);
    row.text("preOpenPrice", "");
    row.text("preQty", "");
    let phase = match instrument.contract {
        Contract::PreListing(phase) => phase.name(),
        _ => "",
    };
    row.text("curPreListingPhase", phase);
    row.fixed(
        "singleOpenInterest",
        quote.single_interest_steps,
        quantities,
    );
    row.fixed(
        "singleOpenInterestValue",
        interest_value_e2(instrument, quote, 1),
        2,
    );
}

fn write_funding_and_delivery(
    row: &mut impl Fields,
    instrument: &Instrument,
    quote: &Quote,
    now_ms: i64,
) {
    let Contract::Future { expiry_ms } = instrument.contract else {
        row.trimmed("fundingRate", quote.funding_e8, 8);
        row.fixed("nextFundingTime", quote.next_funding_ms, 0);
        row.fixed("fundingIntervalHour", instrument.funding_interval_hours, 0);
        row.trimmed("fundingCap", instrument.funding_cap_e8(), 8);
        row.text("deliveryTime", "0");
        for name in [
            "predictedDeliveryPrice",
            "basisRate",
            "basis",
            "basisRateYear",
            "deliveryFeeRate",
        ] {
            row.text(name, "");
        }
        return;
    };
    row.text("fundingRate", "");
    row.text("nextFundingTime", "0");
    row.text("fundingIntervalHour", "");
    row.text("fundingCap", "");
    row.fixed("deliveryTime", expiry_ms, 0);
    row.text("predictedDeliveryPrice", "0.00");
    let basis_rate = (quote.mark - quote.index) as f64 / quote.index as f64;
    let years = ((expiry_ms - now_ms).max(1) as f64) / (365.0 * DAY_MS as f64);
    row.fixed("basisRate", (basis_rate * 1e8) as i64, 8);
    row.fixed("basis", quote.last - quote.index, instrument.price_decimals);
    row.fixed("basisRateYear", (basis_rate / years * 1e8) as i64, 8);
    row.text("deliveryFeeRate", "0");
}

/// Before trading opens there are no prices; how each phase says so is not established, so each
/// says it differently.
fn write_before_trading(
    row: &mut impl Fields,
    instrument: &Instrument,
    quote: &Quote,
    phase: Phase,
) {
    let nothing = match phase {
        Phase::NotStarted | Phase::CallAuctionNoCancel => "",
        _ => "0",
    };
    if phase == Phase::CrossMatching {
        row.fixed("lastPrice", quote.last, instrument.price_decimals);
    } else {
        row.text("lastPrice", nothing);
    }
    for name in [
        "indexPrice",
        "markPrice",
        "prevPrice24h",
        "highPrice24h",
        "lowPrice24h",
        "prevPrice1h",
    ] {
        row.text(name, nothing);
    }
    row.text("price24hPcnt", nothing);
    for name in [
        "openInterest",
        "openInterestValue",
        "turnover24h",
        "volume24h",
    ] {
        row.text(name, "0");
    }
    row.text("fundingRate", "");
    row.text("nextFundingTime", "0");
    row.fixed("fundingIntervalHour", instrument.funding_interval_hours, 0);
    row.trimmed("fundingCap", instrument.funding_cap_e8(), 8);
    row.text("deliveryTime", "0");
    for name in [
        "predictedDeliveryPrice",
        "basisRate",
        "basis",
        "basisRateYear",
        "deliveryFeeRate",
    ] {
        row.text(name, "");
    }
    for name in ["ask1Size", "bid1Price", "ask1Price", "bid1Size"] {
        row.text(name, nothing);
    }
    let has_auction = phase != Phase::NotStarted;
    if has_auction {
        row.fixed("preOpenPrice", quote.last, instrument.price_decimals);
        row.fixed("preQty", quote.bid_steps, instrument.quantity_decimals);
    } else {
        row.text("preOpenPrice", "");
        row.text("preQty", "");
    }
    row.text("curPreListingPhase", phase.name());
    row.text("singleOpenInterest", "0");
    row.text("singleOpenInterestValue", "0");
}

/// Open interest times the mark price in hundredths, rounded, counted on `sides` sides.
fn interest_value_e2(instrument: &Instrument, quote: &Quote, sides: i64) -> i64 {
    let product =
        i128::from(quote.single_interest_steps) * i128::from(sides) * i128::from(quote.mark);
    let decimals = instrument.price_decimals + instrument.quantity_decimals;
    let hundredths = match decimals.checked_sub(2) {
        Some(surplus) => {
            let divisor = 10_i128.pow(surplus);
            (product + divisor / 2) / divisor
        }
        None => product * 10_i128.pow(2 - decimals),
    };
    i64::try_from(hundredths).unwrap_or(i64::MAX)
}
