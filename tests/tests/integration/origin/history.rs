//! A history checker: origins fight for the lead while they and their Redis are killed, stopped and
//! failed over, while their clocks step, and while the link to Redis of one of them loses large
//! packets. Readers note what they see, origins log what they publish, and afterwards the one must
//! fit the other.
//!
//! `HISTORY_SECS` makes it as long as one likes; by default it is as long as one of each kind of
//! trouble takes.

use super::redis_group::RedisGroup;
use super::support::{Exchange, NarrowLink, Origin, client, eventually};
use serde_json::Value;
use shared::endpoints::{SNAPSHOT, StoreKey};
use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const ORIGINS: usize = 3;
const HTTP_READERS: usize = 45;
const REDIS_READERS: usize = 5;

/// The oldest data that a reader of a running origin may see. A fail-over takes the sentinels four
/// seconds and the lease one; the rest is for a machine that has more to do.
const MAX_AGE_MS: u64 = 30_000;

/// By how much an answer may call its data younger than it is. `Age` counts whole seconds, and an
/// origin whose clock stepped takes the time of upstreams that agree within seconds.
const MAX_FLATTERY_MS: u64 = 5_000;

/// The origin whose way to Redis leads over a link that can lose large packets, as behind a
/// balancer. The others ask the sentinels.
const BEHIND_LINK: usize = 2;

/// By how much clocks step: far more than any limit of age, and less than the hour by which a mark
/// may be ahead.
const STEP_S: i64 = 600;

/// Where readers find an origin, and which life of it this is.
#[derive(Default)]
struct Place {
    url: Mutex<String>,
    life: AtomicU64,
    /// Odd while the origin is stopped or dead: whether a reader is answered meanwhile is not
    /// judged.
    troubles: AtomicU64,
}

impl Place {
    fn toggle(&self) {
        self.troubles.fetch_add(1, Ordering::SeqCst);
    }

    fn is_away(&self) -> bool {
        !self.troubles.load(Ordering::SeqCst).is_multiple_of(2)
    }
}

/// What one reader saw.
#[derive(Default)]
struct Seen {
    reads: u64,
    /// Checksums by number, as they were seen.
    bodies: HashMap<(u64, u64), u32>,
    oldest_ms: u64,
    /// The most by which an answer called its data younger than it was.
    flattery_ms: u64,
    problems: Vec<String>,
}

impl Seen {
    /// Notes a body; `last` is what the same reader saw last of the same process.
    fn note(&mut self, body: &[u8], last: &mut (u64, u64)) {
        let Ok(snapshot) = serde_json::from_slice::<Value>(body) else {
            self.problems.push(format!(
                "no JSON: {}",
                String::from_utf8_lossy(&body[..body.len().min(80)])
            ));
            return;
        };
        let order = (
            snapshot["as_of_ms"].as_u64().unwrap_or(0),
            snapshot["sequence"].as_u64().unwrap_or(0),
        );
        if order < *last {
            self.problems
                .push(format!("{order:?} was seen after {last:?}"));
        }
        *last = order;
        self.reads += 1;
        let mut checksum = flate2::Crc::new();
        checksum.update(body);
        let first = *self
            .bodies
            .entry((order.1, order.0))
            .or_insert(checksum.sum());
        if first != checksum.sum() {
            self.problems.push(format!("{order:?} has two bodies"));
        }
    }
}

async fn read_http(place: Arc<Place>, done: Arc<AtomicBool>) -> Seen {
    let client = client();
    let (mut seen, mut last, mut life) = (Seen::default(), (0, 0), 0);
    while !done.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(40)).await;
        let before = (
            place.troubles.load(Ordering::SeqCst),
            place.life.load(Ordering::SeqCst),
        );
        let url = place.url.lock().unwrap().clone();
        let asked_ms = now_ms();
        let answer = client.get(format!("{url}{SNAPSHOT}")).send().await;
        let answer = match answer {
            Ok(answer) => {
                let status = answer.status().as_u16();
                let age = answer
                    .headers()
                    .get("age")
                    .and_then(|age| age.to_str().ok()?.parse::<u64>().ok());
                answer.bytes().await.map(|body| (status, age, body))
            }
            Err(error) => Err(error),
        };
        let after = (
            place.troubles.load(Ordering::SeqCst),
            place.life.load(Ordering::SeqCst),
        );
        let undisturbed = before == after && before.0.is_multiple_of(2);
        match answer {
            Ok((200, age, body)) if before.1 == after.1 => {
                if life != after.1 {
                    (life, last) = (after.1, (0, 0));
                }
                seen.note(&body, &mut last);
                // Never too young, whatever happens to the clock of who says it.
                let claimed_ms = age.unwrap_or(0) * 1_000;
                let true_ms = asked_ms.saturating_sub(last.0);
                seen.flattery_ms = seen.flattery_ms.max(true_ms.saturating_sub(claimed_ms));
                if undisturbed {
                    seen.oldest_ms = seen.oldest_ms.max(age.unwrap_or(u64::MAX / 1_000) * 1_000);
                }
            }
            Ok((status, ..)) if undisturbed => {
                seen.problems.push(format!("{url}: status {status}"));
            }
            Err(error) if undisturbed => seen.problems.push(format!("{url}: {error:?}")),
            _ => {}
        }
    }
    seen
}

