//! What must hold of the figures of the whole market and of the index.

use super::seeds::now;
use shared::exchange::{alternative_me, coingecko};
use shared::units::{Share, UnixMs};

fn is_share(share: Share) -> bool {
    (0.0..=100.0).contains(&share.get())
}

/// Totals above zero at a moment, shares that are shares.
pub fn global(body: &[u8]) -> bool {
    let Ok((facts, updated_at)) = coingecko::parse_global(body) else {
        return false;
    };
    assert!(updated_at >= UnixMs::from_secs(1), "{updated_at}");
    for total in [facts.total_market_cap, facts.volume_24h] {
        assert!(total.get().is_finite() && total.get() > 0.0, "{facts:?}");
    }
    let shares = [
        facts.btc_dominance,
        facts.eth_dominance,
        facts.stablecoin_dominance,
    ];
    assert!(shares.into_iter().flatten().all(is_share), "{facts:?}");
    assert!(
        facts
            .market_cap_change_24h_pct
            .is_none_or(|change| change.get().is_finite()),
        "{facts:?}"
    );
    assert!(
        facts.active_cryptocurrencies.is_none_or(|count| count > 0),
        "{facts:?}"
    );
    true
}

/// A capitalisation above zero, a volume that is none below it, a share that is one.
pub fn defi(body: &[u8]) -> bool {
    let Ok(facts) = coingecko::parse_defi(body) else {
        return false;
    };
    assert!(
        facts.market_cap.get().is_finite() && facts.market_cap.get() > 0.0,
        "{facts:?}"
    );
    assert!(
        facts
            .volume_24h
            .is_none_or(|volume| volume.get().is_finite() && volume.get() >= 0.0),
        "{facts:?}"
    );
    assert!(facts.dominance.is_none_or(is_share), "{facts:?}");
    true
}

/// A share of a hundred with a label of plain words, of a day, due again in the future.
pub fn fear_greed(body: &[u8]) -> bool {
    let Ok((index, day)) = alternative_me::parse(body, now()) else {
        return false;
    };
    assert!(
        is_share(index.value) && day >= UnixMs::from_secs(1),
        "{index:?}"
    );
    let is_plain = |c: char| c.is_alphabetic() || c == ' ';
    let length = index.label.chars().count();
    assert!(
        (1..=32).contains(&length) && index.label.chars().all(is_plain),
        "{index:?}"
    );
    assert!(
        index.next_update_ms.is_none_or(|due| due >= now()),
        "{index:?}"
    );
    true
}
