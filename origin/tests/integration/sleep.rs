//! A process that sleeps, as on a machine that is suspended, while a request is under way: true
//! time and the wall clock go on, the timer does not.

use crate::world::{Setup, World};
use std::time::Duration;

const SLEPT_MINUTES: u64 = 120;

/// The symbol and the number of candles that a request for candles of one minute asks for.
fn minute_candles(target: &str) -> Option<(&str, u64)> {
    let query = target.strip_prefix("/v5/market/kline?")?;
    let field = |name: &str| {
        query
            .split('&')
            .find_map(|pair| pair.strip_prefix(name)?.strip_prefix('='))
    };
    (field("interval") == Some("1")).then_some((field("symbol")?, field("limit")?.parse().ok()?))
}

#[tokio::test(start_paused = true)]
async fn candles_that_a_sleep_overtook_are_asked_for_again_and_none_is_left_out() {
    let world = World::start(Setup {
        requests_per_5s: 300,
        ..Setup::USUAL
    });
    let symbol = loop {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let asked = world.take_asked();
        let continued = asked
            .iter()
            .filter_map(|one| minute_candles(&one.target))
            .find(|(_, limit)| *limit < 10);
        if let Some((symbol, _)) = continued {
            break symbol.to_owned();
        }
    };
    // The answer to that request comes when the process wakes, and tells of the last minutes alone.
    world.sleep((60_000 * SLEPT_MINUTES).cast_signed());
    loop {
        tokio::time::sleep(Duration::from_millis(10)).await;
        let asked = world.take_asked();
        let again = asked
            .iter()
            .filter_map(|one| minute_candles(&one.target))
            .find(|(of, _)| *of == symbol);
        if let Some((_, limit)) = again {
            assert!(
                limit > SLEPT_MINUTES,
                "{limit} candles are asked for after {SLEPT_MINUTES} minutes"
            );
            break;
        }
    }
}