/// Reads what is stored, as anybody may who has Redis. A server that took over may have missed the
/// last writes of the one before, so the order is that of one server.
async fn read_redis(primary: Arc<Mutex<String>>, done: Arc<AtomicBool>) -> Seen {
    let (mut seen, mut last, mut server) = (Seen::default(), (0, 0), String::new());
    while !done.load(Ordering::Relaxed) {
        tokio::time::sleep(Duration::from_millis(40)).await;
        let url = primary.lock().unwrap().clone();
        if server != url {
            (server, last) = (url, (0, 0));
        }
        let read = async {
            let mut connection = ::redis::Client::open(&*server)
                .unwrap()
                .get_multiplexed_async_connection()
                .await
                .ok()?;
            let get = ::redis::cmd("GET")
                .arg(StoreKey::Snapshot.name())
                .query_async(&mut connection)
                .await;
            get.ok().flatten()
        };
        let body: Option<Vec<u8>> = read.await;
        if let Some(body) = body {
            seen.note(&body, &mut last);
        }
    }
    seen
}

/// The time of the exchange, which is the machine's.
fn now_ms() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(now.as_millis()).unwrap()
}

/// What makes a program believe another wall time than the machine's, while its timers go on.
/// Debian's package libfaketime.
fn faketime_library() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").unwrap();
    folders
        .map(|folder| folder.unwrap().path().join("faketime/libfaketimeMT.so.1"))
        .find(|library| library.exists())
        .expect("libfaketime is not installed: run scripts/setup --for test")
}

/// The origins, their places, and the files that they log to and take their clocks' error from.
struct Stage {
    exchange: Exchange,
    group: RedisGroup,
    link: NarrowLink,
    origins: Vec<Option<Origin>>,
    places: Vec<Arc<Place>>,
    primary: Arc<Mutex<String>>,
    logs: tempfile::TempDir,
    lives: usize,
}

impl Stage {
    async fn set() -> Self {
        let (exchange, group) = (Exchange::start().await, RedisGroup::start().await);
        let primary = Arc::new(Mutex::new(group.primary().url()));
        let link = NarrowLink::to(group.primary().place().address()).await;
        let mut stage = Self {
            exchange,
            group,
            link,
            origins: (0..ORIGINS).map(|_| None).collect(),
            places: (0..ORIGINS).map(|_| Arc::default()).collect(),
            primary,
            logs: tempfile::tempdir().unwrap(),
            lives: 0,
        };
        for index in 0..ORIGINS {
            stage.begin(index).await;
        }
        stage
    }

    /// Starts an origin in its place and waits until it serves.
    async fn begin(&mut self, index: usize) {
        self.lives += 1;
        let url = if index == BEHIND_LINK {
            self.link.url()
        } else {
            self.group.url()
        };
        self.set_clock(index, 0);
        let (library, error) = (faketime_library(), self.clock_file(index));
        let variables = [
            ("LD_PRELOAD", library.to_str().unwrap()),
            ("FAKETIME_TIMESTAMP_FILE", error.to_str().unwrap()),
            ("FAKETIME_CACHE_DURATION", "1"),
            ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
            ("REDIS_URL", &*url),
            ("TICKERS_INTERVAL_MS", "250"),
            ("LEADER_LEASE_MS", "1000"),
            ("LOG_FORMAT", "json"),
            (
                "RUST_LOG",
                "warn,origin::publication=debug,origin::store::writer=debug",
            ),
        ];
        let log = self.logs.path().join(format!("origin-{}.log", self.lives));
        let origin = Origin::start_logging(self.exchange.url(), &variables, &log);
        origin.data().await;
        let place = &self.places[index];
        origin.url.clone_into(&mut place.url.lock().unwrap());
        place.life.store(self.lives as u64, Ordering::SeqCst);
        if place.is_away() {
            place.toggle();
        }
        self.origins[index] = Some(origin);
    }

    async fn leader(&self) -> usize {
        eventually("one leads", || async {
            for (index, origin) in self.origins.iter().enumerate() {
                if !self.places[index].is_away() && origin.as_ref()?.leads().await {
                    return Some(index);
                }
            }
            None
        })
        .await
    }

