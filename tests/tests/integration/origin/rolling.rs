//! A rolling restart of two origins under load: no request fails.

use super::support::{Answer, Exchange, Origin, Redis, client, eventually};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long an origin that was told to end still takes requests: a hundred times the pause between
/// two looks at readiness.
const DRAIN_DELAY: (&str, &str) = ("DRAIN_DELAY_MS", "5000");
const LOOK: Duration = Duration::from_millis(50);
const CLIENTS: usize = 8;

/// What a load balancer knows: where requests may go.
#[derive(Default)]
struct Balancer {
    members: Mutex<BTreeMap<String, bool>>,
    turn: AtomicUsize,
}

impl Balancer {
    fn add(&self, url: &str) {
        self.members.lock().unwrap().insert(url.to_owned(), false);
    }

    fn remove(&self, url: &str) {
        self.members.lock().unwrap().remove(url);
    }

    fn is_ready(&self, url: &str) -> bool {
        self.members.lock().unwrap().get(url) == Some(&true)
    }

    fn pick(&self) -> Option<String> {
        let members = self.members.lock().unwrap();
        let ready: Vec<&String> = members
            .iter()
            .filter(|(_, ready)| **ready)
            .map(|(url, _)| url)
            .collect();
        let turn = self.turn.fetch_add(1, Ordering::Relaxed);
        ready
            .get(turn % ready.len().max(1))
            .map(|url| (*url).clone())
    }

    /// Asks every member whether it is ready, again and again.
    async fn look(&self, done: &AtomicBool) {
        let client = client();
        while !done.load(Ordering::Relaxed) {
            let urls: Vec<String> = self.members.lock().unwrap().keys().cloned().collect();
            for url in urls {
                let answer = client.get(format!("{url}/health/ready")).send().await;
                let is_ready = answer.is_ok_and(|answer| answer.status() == 200);
                if let Some(ready) = self.members.lock().unwrap().get_mut(&url) {
                    *ready = is_ready;
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }
}

/// Sends requests one after another over kept connections; how many, and everything that was no
/// fresh or aging data.
async fn load(balancer: Arc<Balancer>, done: Arc<AtomicBool>) -> (usize, Vec<String>) {
    let client = client();
    let (mut sent, mut failures) = (0, Vec::new());
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    while !done.load(Ordering::Relaxed) {
        let Some(url) = balancer.pick() else {
            failures.push("nobody was ready".to_owned());
            tokio::time::sleep(LOOK).await;
            continue;
        };
        sent += 1;
        match client.get(format!("{url}/mobile-data")).send().await {
            Err(error) => failures.push(format!("{url}: {error:?}")),
            Ok(response) => {
                let answer = Answer::of(response).await;
                let as_of = answer
                    .header("x-data-as-of")
                    .and_then(|as_of| as_of.parse().ok())
                    .unwrap_or(0);
                let before = seen.insert(url.clone(), as_of).unwrap_or(0);
                if answer.status != 200
                    || answer.header("x-data-freshness") == Some("stale")
                    || as_of < before
                {
                    failures.push(format!("{url}: {} {as_of} after {before}", answer.status));
                }
            }
        }
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    (sent, failures)
}

#[tokio::test]
async fn a_rolling_restart_of_two_origins_under_load_fails_no_request() {
    let (exchange, redis) = (Exchange::start().await, Redis::start().await);
    let url = redis.url();
    let variables = [
        ("REDIS_URL", &*url),
        ("TICKERS_INTERVAL_MS", "500"),
        DRAIN_DELAY,
    ];
    let (balancer, done) = (
        Arc::new(Balancer::default()),
        Arc::new(AtomicBool::new(false)),
    );
    let looking = tokio::spawn({
        let (balancer, done) = (Arc::clone(&balancer), Arc::clone(&done));
        async move { balancer.look(&done).await }
    });
    let begin = async || {
        let origin = Origin::start(exchange.url(), &variables);
        balancer.add(&origin.url);
        eventually("the new one is ready", || async {
            balancer.is_ready(&origin.url).then_some(())
        })
        .await;
        origin
    };
    let mut origins = vec![begin().await, begin().await];
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| tokio::spawn(load(Arc::clone(&balancer), Arc::clone(&done))))
        .collect();
    // Each in its turn, the leader among them: a new one is ready before an old one goes.
    for _ in 0..2 {
        let new = begin().await;
        let mut old = origins.remove(0);
        old.signal("TERM");
        eventually("the old one is not ready any more", || async {
            (!balancer.is_ready(&old.url)).then_some(())
        })
        .await;
        assert_eq!(
            old.get("/mobile-data").await.status,
            200,
            "it took no requests any more"
        );
        assert_eq!(
            old.get("/mobile-data").await.header("connection"),
            Some("close")
        );
        assert_eq!(old.ended().await, Some(0));
        balancer.remove(&old.url);
        origins.push(new);
    }
    let led = eventually("a new one leads", || async {
        for origin in &origins {
            if origin.leads().await {
                return Some(origin.metric("leadership_epoch").await);
            }
        }
        None
    })
    .await;
    assert!(led > 0.0);
    done.store(true, Ordering::Relaxed);
    looking.await.unwrap();
    let mut total = 0;
    for client in clients {
        let (sent, failures) = client.await.unwrap();
        assert_eq!(failures, Vec::<String>::new(), "of {sent} requests");
        total += sent;
    }
    println!("{total} requests of {CLIENTS} clients during two restarts, none failed");
    assert!(total > CLIENTS * 10, "{total} requests are no load");
}
