//! Starts the real programs, and waits on conditions.

#[path = "support/loopback.rs"]
mod loopback;
#[path = "support/narrow_link.rs"]
mod narrow_link;
#[path = "support/redis_server.rs"]
mod redis_server;
#[path = "support/rights.rs"]
mod rights;

pub(crate) use loopback::Loopback;
pub(crate) use narrow_link::NarrowLink;
pub(crate) use redis_server::{Redis, RedisPlace, Server};
pub(crate) use rights::{PASSWORD, documented_user};

use serde_json::{Value, json};
use simulator::{self, Running};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{LazyLock, Once, OnceLock};
use std::time::{Duration, Instant};
use tokio::runtime::Runtime;

/// How long a condition may take to come true. Long, for a loaded machine; nothing waits longer
/// than it must.
const PATIENCE: Duration = Duration::from_secs(120);

/// A budget with which everything is analysed within seconds.
pub(crate) const PLENTY: (&str, &str) = ("BYBIT_REQUESTS_PER_5S", "300");

/// With streams, which alone tell of liquidations.
pub(crate) const STREAMED: (&str, &str) = ("STREAMS", "on");

/// An HTTP client that follows nothing and uses no proxy.
pub(crate) fn client() -> reqwest::Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
    reqwest::Client::builder()
        .no_proxy()
        .no_gzip()
        // Nothing here speaks TLS, and reading the machine's certificates takes longer than a
        // test's other work.
        .tls_certs_only([])
        .redirect(reqwest::redirect::Policy::none())
        .timeout(Duration::from_secs(10))
        .build()
        .unwrap()
}

/// Asks until `condition` gives something.
#[track_caller]
pub(crate) fn eventually<T, F: Future<Output = Option<T>>>(
    what: &str,
    condition: impl Fn() -> F,
) -> impl Future<Output = T> {
    let started = Instant::now();
    let what = what.to_owned();
    async move {
        loop {
            if let Some(found) = condition().await {
                return found;
            }
            assert!(
                started.elapsed() < PATIENCE,
                "{what}: not within {PATIENCE:?}"
            );
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }
}

/// Where the exchange runs: threads of its own, so that it answers in time whatever its test does.
static MARKET: LazyLock<Runtime> = LazyLock::new(|| {
    tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap()
});

/// The simulated exchange, in this process.
pub(crate) struct Exchange {
    pub(crate) running: Running,
}

impl Exchange {
    pub(crate) async fn start() -> Self {
        Self::start_with(simulator::Config::default()).await
    }

    /// Starts one that is unlike the usual one.
    pub(crate) async fn start_with(config: simulator::Config) -> Self {
        let started = MARKET.spawn(simulator::start(config));
        Self {
            running: started.await.unwrap().unwrap(),
        }
    }

    pub(crate) fn url(&self) -> &str {
        &self.running.base_url
    }

    /// Breaks a part of it.
    pub(crate) async fn fault(&self, link: &str, fault: Value) {
        let url = format!("{}/control/faults/{link}", self.url());
        let answer = client()
            .put(url)
            .body(fault.to_string())
            .header("content-type", "application/json");
        let answer = answer.send().await.unwrap();
        assert!(
            answer.status().is_success(),
            "{fault}: {}",
            answer.text().await.unwrap()
        );
    }

    /// Mends it.
    pub(crate) async fn mend(&self) {
        let answer = client()
            .delete(format!("{}/control/faults", self.url()))
            .send()
            .await
            .unwrap();
        assert!(answer.status().is_success());
    }

    /// How often a part was asked.
    pub(crate) async fn requests(&self, link: &str) -> u64 {
        self.counts().await[link].as_u64().unwrap()
    }

    /// How often Bybit was asked for anything.
    pub(crate) async fn bybit_requests(&self) -> u64 {
        let counts = self.counts().await;
        let of_bybit = counts
            .as_object()
            .unwrap()
            .iter()
            .filter(|(link, _)| link.starts_with("bybit-"));
        of_bybit.map(|(_, count)| count.as_u64().unwrap()).sum()
    }

    async fn counts(&self) -> Value {
        let counts = client()
            .get(format!("{}/control/requests", self.url()))
            .send()
            .await
            .unwrap();
        let mut counts: Value = serde_json::from_slice(&counts.bytes().await.unwrap()).unwrap();
        counts["by_link"].take()
    }
}

/// The origin program. Ends with the value.
pub(crate) struct Origin {
    child: Child,
    pub(crate) url: String,
    /// Where operators are served, if they have a place of their own.
    operators: Option<String>,
}

/// What operators see of an origin.
pub(crate) struct Operators<'o>(&'o str);