    /// The leader sleeps until another leads, and wakes.
    async fn stop_the_leader(&mut self) {
        let index = self.leader().await;
        self.stop(index);
        self.leader().await;
        self.wake(index).await;
    }

    fn stop(&self, index: usize) {
        self.places[index].toggle();
        self.origins[index].as_ref().unwrap().signal("STOP");
    }

    /// A stopped origin goes on. What it serves at its first breath is what it had; that is not
    /// newer than what others saw, nor does it go back.
    async fn wake(&self, index: usize) {
        let origin = self.origins[index].as_ref().unwrap();
        origin.signal("CONT");
        let served = || async { (origin.get("/health/ready").await.status == 200).then_some(()) };
        eventually("the sleeper is ready again", served).await;
        self.places[index].toggle();
    }

    /// The leader is killed, and another process begins in its place.
    async fn kill_the_leader(&mut self) {
        let index = self.leader().await;
        self.places[index].toggle();
        self.origins[index] = None;
        self.begin(index).await;
    }

    fn clock_file(&self, index: usize) -> PathBuf {
        self.logs.path().join(format!("clock-of-{index}"))
    }

    /// Sets the clock of an origin off by so many seconds.
    fn set_clock(&self, index: usize, by_s: i64) {
        // Renamed into place: a file that is half written would be no time.
        let draft = self.logs.path().join("clock-draft");
        std::fs::write(&draft, format!("{by_s:+}s")).unwrap();
        std::fs::rename(draft, self.clock_file(index)).unwrap();
    }

    /// The leader's clock steps, and is corrected. Its answers may call data older than they are
    /// until upstreams tell it the time, or be none; never younger.
    async fn step_the_clock(&self, by_s: i64) {
        let index = self.leader().await;
        let origin = self.origins[index].as_ref().unwrap();
        self.places[index].toggle();
        for by_s in [by_s, 0] {
            let before = now_ms();
            self.set_clock(index, by_s);
            eventually(
                "the origin serves what is younger than the step",
                || async {
                    // The library looks at the file once a second.
                    let answer = origin.get("/health/ready").await;
                    let is_new = self.newest(origin).await? > before + 2_000;
                    (answer.status == 200 && is_new).then_some(())
                },
            )
            .await;
        }
        self.places[index].toggle();
    }

    /// The time of what an origin serves as fresh.
    async fn newest(&self, origin: &Origin) -> Option<u64> {
        let answer = origin.get("/mobile-data").await;
        let is_fresh = answer.header("x-data-freshness") == Some("fresh");
        answer
            .header("x-data-as-of")
            .filter(|_| is_fresh)?
            .parse()
            .ok()
    }

    /// The origin behind the link leads, and its link loses large packets until another leads.
    async fn narrow_the_link(&self) {
        let others = (0..ORIGINS).filter(|index| *index != BEHIND_LINK);
        others.clone().for_each(|index| self.stop(index));
        eventually("the origin behind the link leads", || async {
            self.origins[BEHIND_LINK]
                .as_ref()?
                .leads()
                .await
                .then_some(())
        })
        .await;
        for index in others {
            self.wake(index).await;
        }
        self.link.narrow(true);
        eventually("another leads", || async {
            (self.leader().await != BEHIND_LINK).then_some(())
        })
        .await;
        self.link.narrow(false);
    }

    /// Tells the readers, and the link, who is the primary now.
    async fn find_primary(&mut self) {
        self.group.find_primary().await;
        self.link.lead_to(self.group.primary().place().address());
        self.group
            .primary()
            .url()
            .clone_into(&mut self.primary.lock().unwrap());
    }

    /// The primary is killed; its replica takes over, and gets a replica of its own.
    async fn fail_over(&mut self) {
        self.find_primary().await;
        self.group.fail_over().await;
        self.find_primary().await;
        self.leader().await;
        self.group.heal().await;
    }

    /// Redis answers nobody for longer than anybody waits for it.
    async fn stop_redis(&self) {
        self.group.primary().signal("STOP");
        tokio::time::sleep(Duration::from_millis(700)).await;
        self.group.primary().signal("CONT");
        self.leader().await;
    }

    async fn flush(&self) {
        let emptied = || async { self.group.flush().await.then_some(()) };
        eventually("the primary is emptied", emptied).await;
        self.leader().await;
    }

    /// Everything that the origins said.
    fn log(&self) -> Vec<Value> {
        let files: Vec<PathBuf> = std::fs::read_dir(self.logs.path())
            .unwrap()
            .map(|file| file.unwrap().path())
            .collect();
        let lines = files.iter().flat_map(|file| {
            let text = std::fs::read_to_string(file).unwrap();
            text.lines()
                .filter_map(|line| serde_json::from_str(line).ok())
                .collect::<Vec<Value>>()
        });
        lines.collect()
    }
}

