//! What the simulated publishers say is what ours would believe: it agrees in itself, with the
//! exchange's prices, and with what they said before.

use shared::exchange::{alternative_me, coingecko};
use shared::market::{Dated, DefiMarket, FearGreed, GlobalMarket};
use shared::provenance::{Source, Venue};
use shared::published::{LeapFilter, Published, Verdict, earliest_defi_time, told_time};
use shared::units::{Price, UnixMs};

use super::*;

/// Less than any of their figures may be old, so that each is compared with the one before.
const STEP_MS: i64 = 90 * MINUTE_MS;

/// Ten days.
const STEPS: i64 = 10 * DAY_MS / STEP_MS;

/// A collector of one publisher's figures.
struct Holder<T> {
    filter: LeapFilter<T>,
    held: Option<Dated<T>>,
}

impl<T: Published> Holder<T> {
    fn new() -> Self {
        Self {
            filter: LeapFilter::new(),
            held: None,
        }
    }

    #[track_caller]
    fn take(&mut self, value: T, as_of_ms: UnixMs, now: UnixMs) {
        let found = Dated {
            value,
            as_of_ms,
            source: Source::declared(Venue::CoinGecko, Some("simulated")),
        };
        if let Verdict::Take(found) = self.filter.examine(found, self.held.as_ref(), now).unwrap() {
            self.held = Some(found);
        }
    }
}

#[tokio::test]
async fn what_the_publishers_say_is_believed_for_days() {
    for seed in [1, 7, 2_026] {
        let exchange = Exchange::start_with(Config {
            seed,
            ..Config::default()
        })
        .await;
        let (mut whole, mut part, mut mood) = (
            Holder::<GlobalMarket>::new(),
            Holder::<DefiMarket>::new(),
            Holder::<FearGreed>::new(),
        );
        for _ in 0..STEPS {
            exchange.clock.advance(STEP_MS);
            let now = UnixMs::from_millis(u64::try_from(exchange.clock.now_ms()).unwrap());
            let (global, updated_at) =
                coingecko::parse_global(&exchange.get(GLOBAL).await.body).unwrap();
            let shares = [
                global.btc_dominance,
                global.eth_dominance,
                global.stablecoin_dominance,
            ];
            assert!(shares.iter().all(Option::is_some), "{global:?}");
            let bitcoin =
                Price::new(number(&exchange.ticker("BTCUSDT").await, "lastPrice")).unwrap();
            assert_eq!(global.check_supply(bitcoin), Ok(()));
            let defi = coingecko::parse_defi(&exchange.get(DEFI).await.body).unwrap();
            assert!(
                defi.volume_24h.is_some() && defi.dominance.is_some(),
                "{defi:?}"
            );
            assert_eq!(defi.check_part_of(&global), Ok(()));
            let (index, day) =
                alternative_me::parse(&exchange.get(FEAR_GREED).await.body, now).unwrap();
            whole.take(global, told_time(updated_at, now).unwrap(), now);
            part.take(defi, earliest_defi_time(now), now);
            mood.take(index, told_time(day, now).unwrap(), now);
        }
    }
}

#[tokio::test]
async fn figures_of_decentralised_finance_change_with_the_hour_and_not_before() {
    let exchange = Exchange::start().await;
    exchange
        .clock
        .advance(60 * MINUTE_MS - exchange.clock.now_ms() % (60 * MINUTE_MS));
    let first = exchange.get(DEFI).await.body;
    exchange.clock.advance(60 * MINUTE_MS - 1);
    assert_eq!(exchange.get(DEFI).await.body, first);
    exchange.clock.advance(1);
    assert_ne!(exchange.get(DEFI).await.body, first);
}
