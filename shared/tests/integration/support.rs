//! A good market and what is made of it; each test changes the one thing that it is about.

pub(crate) mod json;

use shared::analysis::Settings;
use shared::assemble::{AssembleError, Identity, Inputs, LongView, Slow, assemble};
use shared::endpoints::Endpoint;
use shared::freshness::{Freshness, Limits};
use shared::market::{Dated, DefiMarket, FearGreed, GlobalMarket, Ticker, Tickers, Universe};
use shared::projection;
use shared::provenance::{Delivery, Source, Venue};
use shared::snapshot::{Producer, Snapshot};
use shared::units::{Amount, Percent, Price, Share, UnixMs, round_to};
use shared::validate::{Baseline, Rejections, ValidSnapshot};
use std::borrow::Cow;

/// The reader's clock.
pub(crate) const NOW: UnixMs = UnixMs::from_millis(1_788_870_000_000);

/// When the good market's tickers were true: 1.5 s ago, with a part of a second to be rounded.
pub(crate) const AS_OF: UnixMs = UnixMs::from_millis(1_788_869_998_500);

pub(crate) const BYBIT: Source = Source::live(Venue::Bybit);

pub(crate) const NO_BASELINE: Baseline = Baseline { expected: None };

/// The endpoints whose bodies clients read; the hand-over from origin to edge is not one.
pub(crate) fn client_endpoints() -> impl Iterator<Item = Endpoint> {
    Endpoint::ALL
        .into_iter()
        .filter(|endpoint| *endpoint != Endpoint::Snapshot)
}

/// The moment `millis` before [`NOW`].
pub(crate) fn ago(millis: u64) -> UnixMs {
    UnixMs::from_millis(NOW.as_millis() - millis)
}

pub(crate) fn amount(value: f64) -> Amount {
    Amount::new(value).unwrap()
}

pub(crate) fn price(value: f64) -> Price {
    Price::new(value).unwrap()
}

pub(crate) fn percent(value: f64) -> Percent {
    Percent::new(value).unwrap()
}

pub(crate) fn share(value: f64) -> Share {
    Share::new(value).unwrap()
}

/// A ticker whose last price stands where its change would put it in a range of ±20 %.
pub(crate) fn ticker(symbol: &str, last: f64, change_pct: f64, turnover: f64) -> Ticker<'static> {
    Ticker {
        symbol: Cow::Owned(symbol.to_owned()),
        last: price(last),
        bid: None,
        ask: None,
        change_24h_pct: Some(percent(change_pct)),
        change_1h_pct: Some(percent(change_pct / 10.0)),
        high_24h: Some(price(round_to(last * 1.2, 8))),
        low_24h: Some(price(round_to(last * 0.8, 8))),
        volume_base_24h: Some(amount(round_to(turnover / last, 4))),
        turnover_24h: Some(amount(turnover)),
        funding_rate: Some(0.0001),
        funding_interval_hours: Some(8.0),
        next_funding_ms: Some(NOW.plus_millis(3_600_000)),
        open_interest_usd: Some(amount(turnover / 2.0)),
        open_interest_base: Some(amount(round_to(turnover / 2.0 / last, 4))),
        mark: Some(price(last)),
        index: Some(price(last)),
    }
}

/// `count` contracts, turnover falling; changes of both signs, of which some are zero. Prices have
/// as few digits as a venue's.
pub(crate) fn rows(count: usize) -> Vec<Ticker<'static>> {
    let row = |index: usize| {
        let symbol = match index {
            0 => "BTCUSDT".to_owned(),
            1 => "ETHUSDT".to_owned(),
            _ => format!("COIN{index:03}USDT"),
        };
        let change_pct = ((index * 37 + 5) % 41) as f64 * 0.7 - 14.0;
        let last = round_to(64_321.5 / ((index + 1) as f64).powi(3), 6);
        ticker(
            &symbol,
            last,
            change_pct,
            round_to(9.87e9 / (index + 1) as f64, 4),
        )
    };
    (0..count).map(row).collect()
}

/// A universe of exactly these contracts.
pub(crate) fn universe_of(rows: &[Ticker<'_>]) -> Universe {
    let contracts = rows
        .iter()
        .map(|row| (row.symbol.to_string(), Some(8.0)))
        .collect();
    Universe::new(ago(3_600_000), BYBIT, contracts)
}

/// A publisher's value of `age_ms` ago.
pub(crate) fn known<T>(value: T, venue: Venue, age_ms: u64) -> Slow<T> {
    Slow::Known(Dated {
        value,
        as_of_ms: ago(age_ms),
        source: Source::live(venue),
    })
}

pub(crate) fn global_market() -> GlobalMarket {
    GlobalMarket {
        total_market_cap: amount(2_515_268_352_188.766),
        volume_24h: amount(198_293_501_804.328_8),
        market_cap_change_24h_pct: Some(percent(-1.25)),
        btc_dominance: Some(share(60.708_583)),
        eth_dominance: Some(share(7.4)),
        stablecoin_dominance: Some(share(8.1)),
        active_cryptocurrencies: Some(17_111),
    }
}

pub(crate) fn fear_greed() -> FearGreed {
    FearGreed {
        value: share(69.0),
        label: "Greed".to_owned(),
        next_update_ms: Some(NOW.plus_millis(3_600_000)),
    }
}

/// Everything that a snapshot is made of.
pub(crate) struct Scene<'a> {
    pub(crate) tickers: Tickers<'a>,
    pub(crate) tickers_source: Source,
    pub(crate) universe: Universe,
    pub(crate) global_market: Slow<GlobalMarket>,
    pub(crate) defi_market: Slow<DefiMarket>,
    pub(crate) fear_greed: Slow<FearGreed>,
    pub(crate) long_view: LongView,
    pub(crate) identity: Identity,
    pub(crate) settings: Settings,
}

