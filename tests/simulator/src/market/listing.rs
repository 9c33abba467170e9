//! The table of everything that is listed in one week.

use std::collections::BTreeSet;

use super::calendar;
use super::instrument::{Class, Contract, Instrument, Phase, price_decimals, quantity_decimals};
use super::names;
use super::noise::{fork, fork_by_name, unit};
use crate::clock::DAY_MS;

/// How many of each kind Bybit listed on 2026-08-09.
const COINS: usize = 397;
const INNOVATIONS: usize = 117;
const USDC_PERPETUALS: usize = 68;
/// Of these many the funding interval is 8 hours; of the rest 4.
const COINS_AT_8_HOURS: usize = 141;
const INNOVATIONS_AT_8_HOURS: usize = 6;
const USDC_AT_8_HOURS: usize = 29;
const COMMODITIES_AT_8_HOURS: usize = 2;

/// 2020-03-25, the first launch, and the span over which launches are spread, so that every launch
/// lies in the past.
const FIRST_LAUNCH_MS: i64 = 1_585_094_400_000;
const LAUNCHES_DAYS: f64 = 2_000.0;

/// The instruments of one week.
#[derive(Debug)]
pub(crate) struct Listing {
    /// In ASCII order of the symbols.
    pub(crate) instruments: Vec<Instrument>,
    /// The moment from which this table holds.
    pub(crate) valid_from_ms: i64,
    /// The moment of the next expiry, from which another table holds.
    pub(crate) valid_until_ms: i64,
}

impl Listing {
    pub(crate) fn at(seed: u64, now_ms: i64) -> Self {
        let valid_until_ms = calendar::next_expiry(now_ms);
        let mut draft = Draft {
            seed,
            instruments: Vec::with_capacity(820),
        };
        draft.coins();
        draft.stocks();
        draft.commodities_and_currencies();
        draft.usdc_perpetuals();
        draft.futures(now_ms);
        draft.pre_listed();
        let mut instruments = draft.instruments;
        instruments.sort_by(|left, right| left.symbol.cmp(&right.symbol));
        Self {
            instruments,
            valid_from_ms: valid_until_ms - 7 * DAY_MS,
            valid_until_ms,
        }
    }

    pub(crate) fn find(&self, symbol: &str) -> Option<&Instrument> {
        self.instruments.get(self.place(symbol)?)
    }

    /// Where in the table a symbol stands.
    pub(crate) fn place(&self, symbol: &str) -> Option<usize> {
        self.instruments
            .binary_search_by(|instrument| instrument.symbol.as_str().cmp(symbol))
            .ok()
    }

    pub(crate) fn is_valid_at(&self, now_ms: i64) -> bool {
        (self.valid_from_ms..self.valid_until_ms).contains(&now_ms)
    }
}

struct Draft {
    seed: u64,
    instruments: Vec<Instrument>,
}

impl Draft {
    fn coins(&mut self) {
        let mut taken: BTreeSet<String> = names::COINS
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .collect();
        taken.extend(names::STOCKS.iter().map(|name| (*name).to_owned()));
        taken.extend(names::PRE_LISTED.iter().map(|name| (*name).to_owned()));
        taken.extend(
            names::NAMED_INNOVATION
                .iter()
                .map(|name| (*name).to_owned()),
        );

        let named = names::COINS.len();
        for (rank, (name, price)) in names::COINS.iter().enumerate() {
            self.coin(
                name,
                Class::Coin,
                *price,
                rank as f64,
                hours(rank, COINS_AT_8_HOURS),
            );
        }
        // The two kinds of small coins share the ranks below the large ones.
        let small_coins = names::invented(COINS - named, &mut taken);
        for (index, name) in small_coins.iter().enumerate() {
            let is_last = index + 1 == small_coins.len();
            let interval = if is_last {
                1
            } else {
                hours(named + index, COINS_AT_8_HOURS)
            };
            let rank = (index as f64).mul_add(1.5, named as f64);
            self.coin(name, Class::Coin, self.small_price(name), rank, interval);
        }
        let mut innovations: Vec<String> = names::NAMED_INNOVATION
            .iter()
            .map(|name| (*name).to_owned())
            .collect();
        innovations.extend(names::invented(INNOVATIONS - innovations.len(), &mut taken));
        for (index, name) in innovations.iter().enumerate() {
            let rank = (index as f64).mul_add(2.5, named as f64 - 60.0);
            let interval = hours(index, INNOVATIONS_AT_8_HOURS);
            self.coin(
                name,
                Class::Innovation,
                self.small_price(name),
                rank,
                interval,
            );
        }
    }