impl Operators<'_> {
    /// One answer.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.get_with(path, reqwest::header::HeaderMap::new()).await
    }

    /// One answer to a request with these headers.
    pub(crate) async fn get_with(&self, path: &str, headers: reqwest::header::HeaderMap) -> Answer {
        Answer::of(
            client()
                .get(format!("{}{path}", self.0))
                .headers(headers)
                .send()
                .await
                .unwrap(),
        )
        .await
    }

    /// See [`Origin::metric`].
    pub(crate) async fn metric(&self, wanted: &str) -> f64 {
        metric(&self.get("/metrics").await.text, wanted)
    }
}

impl Origin {
    /// Starts it against an exchange, with further variables.
    pub(crate) fn start(exchange: &str, variables: &[(&str, &str)]) -> Self {
        Self::start_command(origin_command(), exchange, variables)
    }

    /// The same, with its log in a file.
    pub(crate) fn start_logging(exchange: &str, variables: &[(&str, &str)], log: &Path) -> Self {
        let mut command = origin_command();
        command.stderr(std::fs::File::create(log).unwrap());
        Self::start_command(command, exchange, variables)
    }

    fn start_command(mut command: Command, exchange: &str, variables: &[(&str, &str)]) -> Self {
        command
            .env("ORIGIN_LISTEN", "127.0.0.1:0")
            .env("DRAIN_DELAY_MS", "0")
            // Faults of the REST API are seen only where no stream makes up for them. The tests of
            // streams say that they want them.
            .env("STREAMS", "off")
            // Enough to see every rule; a hundred would be the same at more cost.
            .env("MONITORED_SYMBOLS", "40");
        for upstream in [
            "BYBIT_BASE_URL",
            "COINGECKO_BASE_URL",
            "FEAR_GREED_BASE_URL",
        ] {
            command.env(upstream, exchange);
        }
        command
            .envs(variables.iter().copied())
            .stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap())
            .lines()
            .map_while(Result::ok);
        let url = lines
            .next()
            .and_then(|line| Some(line.strip_prefix("origin listening on ")?.to_owned()));
        let has_operators = variables
            .iter()
            .any(|(name, _)| *name == "ORIGIN_OPERATOR_LISTEN");
        let operators = has_operators.then(|| {
            let line = lines
                .next()
                .and_then(|line| Some(line.strip_prefix("operators are served on ")?.to_owned()));
            line.expect("the origin did not say where operators are served")
        });
        Self {
            child,
            url: url.expect("the origin did not say where it listens"),
            operators,
        }
    }

    /// The same for one that may have so many files open.
    pub(crate) fn start_with_files(
        exchange: &str,
        variables: &[(&str, &str)],
        files: usize,
    ) -> Self {
        let origin = origin_command();
        let mut command = Command::new("sh");
        command
            .args(["-c", &format!("ulimit -n {files} && exec \"$0\"")])
            .arg(origin.get_program())
            .env_clear();
        command.envs(
            origin
                .get_envs()
                .filter_map(|(name, value)| Some((name, value?))),
        );
        Self::start_command(command, exchange, variables)
    }

    /// What operators see.
    pub(crate) fn of_operators(&self) -> Operators<'_> {
        Operators(
            self.operators
                .as_deref()
                .expect("operators have no place of their own here"),
        )
    }

    /// One answer.
    pub(crate) async fn get(&self, path: &str) -> Answer {
        Answer::of(
            client()
                .get(format!("{}{path}", self.url))
                .send()
                .await
                .unwrap(),
        )
        .await
    }

    /// The first answer to `/mobile-data` of an origin that may not take every connection.
    pub(crate) async fn data_after_refusals(&self) -> Answer {
        eventually("the origin takes a connection", || async {
            let answer = client()
                .get(format!("{}/mobile-data", self.url))
                .send()
                .await
                .ok()?;
            Some(Answer::of(answer).await).filter(|answer| answer.status == 200)
        })
        .await
    }

    /// The first answer to `/mobile-data` that is data.
    pub(crate) async fn data(&self) -> Answer {
        eventually("the origin serves data", || async {
            let answer = self.get("/mobile-data").await;
            (answer.status == 200).then_some(answer)
        })
        .await
    }

    /// The first body of `/mobile-data` that fits.
    pub(crate) async fn data_where(&self, what: &str, fits: impl Fn(&Answer) -> bool) -> Answer {
        eventually(what, || async {
            let answer = self.get("/mobile-data").await;
            fits(&answer).then_some(answer)
        })
        .await
    }

    /// Waits until a metric is at least so high.
    pub(crate) async fn counted(&self, name: &str, at_least: f64) -> f64 {
        eventually(&format!("{name} is at least {at_least}"), || async {
            let value = self.metric(name).await;
            (value >= at_least).then_some(value)
        })
        .await
    }

    /// What the process says of its leadership.
    pub(crate) async fn leads(&self) -> bool {
        self.metric("leadership_leading").await >= 1.0
    }

    /// The sum of a metric's values that have these labels, such as
    /// `store_writes_total{outcome="written"}`; labels that are not named may be anything. Zero
    /// when there is none.
    pub(crate) async fn metric(&self, wanted: &str) -> f64 {
        metric(&self.get("/metrics").await.text, wanted)
    }

    /// The number of the process.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal.
    pub(crate) fn signal(&self, name: &str) {
        signal(self.child.id(), name);
    }

    /// Waits for the end; gives the exit code.
    pub(crate) async fn ended(&mut self) -> Option<i32> {
        let started = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(started.elapsed() < PATIENCE, "the origin did not end");
            tokio::time::sleep(Duration::from_millis(25)).await;
        }
    }
}

