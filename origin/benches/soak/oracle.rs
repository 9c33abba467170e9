//! The truth: the same simulated market without a fault, asked at whatever moment data says that it
//! is of.

use axum::Router;
use axum::body::{Body, to_bytes};
use serde_json::Value;
use shared::snapshot::Snapshot;
use shared::units::{Amount, Percent, Price, Share, UnixMs};
use std::collections::HashMap;
use tower::ServiceExt;

/// How far a figure may be from the true one: the time of a table is that at which the market last
/// moved, and not to the millisecond that of each row.
const TOLERANCE: f64 = 0.01;

/// The same for changes and rates, percentage points.
const TOLERANCE_PCT: f64 = 0.5;

/// The part of a sum that may be missing before the sum is: a fifth, and what moved meanwhile.
const LEAST_OF_SUM: f64 = 0.78;

/// Asks the market as it truly is.
#[derive(Debug)]
pub(crate) struct Oracle {
    clock: simulator::Clock,
    exchange: Router,
}

/// One contract, as it truly is.
#[derive(Clone, Copy, Debug)]
struct Contract {
    last: f64,
    change_pct: f64,
    high: f64,
    low: f64,
    turnover: f64,
    interest: f64,
    funding_pct: f64,
}

impl Oracle {
    pub(crate) fn new(at: UnixMs) -> Self {
        let clock = simulator::Clock::stopped_at(at.as_millis().cast_signed());
        let config = simulator::Config {
            clock: clock.clone(),
            ..simulator::Config::default()
        };
        Self {
            clock,
            exchange: simulator::service(&config).unwrap(),
        }
    }

    async fn ask(&self, target: &str, at: UnixMs) -> Value {
        self.clock
            .advance(at.as_millis().cast_signed() - self.clock.now_ms());
        let request = axum::http::Request::get(target)
            .body(Body::empty())
            .unwrap();
        let answer = self
            .exchange
            .clone()
            .oneshot(request)
            .await
            .unwrap_or_else(|never| match never {});
        serde_json::from_slice(&to_bytes(answer.into_body(), usize::MAX).await.unwrap()).unwrap()
    }

    async fn contracts(&self, snapshot: &Snapshot) -> HashMap<String, Contract> {
        let answer = self
            .ask("/v5/market/tickers?category=linear", snapshot.as_of_ms)
            .await;
        let rows = answer["result"]["list"].as_array().unwrap();
        let number = |row: &Value, field: &str| {
            row[field]
                .as_str()
                .unwrap()
                .parse::<f64>()
                .unwrap_or(f64::NAN)
        };
        rows.iter()
            .map(|row| {
                let contract = Contract {
                    last: number(row, "lastPrice"),
                    change_pct: number(row, "price24hPcnt") * 100.0,
                    high: number(row, "highPrice24h"),
                    low: number(row, "lowPrice24h"),
                    turnover: number(row, "turnover24h"),
                    interest: number(row, "singleOpenInterestValue"),
                    funding_pct: number(row, "fundingRate")
                        * 100.0
                        * (8.0 / number(row, "fundingIntervalHour")),
                };
                (row["symbol"].as_str().unwrap().to_owned(), contract)
            })
            .filter(|(symbol, _)| snapshot.universe.contains(symbol))
            .collect()
    }

    /// Everything of a snapshot that is not as it truly was.
    pub(crate) async fn faults(&self, snapshot: &Snapshot) -> Vec<String> {
        let contracts = self.contracts(snapshot).await;
        let mut faults = Faults(Vec::new());
        faults.rows(snapshot, &contracts);
        faults.sums(snapshot, &contracts);
        self.publishers(snapshot, &mut faults).await;
        faults.0
    }

    async fn publishers(&self, snapshot: &Snapshot, faults: &mut Faults) {
        // A publication appears a little after the time that it is of.
        let moment = |as_of: UnixMs| UnixMs::from_millis(as_of.as_millis() + 60_000);
        if let (Some(value), Some(as_of)) = (
            snapshot.global_market.value(),
            snapshot.global_market.as_of_ms(),
        ) {
            let truth = self.ask("/api/v3/global", moment(as_of)).await;
            let data = &truth["data"];
            let total = |field: &str| data[field]["usd"].as_f64().unwrap();
            faults.near(
                "total_market_cap",
                Some(value.total_market_cap.get()),
                total("total_market_cap"),
            );
            faults.near(
                "volume_24h",
                Some(value.volume_24h.get()),
                total("total_volume"),
            );
            let share = data["market_cap_percentage"]["btc"].as_f64().unwrap();
            faults.near("btc_dominance", value.btc_dominance.map(Share::get), share);
        }
        if let (Some(value), Some(as_of)) = (
            snapshot.defi_market.value(),
            snapshot.defi_market.as_of_ms(),
        ) {
            let truth = self
                .ask("/api/v3/global/decentralized_finance_defi", moment(as_of))
                .await;
            let cap: f64 = truth["data"]["defi_market_cap"]
                .as_str()
                .unwrap()
                .parse()
                .unwrap();
            // Told to be of an hour ago at the earliest, for the answer has no time: it moved
            // meanwhile.
            let told = value.market_cap.get();
            faults.check((told / cap - 1.0).abs() < 0.1, || {
                format!("defi_market_cap is {told} in place of {cap}")
            });
        }
        if let (Some(value), Some(as_of)) =
            (snapshot.fear_greed.value(), snapshot.fear_greed.as_of_ms())
        {
            let truth = self.ask("/fng/?limit=1", moment(as_of)).await;
            let (index, label) = (
                &truth["data"][0]["value"],
                &truth["data"][0]["value_classification"],
            );
            let told = (value.value.get(), &*value.label);
            let is_true = index.as_str().unwrap().parse() == Ok(told.0) && label == told.1;
            faults.check(is_true, || {
                format!("the index is {told:?} in place of {index} {label}")
            });
        }
    }
}

