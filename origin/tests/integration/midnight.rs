//! Every round across midnight UTC at the real pace: the day's candle closes, contracts are funded,
//! the index changes.

use crate::watch::{Watch, scored};
use crate::world::{Pace, Setup, World};
use shared::units::UnixMs;
use std::collections::BTreeMap;
use std::time::Duration;

/// 2026-09-09 00:00 UTC.
const MIDNIGHT: UnixMs = UnixMs::from_millis(1_788_912_000_000);

const DAY_MS: u64 = 86_400_000;

#[tokio::test(start_paused = true)]
async fn midnight_passes_without_a_gap() {
    let setup = Setup {
        begins_at: UnixMs::from_millis(MIDNIGHT.as_millis() - 30_000),
        // So many that everything is loaded before midnight, and the index as often that its new
        // day is seen.
        requests_per_5s: 200,
        pace: Pace {
            fear_greed: Duration::from_secs(10),
            ..Setup::USUAL.pace
        },
        ..Setup::USUAL
    };
    let ends_at = MIDNIGHT.plus_millis(130_000);
    let (mut world, mut watch) = (World::start(setup), Watch::new(setup.requests_per_5s));
    let mut days = Vec::new();
    let (mut fundings, mut daily_candles) = (BTreeMap::new(), 0);
    loop {
        let (publication, asked) = watch.next(&mut world).await;
        let snapshot = publication.valid().get();
        let now = snapshot.generated_at_ms;
        if now > MIDNIGHT {
            assert_eq!(scored(snapshot), 40, "at {}", now.rfc3339());
            assert!(
                snapshot.overview.btc_daily_volatility.is_some(),
                "at {}",
                now.rfc3339()
            );
        }
        days.extend(
            snapshot
                .fear_greed
                .as_of_ms()
                .filter(|day| days.last() != Some(day)),
        );
        for request in asked.iter().filter(|request| request.at >= MIDNIGHT) {
            daily_candles += u32::from(request.target.contains("interval=D"));
            if request.target.starts_with("/v5/market/funding/history") {
                *fundings.entry(request.target.clone()).or_insert(0) += 1;
            }
        }
        if now >= ends_at {
            break;
        }
    }
    assert_eq!(
        watch.rounds, 81,
        "one each two seconds, from the first answer on"
    );
    assert_eq!(
        days,
        [UnixMs::from_millis(MIDNIGHT.as_millis() - DAY_MS), MIDNIGHT],
        "days of the index"
    );
    assert_eq!(daily_candles, 1, "the day that closed is asked for once");
    assert_eq!(fundings.len(), 40, "every contract was funded");
    assert!(fundings.values().all(|times| *times == 1), "{fundings:?}");
}