impl<'a> Scene<'a> {
    /// Sixty contracts, of which forty are scored, and every slow source in order.
    pub(crate) fn good() -> Self {
        Self::of(rows(60))
    }

    pub(crate) fn of(rows: Vec<Ticker<'a>>) -> Self {
        let defi = DefiMarket {
            market_cap: amount(105_273_842_288.229_6),
            volume_24h: Some(amount(5_046_503_746.288)),
            dominance: Some(share(3.8676)),
        };
        Self {
            universe: universe_of(&rows),
            tickers: Tickers {
                server_time: AS_OF,
                rows,
                refused: Vec::new(),
                odd: Vec::new(),
            },
            tickers_source: BYBIT,
            global_market: known(global_market(), Venue::CoinGecko, 60_000),
            defi_market: known(defi, Venue::CoinGecko, 120_000),
            fear_greed: known(fear_greed(), Venue::AlternativeMe, 36_000_000),
            long_view: LongView::unknown("not_asked"),
            identity: Identity {
                sequence: 7,
                producer: Producer::Origin,
                fallback_reason: None,
                now: NOW,
            },
            settings: Settings::DEFAULT,
        }
    }

    /// The good market with the slow sources silent.
    pub(crate) fn from_tickers_alone() -> Self {
        Self {
            global_market: Slow::unknown("timeout"),
            defi_market: Slow::unknown("rate_limited"),
            fear_greed: Slow::unknown("not_asked"),
            ..Self::good()
        }
    }

    /// What an edge makes when the origin is away.
    pub(crate) fn fallback() -> Self {
        let identity = Identity {
            producer: Producer::BybitDirect,
            fallback_reason: Some("origin_timeout".to_owned()),
            ..Self::good().identity
        };
        Self {
            identity,
            ..Self::from_tickers_alone()
        }
    }

    pub(crate) fn try_assemble(&self) -> Result<Snapshot, AssembleError> {
        let inputs = Inputs {
            tickers: &self.tickers,
            tickers_source: self.tickers_source,
            tickers_delivery: Delivery::Request,
            as_of: self.tickers.server_time.min(NOW),
            universe: &self.universe,
            global_market: &self.global_market,
            defi_market: &self.defi_market,
            fear_greed: &self.fear_greed,
            long_view: &self.long_view,
        };
        assemble(&inputs, self.identity.clone(), &self.settings).map(|assembled| assembled.snapshot)
    }

    #[track_caller]
    pub(crate) fn snapshot(&self) -> Snapshot {
        self.try_assemble().expect("the market carries a snapshot")
    }

    #[track_caller]
    pub(crate) fn valid(&self) -> ValidSnapshot {
        admit(self.snapshot()).expect("the snapshot passes the door")
    }
}

pub(crate) fn admit(snapshot: Snapshot) -> Result<ValidSnapshot, Rejections> {
    ValidSnapshot::admit(snapshot, NOW, NO_BASELINE)
}

pub(crate) fn good_snapshot() -> Snapshot {
    Scene::good().snapshot()
}

pub(crate) fn bytes(valid: &ValidSnapshot, endpoint: Endpoint, class: Freshness) -> Vec<u8> {
    projection::body(valid, endpoint, class, &Limits::DEFAULT).unwrap()
}

/// One endpoint's body, fresh.
pub(crate) fn body(valid: &ValidSnapshot, endpoint: Endpoint) -> serde_json::Value {
    body_in(valid, endpoint, Freshness::Fresh)
}

pub(crate) fn body_in(
    valid: &ValidSnapshot,
    endpoint: Endpoint,
    class: Freshness,
) -> serde_json::Value {
    serde_json::from_slice(&bytes(valid, endpoint, class)).unwrap()
}

/// A snapshot's JSON as a tree that a test can change.
pub(crate) fn tree(valid: &ValidSnapshot) -> serde_json::Value {
    serde_json::from_slice(&valid.to_json().unwrap()).unwrap()
}

/// One row as Bybit sends it.
pub(crate) fn bybit_row(symbol: &str) -> serde_json::Value {
    serde_json::json!({
        "symbol": symbol, "lastPrice": "1800.5", "indexPrice": "1799.1", "markPrice": "1800.9", "prevPrice24h": "2000.5",
        "prevPrice1h": "1810", "price24hPcnt": "-0.099975", "highPrice24h": "2100", "lowPrice24h": "1790.5",
        "openInterest": "0.5", "openInterestValue": "500", "singleOpenInterestValue": "250", "turnover24h": "90000000.1234",
        "volume24h": "48000.12", "fundingRate": "0.0001", "nextFundingTime": "1788872400000", "fundingIntervalHour": "4",
        "bid1Price": "", "deliveryTime": "0", "curPreListingPhase": ""
    })
}

/// A ticker table as Bybit sends it.
pub(crate) fn bybit_tickers(rows: &[serde_json::Value]) -> Vec<u8> {
    serde_json::json!({
        "retCode": 0, "retMsg": "OK", "result": {"category": "linear", "list": rows}, "retExtInfo": {},
        "time": AS_OF.as_millis()
    })
    .to_string()
    .into_bytes()
}