    fn coin(&mut self, name: &str, class: Class, price: f64, rank: f64, interval_hours: i64) {
        let key = fork_by_name(self.seed, name);
        let daily_move = match name {
            "USDC" => 0.0,
            "USDE" => 0.0004,
            "PAXG" | "XAUT" => 0.008,
            "BTC" => 0.011,
            "ETH" | "BNB" => 0.017,
            // Volatility differs by a factor of ten from coin to coin.
            _ => (0.022 + 0.000_05 * rank) * (2.3 * unit(fork(key, 1)).powi(3)).exp(),
        };
        let beta = if daily_move < 0.01 {
            0.0
        } else {
            unit(fork(key, 2)).mul_add(0.8, 0.8)
        };
        self.add(Sketch {
            symbol: format!("{name}USDT"),
            base_coin: name,
            class,
            contract: Contract::UsdtPerpetual,
            base_price: price,
            beta,
            daily_move,
            turnover_usd: 1e10 / (rank + 1.0).powf(1.5) * unit(fork(key, 4)).mul_add(0.6, 0.7),
            interval_hours,
        });
    }

    /// Small coins cost anything between a few millionths and some tens of dollars.
    fn small_price(&self, name: &str) -> f64 {
        10_f64.powf(unit(fork(fork_by_name(self.seed, name), 6)).mul_add(7.0, -5.5))
    }

    fn stocks(&mut self) {
        for (rank, name) in names::STOCKS.iter().enumerate() {
            let key = fork_by_name(self.seed, name);
            let usual = match *name {
                "AAPL" => 241.0,
                "TSLA" => 382.0,
                "NVDA" => 176.0,
                "MSTR" => 318.0,
                _ => 10_f64.powf(unit(fork(key, 6)).mul_add(1.9, 0.9)),
            };
            self.add(Sketch {
                symbol: format!("{name}USDT"),
                base_coin: name,
                class: Class::Stock,
                contract: Contract::UsdtPerpetual,
                base_price: usual,
                beta: 1.0,
                // Wilder than real shares: whoever forgets to filter them must see them among the
                // movers.
                daily_move: unit(fork(key, 1)).mul_add(0.19, 0.06),
                turnover_usd: 6e9 / (rank as f64 + 1.0).powf(1.3),
                interval_hours: 8,
            });
        }
    }

    fn commodities_and_currencies(&mut self) {
        for (index, (name, price)) in names::COMMODITIES.iter().enumerate() {
            let interval = hours(index, COMMODITIES_AT_8_HOURS);
            self.real_thing(name, Class::Commodity, *price, 0.035, 9e8, interval);
        }
        for (name, price) in names::CURRENCIES {
            self.real_thing(name, Class::Forex, price, 0.004, 4e7, 8);
        }
    }

    fn real_thing(
        &mut self,
        name: &str,
        class: Class,
        price: f64,
        daily_move: f64,
        usd: f64,
        interval_hours: i64,
    ) {
        self.add(Sketch {
            symbol: format!("{name}USDT"),
            base_coin: name,
            class,
            contract: Contract::UsdtPerpetual,
            base_price: price,
            beta: 0.0,
            daily_move,
            turnover_usd: usd,
            interval_hours,
        });
    }

