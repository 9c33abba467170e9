//! The simulated exchange, asked over real HTTP: whoever tests against it must be able to rely on
//! it.

mod candles;
mod contracts;
mod faults;
mod market;
mod parsers;
mod publishers;
mod replay;
mod services;
mod streams;
mod venues;

use std::sync::Once;
use std::time::Duration;

use bytes::Bytes;
use reqwest::header::HeaderMap;
use reqwest::{Client, Method, StatusCode};
use serde_json::Value;
use simulator::{self, Clock, Config, Running};

/// 2026-08-09T20:46:57Z.
const NOW_MS: i64 = 1_786_310_817_197;
const MINUTE_MS: i64 = 60_000;
const HOUR_MS: i64 = 3_600_000;
const DAY_MS: i64 = 24 * HOUR_MS;

const TICKERS: &str = "/v5/market/tickers?category=linear";
const INSTRUMENTS: &str = "/v5/market/instruments-info?category=linear&limit=1000";
const GLOBAL: &str = "/api/v3/global";
const DEFI: &str = "/api/v3/global/decentralized_finance_defi";
const FEAR_GREED: &str = "/fng/?limit=1";

/// Busy and quiet, crypto and not, dear and cheap, with and without a move of its own.
const CONTRACTS: [&str; 8] = [
    "BTCUSDT",
    "ETHUSDT",
    "1000000BABYDOGEUSDT",
    "10000SATSUSDT",
    "USDCUSDT",
    "TSLAUSDT",
    "BTCPERP",
    "BTCUSDT-25DEC26",
];

/// A running simulator, a client and the simulator's clock.
struct Exchange {
    running: Running,
    client: Client,
    clock: Clock,
}

/// A complete answer.
struct Answer {
    status: StatusCode,
    headers: HeaderMap,
    body: Bytes,
}

impl Answer {
    #[track_caller]
    fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }
}

impl Exchange {
    /// A generated market whose clock stands still.
    async fn start() -> Self {
        Self::start_with(Config::default()).await
    }

    async fn start_with(config: Config) -> Self {
        let clock = Clock::stopped_at(NOW_MS);
        let config = Config {
            clock: clock.clone(),
            ..config
        };
        Self {
            running: simulator::start(config).await.unwrap(),
            client: client(),
            clock,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.running.base_url)
    }

    async fn try_get(&self, path: &str) -> reqwest::Result<Answer> {
        let response = self.client.get(self.url(path)).send().await?;
        Ok(Answer {
            status: response.status(),
            headers: response.headers().clone(),
            body: response.bytes().await?,
        })
    }

    async fn get(&self, path: &str) -> Answer {
        self.try_get(path).await.unwrap()
    }

    async fn json(&self, path: &str) -> Value {
        self.get(path).await.json()
    }

    async fn tickers(&self) -> Vec<Value> {
        list(&self.json(TICKERS).await)
    }

    async fn instruments(&self) -> Vec<Value> {
        list(&self.json(INSTRUMENTS).await)
    }

    async fn list(&self, path: &str) -> Vec<Value> {
        list(&self.json(path).await)
    }

    async fn ticker(&self, symbol: &str) -> Value {
        self.list(&format!("{TICKERS}&symbol={symbol}"))
            .await
            .remove(0)
    }

    /// Moves the clock on to a multiple of five minutes.
    fn to_the_full(&self) {
        self.clock
            .advance(5 * MINUTE_MS - self.clock.now_ms() % (5 * MINUTE_MS));
    }

    async fn control(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let mut request = self.client.request(method, self.url(path));
        if let Some(body) = body {
            request = request.body(body.to_string());
        }
        let response = request.send().await.unwrap();
        Answer {
            status: response.status(),
            headers: response.headers().clone(),
            body: response.bytes().await.unwrap(),
        }
    }

    async fn set_fault(&self, link: &str, fault: &Value) {
        let answer = self
            .control(Method::PUT, &format!("/control/faults/{link}"), Some(fault))
            .await;
        assert_eq!(
            answer.status,
            StatusCode::OK,
            "{}",
            String::from_utf8_lossy(&answer.body)
        );
    }

    async fn clear_faults(&self) {
        let answer = self.control(Method::DELETE, "/control/faults", None).await;
        assert_eq!(answer.status, StatusCode::NO_CONTENT);
    }
}

/// Every request on a connection of its own, so that a broken one does not spoil the next test.
fn client() -> Client {
    static PROVIDER: Once = Once::new();
    PROVIDER.call_once(|| {
        rustls::crypto::ring::default_provider()
            .install_default()
            .unwrap();
    });
    // Nothing here speaks TLS, so no certificates are read.
    Client::builder()
        .tls_certs_only([])
        .pool_max_idle_per_host(0)
        .no_proxy()
        .timeout(Duration::from_secs(20))
        .build()
        .unwrap()
}

#[track_caller]
fn list(body: &Value) -> Vec<Value> {
    assert_eq!(body["retCode"], 0, "{body}");
    body["result"]["list"].as_array().unwrap().clone()
}

#[track_caller]
fn text<'a>(row: &'a Value, field: &str) -> &'a str {
    row[field]
        .as_str()
        .unwrap_or_else(|| panic!("{field} is no string in {row}"))
}

#[track_caller]
fn number(row: &Value, field: &str) -> f64 {
    text(row, field)
        .parse()
        .unwrap_or_else(|_| panic!("{field} is no number in {row}"))
}

#[track_caller]
fn find<'a>(rows: &'a [Value], symbol: &str) -> &'a Value {
    rows.iter()
        .find(|row| row["symbol"] == symbol)
        .unwrap_or_else(|| panic!("there is no {symbol}"))
}

/// A row without names: start, open, high, low, close, volume, turnover; or price, size.
#[track_caller]
fn cells(row: &Value) -> Vec<f64> {
    let cells = row.as_array().unwrap().iter();
    cells
        .map(|cell| {
            cell.as_str()
                .unwrap_or_else(|| panic!("{row} holds no strings"))
                .parse()
                .unwrap()
        })
        .collect()
}

fn all_cells(rows: &[Value]) -> Vec<Vec<f64>> {
    rows.iter().map(cells).collect()
}

fn klines(symbol: &str, interval: &str, limit: usize) -> String {
    format!("/v5/market/kline?category=linear&symbol={symbol}&interval={interval}&limit={limit}")
}
