//! How requests are paced when the exchange says that there were too many: nothing at first, then
//! one, then all evenly.

use crate::world::{Asked, Setup, World};
use std::time::Duration;

/// Milliseconds from the first request to Bybit to each.
fn since_the_first(asked: &[Asked]) -> Vec<u64> {
    let mut of_bybit = asked
        .iter()
        .filter(|one| one.is_of_bybit())
        .map(|one| one.at);
    let Some(first) = of_bybit.next() else {
        return Vec::new();
    };
    std::iter::once(0)
        .chain(of_bybit.map(|at| at.millis_since(first)))
        .collect()
}

fn within(sent: &[u64], from_ms: u64, span_ms: u64) -> usize {
    sent.iter()
        .filter(|at| (from_ms..from_ms + span_ms).contains(*at))
        .count()
}

/// "Exceeded the IP Rate Limit.": nothing that is asked from this address is answered.
const WHOLE_ADDRESS: &str =
    r#"{"kind":"ret_code","code":10018,"message":"Exceeded the IP Rate Limit."}"#;

#[tokio::test(start_paused = true)]
async fn after_a_limit_one_request_goes_first_and_then_all_at_an_even_pace() {
    let mut world = World::start(Setup::USUAL);
    // Everything is still being loaded: there is always more to ask for than the budget allows.
    tokio::time::sleep(Duration::from_secs(8)).await;
    world.fault("bybit", WHOLE_ADDRESS).await;
    tokio::time::sleep(Duration::from_secs(1)).await;
    world.take_asked();
    tokio::time::sleep(Duration::from_secs(60)).await;
    let meanwhile = since_the_first(&world.take_asked());
    assert!(meanwhile.len() <= 6, "{meanwhile:?}");
    assert!(
        meanwhile
            .iter()
            .zip(meanwhile.iter().skip(1))
            .all(|(one, next)| next - one >= 2_000),
        "{meanwhile:?}"
    );
    world.mend().await;
    world.take_asked();
    let mended = world.true_time();
    while world.next().await.valid().get().as_of_ms < mended {}
    tokio::time::sleep(Duration::from_secs(6)).await;
    let sent = since_the_first(&world.take_asked());
    // The first one is answered in 100 ms.
    let &[_, second, ..] = &*sent else {
        panic!("the pace does not return: {sent:?}")
    };
    assert!(second >= 100, "{sent:?}");
    assert!(within(&sent, second, 100) <= 3, "all at once: {sent:?}");
    assert!(within(&sent, second, 1_000) <= 14, "not evenly: {sent:?}");
    assert!(
        (45..=60).contains(&within(&sent, second, 5_000)),
        "{sent:?}"
    );
}