    fn usdc_perpetuals(&mut self) {
        for index in 0..USDC_PERPETUALS {
            let Some((name, _)) = names::COINS.get(index) else {
                return;
            };
            let twin = format!("{name}USDT");
            let interval = hours(index, USDC_AT_8_HOURS);
            self.derive(
                &twin,
                format!("{name}PERP"),
                Contract::UsdcPerpetual,
                0.02,
                interval,
            );
        }
    }

    fn futures(&mut self, now_ms: i64) {
        let long = calendar::expiries(now_ms, 5, 8);
        let short = calendar::expiries(now_ms, 4, 4);
        let bases = names::FUTURES_LONG.iter().map(|base| (base, &long));
        for (base, expiries) in bases.chain(names::FUTURES_SHORT.iter().map(|base| (base, &short)))
        {
            for (index, expiry_ms) in expiries.iter().enumerate() {
                let twin = format!("{base}USDT");
                let symbol = format!("{twin}-{}", calendar::tag(*expiry_ms));
                // The furthest future of a small coin is dead, as some always are: listed, quoted,
                // never traded.
                let is_dead = *base == "MNT" && index + 1 == expiries.len();
                let share = if is_dead {
                    0.0
                } else {
                    1e-4 / (index + 1) as f64
                };
                let contract = Contract::Future {
                    expiry_ms: *expiry_ms,
                };
                self.derive(&twin, symbol, contract, share, 0);
            }
        }
    }

    fn pre_listed(&mut self) {
        for (name, phase) in names::PRE_LISTED.iter().zip(Phase::ALL) {
            self.add(Sketch {
                symbol: format!("{name}USDT"),
                base_coin: name,
                class: Class::Coin,
                contract: Contract::PreListing(phase),
                base_price: self.small_price(name),
                beta: 0.5,
                daily_move: 0.30,
                turnover_usd: 8e8,
                interval_hours: 4,
            });
        }
    }

    /// Another contract on the coin of `twin`, with `share` of its turnover.
    fn derive(
        &mut self,
        twin: &str,
        symbol: String,
        contract: Contract,
        share: f64,
        interval_hours: i64,
    ) {
        let Some(twin) = self
            .instruments
            .iter()
            .find(|instrument| instrument.symbol == twin)
            .cloned()
        else {
            return;
        };
        self.add(Sketch {
            symbol,
            base_coin: &twin.base_coin,
            class: Class::Coin,
            contract,
            base_price: twin.base_price,
            beta: twin.beta,
            daily_move: twin.daily_move,
            turnover_usd: twin.turnover_usd * share,
            interval_hours,
        });
    }

    fn add(&mut self, sketch: Sketch<'_>) {
        let key = fork_by_name(self.seed, &sketch.symbol);
        let launch_days = (unit(fork(key, 7)) * LAUNCHES_DAYS) as i64;
        self.instruments.push(Instrument {
            symbol_id: u32::try_from(self.instruments.len())
                .unwrap_or(u32::MAX)
                .saturating_add(1),
            launch_ms: FIRST_LAUNCH_MS + launch_days * DAY_MS,
            funding_interval_hours: sketch.interval_hours,
            price_decimals: price_decimals(sketch.base_price),
            quantity_decimals: quantity_decimals(sketch.base_price),
            turnover_usd: sketch.turnover_usd,
            base_price: sketch.base_price,
            beta: sketch.beta,
            daily_move: sketch.daily_move,
            coin_key: fork(fork_by_name(self.seed, sketch.base_coin), 9),
            key,
            base_coin: sketch.base_coin.to_owned(),
            class: sketch.class,
            contract: sketch.contract,
            symbol: sketch.symbol,
        });
    }
}

/// What must be decided by hand about an instrument.
struct Sketch<'a> {
    symbol: String,
    base_coin: &'a str,
    class: Class,
    contract: Contract,
    base_price: f64,
    beta: f64,
    daily_move: f64,
    turnover_usd: f64,
    interval_hours: i64,
}

/// The funding interval in hours of the instrument at `index`, when the first `at_8_hours` have the
/// long one.
fn hours(index: usize, at_8_hours: usize) -> i64 {
    if index < at_8_hours { 8 } else { 4 }
}
