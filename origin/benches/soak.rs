//! Hours of the simulated market through the origin's collectors, round by round at the real pace,
//! in virtual time.
//!
//! It ends at the first round that is missing, goes back or lacks a score, at the first five
//! seconds with more requests than the budget, and when the live heap grows. With `--faults` single
//! faults of all kinds come and go meanwhile, and it ends at the first answer that is not what an
//! oracle says, which asks the same market without a fault. `scripts/soak` runs it.
#![allow(
    missing_docs,
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a program for people, which ends where something is wrong"
)]

#[path = "soak/broken.rs"]
mod broken;
#[path = "soak/faults.rs"]
mod faults;
#[path = "soak/oracle.rs"]
mod oracle;
#[path = "../tests/integration/watch.rs"]
mod watch;
#[path = "../tests/integration/world.rs"]
#[allow(dead_code, reason = "other tests break more of it")]
mod world;

use clap::Parser;
use peak_alloc::PeakAlloc;
use shared::units::UnixMs;
use std::time::Instant;
use watch::{Watch, scored};
use world::{Setup, World};

#[global_allocator]
static HEAP: PeakAlloc = PeakAlloc;

/// Until then loads and own histories, which reach back an hour, still grow.
const SETTLED_AFTER_MS: u64 = 90 * 60_000;

/// By how much the live heap may pass that of the settled process: books, trades and bodies are not
/// always as long.
const HEAP_TOLERANCE: f64 = 0.05;

/// For how many rounds in a row a contract may be without a score: all at the start, later one that
/// has newly come among those with most turnover.
const FIRST_ROUNDS: u32 = 8;
const NEWCOMER_ROUNDS: u32 = 4;

/// 2026-09-10 20:00 UTC: midnight, three fundings and the Friday on which futures expire are within
/// a day.
const BEGINS_AT: UnixMs = UnixMs::from_millis(1_789_070_400_000);

const HOUR_MS: f64 = 3_600_000.0;

#[derive(Debug, Parser)]
struct Cli {
    /// How many hours of the market.
    #[arg(long, default_value_t = 24.0)]
    hours: f64,
    /// Minutes of the market between two lines.
    #[arg(long, default_value_t = 30.0)]
    report_minutes: f64,
    /// Break one thing after the other, and judge every answer.
    #[arg(long)]
    faults: bool,
    /// What chance begins with.
    #[arg(long, default_value_t = 1, requires = "faults")]
    seed: u64,
    /// Cargo says so to every benchmark.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    let cli = Cli::parse();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build()
        .unwrap();
    if cli.faults {
        runtime.block_on(broken::soak(
            BEGINS_AT,
            cli.hours,
            cli.report_minutes,
            cli.seed,
        ));
    } else {
        runtime.block_on(soak(&cli));
    }
}

async fn soak(cli: &Cli) {
    let setup = Setup {
        begins_at: BEGINS_AT,
        ..Setup::USUAL
    };
    let (mut world, mut watch) = (World::start(setup), Watch::new(setup.requests_per_5s));
    let (began, all_ms) = (Instant::now(), (cli.hours * HOUR_MS) as u64);
    let mut progress = Progress {
        every_ms: (cli.report_minutes * 60_000.0) as u64,
        next_ms: 0,
        settled_heap: None,
    };
    let (mut all_were_scored, mut incomplete) = (false, 0);
    loop {
        let (publication, _) = watch.next(&mut world).await;
        let snapshot = publication.valid().get();
        let passed_ms = snapshot.generated_at_ms.millis_since(setup.begins_at);
        let found = scored(snapshot);
        all_were_scored |= found == setup.monitored_symbols;
        incomplete = if found == setup.monitored_symbols {
            0
        } else {
            incomplete + 1
        };
        let patience = if all_were_scored {
            NEWCOMER_ROUNDS
        } else {
            FIRST_ROUNDS
        };
        assert!(
            incomplete <= patience,
            "{found} contracts are scored at {}",
            snapshot.as_of_ms.rfc3339()
        );
        progress.report(passed_ms, found, &watch, began);
        if passed_ms >= all_ms {
            break;
        }
    }
    println!(
        "{} rounds without a gap in {:.0} s",
        watch.rounds,
        began.elapsed().as_secs_f64()
    );
}

struct Progress {
    every_ms: u64,
    next_ms: u64,
    /// The live heap of the settled process, once it is that.
    settled_heap: Option<usize>,
}

impl Progress {
    fn report(&mut self, passed_ms: u64, scored: usize, watch: &Watch, began: Instant) {
        if passed_ms < self.next_ms {
            return;
        }
        self.next_ms = passed_ms + self.every_ms;
        let heap = HEAP.current_usage();
        println!(
            "hour {:5.2}: {:6} rounds, {:7} requests, {scored} scored, heap {:.2} MB, resident {}, after {:.0} s",
            passed_ms as f64 / HOUR_MS,
            watch.rounds,
            watch.requests,
            heap as f64 / 1e6,
            resident().unwrap_or_else(|| "unknown".to_owned()),
            began.elapsed().as_secs_f64(),
        );
        if passed_ms >= SETTLED_AFTER_MS {
            let settled = *self.settled_heap.get_or_insert(heap);
            let grown = heap as f64 / settled as f64 - 1.0;
            assert!(
                grown < HEAP_TOLERANCE,
                "the live heap grew by {:.1} % from {settled} bytes",
                grown * 100.0
            );
        }
    }
}

/// What the kernel says that this process holds.
fn resident() -> Option<String> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    status
        .lines()
        .find_map(|line| Some(line.strip_prefix("VmRSS:")?.trim().to_owned()))
}
