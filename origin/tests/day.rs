//! A day in which the process sleeps most of the time, as on a machine that is suspended: true time
//! and the wall clock go on, the timer stands still. Each time it wakes, it publishes at once,
//! never goes back, has every score again within seconds, and holds no more memory than before.
//!
//! The same day without sleep, round by round, is `scripts/soak`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a test that cannot do its part fails"
)]

#[path = "integration/watch.rs"]
mod watch;
#[path = "integration/world.rs"]
#[allow(dead_code, reason = "other tests break more of it")]
mod world;

use peak_alloc::PeakAlloc;
use shared::units::UnixMs;
use std::time::Duration;
use watch::{Watch, scored};
use world::{Setup, World};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// How long it is awake, and how long until it wakes again.
///
/// All inputs are due at once: most of them fit into one window of the budget, the rest into the
/// second.
const AWAKE_MS: u64 = 10_000;
const PERIOD_MS: u64 = 2 * 3_600_000;

/// How much later it falls asleep each time, so that it does with ever other requests under way:
/// less than the pause between two tables.
const LATER_MS: u64 = 140;

/// By how much the live heap may differ from that of the fourth hour: books, trades and bodies are
/// not always as long.
const HEAP_TOLERANCE: f64 = 0.05;

#[tokio::test(start_paused = true)]
async fn a_day_of_short_wakes_goes_forward_only_and_holds_no_more_memory() {
    let setup = Setup {
        // 2026-09-10 20:00 UTC: midnight, three fundings and the Friday on which futures expire are
        // within the day.
        begins_at: UnixMs::from_millis(1_789_070_400_000),
        monitored_symbols: 30,
        requests_per_5s: 300,
        ..Setup::USUAL
    };
    let (mut world, mut watch) = (World::start(setup), Watch::new(setup.requests_per_5s));
    let mut heaps = Vec::new();
    for wake in 0..=12 {
        let woke_at = setup.begins_at.plus_millis(wake * PERIOD_MS);
        loop {
            let (publication, _) = watch.next(&mut world).await;
            let snapshot = publication.valid().get();
            let awake_ms = snapshot.generated_at_ms.millis_since(woke_at);
            assert!(
                awake_ms <= AWAKE_MS + 2_000,
                "nothing was published for {awake_ms} ms after hour {}",
                2 * wake
            );
            if awake_ms >= AWAKE_MS {
                assert_eq!(scored(snapshot), 30, "after hour {}", 2 * wake);
                break;
            }
        }
        heaps.push(HEAP.current_usage());
        tokio::time::sleep(Duration::from_millis(wake * LATER_MS)).await;
        let asleep_ms = woke_at
            .plus_millis(PERIOD_MS)
            .millis_since(world.context.clock.now());
        world.sleep(asleep_ms.cast_signed());
    }
    println!(
        "{} rounds, {} requests, live heap every two hours: {heaps:?}",
        watch.rounds, watch.requests
    );
    let (first, later) = heaps.split_at(3);
    let settled = first[2] as f64;
    for heap in later {
        let grown = *heap as f64 / settled - 1.0;
        assert!(
            grown < HEAP_TOLERANCE,
            "the heap grew by {:.1} % since the fourth hour: {heaps:?}",
            grown * 100.0
        );
    }
}
