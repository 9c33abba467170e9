//! What a publication costs Redis, as a multiple of a PING: the script as the origin runs it, with
//! the keys that a real origin wrote, and with four keys of 85 kB together. Both are asked in turn,
//! so that a busy machine hits both alike.
#![allow(
    missing_docs,
    dead_code,
    unused_imports,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::print_stdout,
    reason = "a benchmark that cannot do its part fails"
)]

#[path = "../tests/integration/origin/support.rs"]
mod support;

use redis::aio::MultiplexedConnection;
use redis::{AsyncCommands, Script};
use shared::endpoints::{LEADER_KEY, PUBLICATION_KEY, PUBLISHED_CHANNEL, StoreKey, breakdown_key};
use std::time::{Duration, Instant};
use support::{Exchange, Origin, PLENTY, Redis, RedisPlace, eventually};

const ROUNDS: usize = 3_000;
const WARM_UP: usize = 200;
const PUBLISH: &str = include_str!("../../origin/src/store/scripts/publish.lua");

#[tokio::main(flavor = "current_thread")]
async fn main() {
    // By TCP, as in production: a socket is quicker.
    let redis = Redis::start_at(&RedisPlace::tcp()).await;
    let client = redis::Client::open(redis.url()).unwrap();
    let mut connection = client.get_multiplexed_async_connection().await.unwrap();
    let real = real_publication(&redis, &mut connection).await;
    let four = (0..4)
        .map(|index| (format!("four:{index}"), vec![b'x'; 85_000 / 4]))
        .collect::<Vec<_>>();
    for (name, entries) in [("a publication", real), ("four keys of 85 kB", four)] {
        measure(name, &entries, &mut connection).await;
    }
}

/// Every key of a publication with all analyses, as a real origin wrote it.
async fn real_publication(
    redis: &Redis,
    connection: &mut MultiplexedConnection,
) -> Vec<(String, Vec<u8>)> {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[("REDIS_URL", &redis.url()), PLENTY]);
    eventually("everything is analysed", || async {
        let keys: Vec<String> = redis.command(&["KEYS", &breakdown_key("*")]).await;
        (keys.len() >= 40).then_some(())
    })
    .await;
    drop(origin);
    let mut names: Vec<String> = redis.command(&["KEYS", &breakdown_key("*")]).await;
    names.extend(StoreKey::ALL.iter().map(|key| key.name().to_owned()));
    let values: Vec<Vec<u8>> = connection.mget(&names).await.unwrap();
    names.into_iter().zip(values).collect()
}

async fn measure(
    name: &str,
    entries: &[(String, Vec<u8>)],
    connection: &mut MultiplexedConnection,
) {
    let _: () = connection.set(LEADER_KEY, "bench:1").await.unwrap();
    let _: () = connection.del(PUBLICATION_KEY).await.unwrap();
    let script = Script::new(PUBLISH);
    let (mut pings, mut published, mut refused, mut pipelined) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for round in 0..ROUNDS + WARM_UP {
        let sample = |samples: &mut Vec<Duration>, began: Instant| {
            if round >= WARM_UP {
                samples.push(began.elapsed());
            }
        };
        let began = Instant::now();
        let _: String = redis::cmd("PING").query_async(connection).await.unwrap();
        sample(&mut pings, began);
        for (expected, samples) in [("written", &mut published), ("", &mut refused)] {
            let mut invocation = script.prepare_invoke();
            invocation.key(LEADER_KEY).key(PUBLICATION_KEY);
            invocation
                .arg("bench")
                .arg(1)
                .arg(1_000 + round)
                .arg(1 + round)
                .arg(60_000)
                .arg(60_000)
                .arg(PUBLISHED_CHANNEL);
            for (key, value) in entries {
                invocation.key(key).arg(value);
            }
            let began = Instant::now();
            let answer: String = invocation.invoke_async(connection).await.unwrap();
            sample(samples, began);
            assert_eq!(answer == "written", expected == "written", "{answer}");
        }
        let mut pipeline = redis::pipe();
        for (key, value) in entries {
            pipeline
                .cmd("SET")
                .arg(key)
                .arg(value)
                .arg("PX")
                .arg(60_000)
                .ignore();
        }
        let began = Instant::now();
        let _: () = pipeline.query_async(connection).await.unwrap();
        sample(&mut pipelined, began);
    }
    let bytes: usize = entries.iter().map(|(_, value)| value.len()).sum();
    println!("{name}: {} keys, {bytes} bytes", entries.len());
    let ping = quantiles(&mut pings).0;
    for (what, samples) in [
        ("PING", &mut pings),
        ("publish", &mut published),
        ("refused", &mut refused),
        ("plain SETs, pipelined", &mut pipelined),
    ] {
        let (p50, p99) = quantiles(samples);
        println!(
            "  {what:<22} p50 {p50:>7.1} µs  p99 {p99:>7.1} µs  {:>5.2} × PING",
            p50 / ping
        );
    }
}

fn quantiles(samples: &mut [Duration]) -> (f64, f64) {
    samples.sort_unstable();
    let at =
        |share: f64| samples[((samples.len() - 1) as f64 * share) as usize].as_secs_f64() * 1e6;
    (at(0.5), at(0.99))
}
