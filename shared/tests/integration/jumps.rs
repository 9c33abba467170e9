//! Jumps in snapshots that another process assembled.

use crate::support::good_snapshot;
use shared::judge::Judge;
use shared::snapshot::Snapshot;
use shared::units::Price;

/// A contract that a snapshot names twice: it has a score, and is one of the movers.
fn scored_mover(snapshot: &Snapshot) -> String {
    let movers = &snapshot.movers;
    movers
        .gainers
        .iter()
        .chain(&movers.losers)
        .find(|mover| snapshot.scores.iter().any(|row| row.symbol == mover.symbol))
        .expect("a mover has a score")
        .symbol
        .clone()
}

/// The same snapshot so many rounds later, with the contract's price a third of what it was.
fn after_a_fall(snapshot: &Snapshot, symbol: &str, rounds: u64) -> Snapshot {
    let mut later = snapshot.clone();
    later.as_of_ms = snapshot.as_of_ms.plus_millis(2_000 * rounds);
    let movers = &mut later.movers;
    let prices = later
        .scores
        .iter_mut()
        .map(|row| (&row.symbol, &mut row.price))
        .chain(
            movers
                .gainers
                .iter_mut()
                .chain(&mut movers.losers)
                .map(|row| (&row.symbol, &mut row.price)),
        );
    for (_, price) in prices.filter(|(found, _)| *found == symbol) {
        *price = Price::new(price.get() / 3.0).unwrap();
    }
    later
}

#[test]
fn a_contract_that_a_snapshot_names_twice_does_not_confirm_its_own_jump() {
    let snapshot = good_snapshot();
    let symbol = scored_mover(&snapshot);
    let mut filter = Judge::new();
    filter.remember(&snapshot);
    for round in 1..=2 {
        let refused = filter
            .examine_snapshot(&after_a_fall(&snapshot, &symbol, round))
            .unwrap_err();
        assert_eq!(refused.leaping, 1, "round {round}");
    }
    let third = after_a_fall(&snapshot, &symbol, 3);
    assert_eq!(filter.examine_snapshot(&third), Ok(()));
}