struct Faults(Vec<String>);

impl Faults {
    fn check(&mut self, is_true: bool, fault: impl FnOnce() -> String) {
        if !is_true {
            self.0.push(fault());
        }
    }

    /// A figure that is unknown, or near to the true one.
    fn near(&mut self, what: &str, told: Option<f64>, truth: f64) {
        let is_near = told.is_none_or(|told| (told / truth - 1.0).abs() <= TOLERANCE);
        self.check(is_near, || {
            format!("{what} is {told:?} in place of {truth}")
        });
    }

    fn near_pct(&mut self, what: &str, told: Option<f64>, truth: f64, tolerance: f64) {
        let is_near = told.is_none_or(|told| (told - truth).abs() <= tolerance);
        self.check(is_near, || {
            format!("{what} is {told:?} % in place of {truth} %")
        });
    }

    fn rows(&mut self, snapshot: &Snapshot, contracts: &HashMap<String, Contract>) {
        for row in &snapshot.scores {
            let Some(truth) = contracts.get(&row.symbol) else {
                self.0.push(format!("{} is shown and is none", row.symbol));
                continue;
            };
            let named = |what: &str| format!("{}'s {what}", row.symbol);
            self.near(&named("price"), Some(row.price.get()), truth.last);
            self.near(&named("high"), row.high_24h.map(Price::get), truth.high);
            self.near(&named("low"), row.low_24h.map(Price::get), truth.low);
            self.near(
                &named("turnover"),
                row.turnover_24h.map(Amount::get),
                truth.turnover,
            );
            self.near_pct(
                &named("change"),
                row.change_24h.map(Percent::get),
                truth.change_pct,
                TOLERANCE_PCT,
            );
        }
        let movers = &snapshot.movers;
        for mover in movers
            .gainers
            .iter()
            .chain(&movers.losers)
            .chain(&snapshot.volume_leaders)
        {
            let Some(truth) = contracts.get(&mover.symbol) else {
                self.0.push(format!("{} moved and is none", mover.symbol));
                continue;
            };
            self.near(
                &format!("{}'s price", mover.symbol),
                Some(mover.price.get()),
                truth.last,
            );
            self.near_pct(
                &format!("{}'s move", mover.symbol),
                Some(mover.change_24h.get()),
                truth.change_pct,
                TOLERANCE_PCT,
            );
        }
    }

    fn sums(&mut self, snapshot: &Snapshot, contracts: &HashMap<String, Contract>) {
        let overview = &snapshot.overview;
        self.near(
            "btc_price",
            Some(overview.btc_price.get()),
            contracts["BTCUSDT"].last,
        );
        self.near(
            "eth_price",
            overview.eth_price.map(Price::get),
            contracts["ETHUSDT"].last,
        );
        let sum = |figure: fn(&Contract) -> f64| contracts.values().map(figure).sum::<f64>();
        let turnover = sum(|contract| contract.turnover);
        let count = contracts.len() as f64;
        self.near_pct(
            "average_change",
            Some(overview.average_change.get()),
            sum(|c| c.change_pct) / count,
            TOLERANCE_PCT,
        );
        self.of_most(
            "total_turnover",
            overview.total_turnover.map(Amount::get),
            turnover,
        );
        let perps = &snapshot.perps;
        self.of_most(
            "open interest",
            perps.total_open_interest.map(Amount::get),
            sum(|contract| contract.interest),
        );
        let funding = sum(|contract| contract.funding_pct * contract.turnover) / turnover;
        self.near_pct(
            "funding",
            perps.funding_rate.map(Percent::get),
            funding,
            0.005,
        );
        self.near_pct("basis", perps.basis_pct.map(Percent::get), 0.0, 0.05);
    }

    /// A sum that is unknown, or over most of the contracts: never more than the true one.
    fn of_most(&mut self, what: &str, told: Option<f64>, truth: f64) {
        let is_true =
            told.is_none_or(|told| (LEAST_OF_SUM..=1.0 + TOLERANCE).contains(&(told / truth)));
        self.check(is_true, || {
            format!("{what} is {told:?} in place of {truth}")
        });
    }
}
