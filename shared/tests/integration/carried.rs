//! Sections that a snapshot takes over afterwards: the same as if they had been at hand when it was
//! put together.

use crate::support::{NOW, Scene, good_snapshot, rows, universe_of};
use shared::analysis::Settings;
use shared::assemble::{LongView, Slow, Substitute, assemble_secondary, with_sections_of};
use shared::exchange::secondary::Secondary;
use shared::freshness::Freshness;
use shared::provenance::Source;
use shared::snapshot::liquidations::Liquidations;
use shared::snapshot::{Section, Snapshot};
use shared::units::UnixMs;

const ANALYSED: &[u8] = include_bytes!("../../fuzz/seeds/snapshot/analysed.json");

/// Snapshots that may be held: a good one, one without the slow sources, and one with all that only
/// the origin works out.
fn held() -> Vec<Snapshot> {
    let mut analysed: Snapshot = serde_json::from_slice(ANALYSED).unwrap();
    let age_ms = NOW.millis_since(analysed.generated_at_ms);
    make_younger(&mut analysed.beta, age_ms);
    make_younger(&mut analysed.performance, age_ms);
    make_younger(&mut analysed.alerts, age_ms);
    analysed.liquidations = Section::Present {
        source: analysed.tickers_source,
        as_of_ms: NOW,
        freshness: Freshness::Fresh,
        value: just_begun(),
    };
    vec![
        good_snapshot(),
        Scene::from_tickers_alone().snapshot(),
        analysed,
    ]
}

/// What is known of liquidations when listening has just begun.
fn just_begun() -> Liquidations {
    Liquidations {
        observed_since_ms: NOW,
        unheard_ms: 0,
        refused: 0,
        contracts_observed: 500,
        last_1h: None,
        last_4h: None,
        last_24h: None,
        contracts_1h: None,
        largest: None,
        latest: Vec::new(),
    }
}

fn make_younger<T>(section: &mut Section<T>, by_ms: u64) {
    let Section::Present { as_of_ms, .. } = section else {
        panic!("the analysed snapshot lacks a section")
    };
    *as_of_ms = as_of_ms.plus_millis(by_ms);
}

/// What the edge makes of Bybit's tickers with this at hand, or nothing.
fn fallback(held: Option<&Snapshot>, now: UnixMs) -> Snapshot {
    let mut scene = Scene::fallback();
    scene.identity.now = now;
    let unknown = "not_collected_at_edge";
    scene.global_market = held.map_or_else(
        || Slow::unknown(unknown),
        |held| Slow::carried_over(&held.global_market),
    );
    scene.defi_market = held.map_or_else(
        || Slow::unknown(unknown),
        |held| Slow::carried_over(&held.defi_market),
    );
    scene.fear_greed = held.map_or_else(
        || Slow::unknown(unknown),
        |held| Slow::carried_over(&held.fear_greed),
    );
    scene.long_view = held.map_or_else(|| LongView::unknown(unknown), LongView::carried_over);
    scene.snapshot()
}

#[test]
fn what_bybit_s_tickers_made_is_completed_as_if_it_had_been_at_hand() {
    for held in held() {
        // Young, past some sections' limits, past most.
        for later_ms in [0, 400_000, 700_000, 7_300_000, 50_000_000] {
            let now = NOW.plus_millis(later_ms);
            assert_eq!(
                with_sections_of(fallback(None, now), &held, now),
                fallback(Some(&held), now),
                "{later_ms} ms later"
            );
        }
    }
}

#[test]
fn what_another_exchange_s_tickers_made_takes_over_the_whole_market_s_figures_alone() {
    let scene = Scene::of(rows(60));
    fn made(scene: &Scene<'_>, held: Option<&Snapshot>) -> Snapshot {
        let universe = universe_of(&scene.tickers.rows);
        let substitute = Substitute {
            tickers: &scene.tickers,
            tickers_source: Source::live(Secondary::Okx.venue()),
            as_of: scene.tickers.server_time.min(NOW),
            universe: &universe,
            held,
        };
        let made = assemble_secondary(
            &substitute,
            8,
            "origin_slow".to_owned(),
            NOW,
            &Settings::DEFAULT,
        );
        made.unwrap().snapshot
    }
    for held in held() {
        assert_eq!(
            with_sections_of(made(&scene, None), &held, NOW),
            made(&scene, Some(&held))
        );
    }
}

#[test]
fn a_section_of_its_own_is_kept() {
    let own = good_snapshot();
    let mut held = good_snapshot();
    held.fear_greed = Section::absent("timeout");
    assert_eq!(with_sections_of(own.clone(), &held, NOW), own);
}
