//! What the other tests rest on: nobody else is at their addresses.

use super::support::{Loopback, Redis, RedisPlace};

#[test]
fn an_address_has_one_owner() {
    let (ours, theirs) = (Loopback::claim(), Loopback::claim());
    assert_ne!(ours.ip(), theirs.ip());
}

#[tokio::test]
// Either is seen first: that the second ends, or that the first answers in its stead.
#[should_panic(expected = "no Redis of ours at redis://127.")]
async fn a_redis_whose_port_is_taken_is_an_error_at_once() {
    let first = Redis::start_at(&RedisPlace::tcp()).await;
    Redis::start_at(first.place()).await;
}