/// What the log says.
#[derive(Default)]
struct Published {
    /// Checksums of what was served, by number and time.
    served: HashMap<(u64, u64), HashSet<u32>>,
    /// Epochs and times of what was written to Redis, by number.
    written: BTreeMap<u64, Vec<(u64, u64)>>,
}

fn published(log: &[Value]) -> Published {
    let Published {
        mut served,
        mut written,
    } = Published::default();
    for line in log {
        let fields = &line["fields"];
        let number = |name: &str| fields[name].as_u64();
        match fields["message"].as_str() {
            Some("serving") => {
                let key = (number("sequence").unwrap(), number("as_of_ms").unwrap());
                served
                    .entry(key)
                    .or_default()
                    .insert(u32::try_from(number("crc32").unwrap()).unwrap());
            }
            Some("written") => written
                .entry(number("sequence").unwrap())
                .or_default()
                .push((number("epoch").unwrap(), number("as_of_ms").unwrap())),
            _ => {}
        }
    }
    Published { served, written }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whatever_happens_to_origins_and_redis_every_reader_sees_one_history() {
    let least = std::env::var("HISTORY_SECS")
        .ok()
        .and_then(|secs| secs.parse().ok())
        .unwrap_or(0);
    let (began, mut stage) = (Instant::now(), Stage::set().await);
    let done = Arc::new(AtomicBool::new(false));
    let http = (0..HTTP_READERS).map(|reader| {
        tokio::spawn(read_http(
            Arc::clone(&stage.places[reader % ORIGINS]),
            Arc::clone(&done),
        ))
    });
    let redis = (0..REDIS_READERS)
        .map(|_| tokio::spawn(read_redis(Arc::clone(&stage.primary), Arc::clone(&done))));
    let readers: Vec<_> = http.chain(redis).collect();
    let mut rounds = 0;
    while rounds == 0 || began.elapsed() < Duration::from_secs(least) {
        stage.stop_the_leader().await;
        stage.kill_the_leader().await;
        stage.fail_over().await;
        stage.stop_redis().await;
        stage.flush().await;
        stage.step_the_clock(STEP_S).await;
        stage.step_the_clock(-STEP_S).await;
        stage.narrow_the_link().await;
        rounds += 1;
    }
    done.store(true, Ordering::Relaxed);

    let mut all_seen = Vec::new();
    for reader in readers {
        all_seen.push(reader.await.unwrap());
    }
    // Only now: what a reader saw last was logged before.
    let log = stage.log();
    let steps = log
        .iter()
        .filter(|line| {
            line["fields"]["message"]
                .as_str()
                .is_some_and(|it| it.contains("clock stepped"))
        })
        .count();
    assert!(
        steps >= 4 * rounds,
        "origins noticed {steps} steps of their clocks in {rounds} rounds"
    );
    let Published { served, written } = published(&log);
    let (mut reads, mut oldest_ms, mut flattery_ms, mut problems) = (0, 0, 0, Vec::new());
    for seen in all_seen {
        reads += seen.reads;
        oldest_ms = oldest_ms.max(seen.oldest_ms);
        flattery_ms = flattery_ms.max(seen.flattery_ms);
        problems.extend(seen.problems);
        for (key, checksum) in seen.bodies {
            if !served.get(&key).is_some_and(|all| all.contains(&checksum)) {
                problems.push(format!("nobody published {key:?} with checksum {checksum}"));
            }
        }
    }
    assert_eq!(problems, Vec::<String>::new());
    assert!(
        oldest_ms <= MAX_AGE_MS,
        "a running origin served data of {oldest_ms} ms ago"
    );
    assert!(
        flattery_ms <= MAX_FLATTERY_MS,
        "data was called {flattery_ms} ms younger than it was"
    );
    let mut last = (0, 0);
    for (sequence, writers) in &written {
        assert_eq!(writers.len(), 1, "{sequence} was written by {writers:?}");
        assert!(
            writers[0].0 >= last.0 && writers[0].1 >= last.1,
            "{sequence}: {:?} after {last:?}",
            writers[0]
        );
        last = writers[0];
    }
    let epochs: HashSet<u64> = written
        .values()
        .flatten()
        .map(|(epoch, _)| *epoch)
        .collect();
    assert!(
        epochs.len() > rounds * 2,
        "{} leaderships are no fight",
        epochs.len()
    );
    println!(
        "{reads} reads by {} readers of {} publications, {} written by {} leaderships, in {rounds} rounds of trouble and \
         {:?}: nothing went back, every body was published, one winner each; the oldest was {oldest_ms} ms old, and at most {flattery_ms} ms older than it was called",
        HTTP_READERS + REDIS_READERS,
        served.len(),
        written.len(),
        epochs.len(),
        began.elapsed()
    );
}