impl Drop for Origin {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn metric(page: &str, wanted: &str) -> f64 {
    let (name, labels) = wanted
        .trim_end_matches('}')
        .split_once('{')
        .unwrap_or((wanted, ""));
    let labels: Vec<&str> = labels
        .split(',')
        .filter(|label| !label.is_empty())
        .collect();
    let samples = page
        .lines()
        .filter_map(|line| line.strip_prefix(name)?.rsplit_once(' '));
    samples
        .filter(|(of, _)| of.is_empty() || of.starts_with('{'))
        .filter(|(of, _)| labels.iter().all(|label| of.contains(label)))
        .map(|(_, value)| value.parse::<f64>().unwrap())
        .sum()
}

/// The origin program with a clean environment.
pub(crate) fn origin_command() -> Command {
    let mut command = Command::new(origin_program());
    command
        .env_clear()
        .env("RUST_LOG", "warn")
        .env("PATH", std::env::var_os("PATH").unwrap_or_default());
    command
}

/// The program that `ORIGIN_BIN` names, else the one that cargo builds.
fn origin_program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        if let Some(named) = std::env::var_os("ORIGIN_BIN") {
            return named.into();
        }
        let built = Command::new(env!("CARGO"))
            .args(["build", "--quiet", "--package", "origin"])
            .status()
            .unwrap();
        assert!(built.success(), "the origin does not build");
        // This test's program lies in target/PROFILE/deps, the origin in target/PROFILE.
        let here = std::env::current_exe().unwrap();
        here.parent().and_then(Path::parent).unwrap().join("origin")
    })
}

fn signal(process: u32, name: &str) {
    let sent = Command::new("kill")
        .args([&format!("-{name}"), &process.to_string()])
        .status()
        .unwrap();
    assert!(sent.success(), "could not send {name} to {process}");
}

/// A whole answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) bytes: Vec<u8>,
    pub(crate) text: String,
}

impl Answer {
    pub(crate) async fn of(response: reqwest::Response) -> Self {
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let bytes = response.bytes().await.unwrap().to_vec();
        Self {
            status,
            headers,
            text: String::from_utf8_lossy(&bytes).into_owned(),
            bytes,
        }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }
}

/// Every number of a body that is a price, volume or capitalisation is above zero, and no row is a
/// placeholder.
#[track_caller]
pub(crate) fn assert_true_data(body: &Value) {
    assert_eq!(body["status"], "success");
    let scores = body["confluence_scores"].as_array().unwrap();
    assert!(scores.len() >= 30, "{} scores", scores.len());
    let movers = &body["top_movers"];
    for row in scores
        .iter()
        .chain(movers["gainers"].as_array().unwrap())
        .chain(movers["losers"].as_array().unwrap())
    {
        assert!(row["price"].as_f64().unwrap() > 0.0, "{row}");
        assert!(
            row["symbol"]
                .as_str()
                .unwrap()
                .chars()
                .all(char::is_alphanumeric),
            "{row}"
        );
    }
    let overview = &body["market_overview"];
    for field in ["btc_price", "total_volume_24h", "total_turnover"] {
        assert!(
            overview[field].as_f64().unwrap() > 0.0,
            "{field} is {}",
            overview[field]
        );
    }
    for field in [
        "btc_dominance",
        "total_market_cap",
        "coingecko_volume_24h",
        "defi_market_cap",
    ] {
        let value = &overview[field];
        assert!(
            value.is_null() || value.as_f64().unwrap() > 0.0,
            "{field} is {value}"
        );
    }
}

/// A fault without parameters.
pub(crate) fn fault(kind: &str) -> Value {
    json!({ "kind": kind })
}
