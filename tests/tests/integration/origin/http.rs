//! Routes, headers, codings, conditional requests.

use super::support::{
    Answer, Exchange, Origin, PLENTY, STREAMED, assert_true_data, client, eventually,
};
use serde_json::Value;
use shared::endpoints::{CLIENT_ROUTES, HEALTH, LIVE, METRICS, READY, SNAPSHOT};
use std::io::Read;

async fn send(
    origin: &Origin,
    method: reqwest::Method,
    path: &str,
    headers: &[(&str, &str)],
) -> Answer {
    let mut request = client().request(method, format!("{}{path}", origin.url));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Answer::of(request.send().await.unwrap()).await
}

/// The first answer of a path that is data: what rests on the analysis waits for it.
async fn with_data(origin: &Origin, path: &str) -> Answer {
    eventually(&format!("{path} answers with data"), || async {
        let answer = origin.get(path).await;
        assert!(
            [200, 503].contains(&answer.status),
            "{path}: {}",
            answer.text
        );
        (answer.status == 200).then_some(answer)
    })
    .await
}

#[tokio::test]
async fn every_client_route_answers_with_data_and_its_headers() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[PLENTY, STREAMED]);
    for (path, _) in CLIENT_ROUTES {
        let answer = with_data(&origin, path).await;
        assert_eq!(answer.json()["status"], "success", "{path}");
        // The list of every contract is no body for a phone, and a tenth of this when compressed.
        let most = if path == "/api/contracts" {
            250_000
        } else {
            100_000
        };
        assert!(
            answer.bytes.len() < most,
            "{path} has {} bytes",
            answer.bytes.len()
        );
        assert_eq!(
            answer.header("content-type"),
            Some("application/json"),
            "{path}"
        );
        assert_eq!(
            answer.header("cache-control"),
            Some("max-age=5, stale-while-revalidate=10, stale-if-error=10"),
            "{path}"
        );
        assert!(answer.header("etag").unwrap().starts_with("W/\""), "{path}");
        assert!(
            answer
                .header("cache-status")
                .unwrap()
                .starts_with("snapshot; hit; ttl="),
            "{path}"
        );
        assert_eq!(answer.header("x-data-source"), Some("origin"), "{path}");
        assert_eq!(answer.header("x-market-data"), Some("simulated"), "{path}");
        assert_eq!(
            answer.header("x-content-type-options"),
            Some("nosniff"),
            "{path}"
        );
        assert_eq!(
            answer.header("access-control-allow-origin"),
            Some("*"),
            "{path}"
        );
        assert!(
            answer
                .header("access-control-expose-headers")
                .unwrap()
                .contains("Cache-Status"),
            "{path}"
        );
        assert!(answer.header("date").is_some(), "{path}");
        let age: u64 = answer.header("age").unwrap().parse().unwrap();
        assert!(age <= 15, "{path} is fresh at the age of {age} s");
    }
}

#[tokio::test]
async fn caches_may_keep_nothing_past_the_chosen_fresh_limit() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[("FRESH_S", "8")]);
    // One that lies ready, and one that is made for the request.
    for path in ["/mobile-data", "/api/dashboard/alerts/recent?limit=1"] {
        let answer = eventually(&format!("{path} is fresh"), async || {
            let answer = origin.get(path).await;
            (answer.header("x-data-freshness") == Some("fresh")).then_some(answer)
        })
        .await;
        let expected = "max-age=5, stale-while-revalidate=3, stale-if-error=3";
        assert_eq!(answer.header("cache-control"), Some(expected), "{path}");
    }
}

#[tokio::test]
async fn the_full_body_is_true_data_with_provenance() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[]);
    let answer = origin.data_where("the slow sources are in", |answer| {
        answer.status == 200
            && answer.json()["market_overview"]["fear_greed_value"].is_number()
            && answer.json()["market_overview"]["btc_dominance"].is_number()
    });
    let body = answer.await.json();
    assert_true_data(&body);
    assert_eq!(body["data_source"], "origin");
    assert_eq!(body["freshness"], "fresh");
    assert_eq!(body["sections"]["tickers"]["source"], "simulated:bybit");
    assert_eq!(
        body["sections"]["global_market"]["source"],
        "simulated:coingecko"
    );
    assert_eq!(
        body["sections"]["fear_greed"]["source"],
        "simulated:alternative_me"
    );
    assert_eq!(body["top_movers"]["gainers"].as_array().unwrap().len(), 5);
    assert_eq!(body["top_movers"]["losers"].as_array().unwrap().len(), 5);
    assert!(
        body["degraded"]
            .as_array()
            .unwrap()
            .contains(&"simulated_data".into())
    );
    assert_eq!(
        body["market_overview"]["active_symbols"], 514,
        "other than the crypto perpetuals that trade"
    );
}

#[tokio::test]
async fn no_row_is_a_share_a_metal_or_a_dated_future() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[PLENTY, STREAMED]);
    let url = format!(
        "{}/v5/market/instruments-info?category=linear&limit=1000",
        exchange.url()
    );
    let listed = Answer::of(client().get(url).send().await.unwrap())
        .await
        .json();
    let ours: Vec<&str> = listed["result"]["list"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|row| row["contractType"] == "LinearPerpetual" && row["settleCoin"] == "USDT")
        .filter(|row| row["symbolType"] == "" || row["symbolType"] == "innovation")
        .map(|row| row["symbol"].as_str().unwrap())
        .collect();
    for (path, _) in CLIENT_ROUTES {
        for symbol in symbols_in(&with_data(&origin, path).await.json()) {
            assert!(ours.contains(&symbol.as_str()), "{path} shows {symbol}");
        }
    }
}

/// Every value of a field named `symbol`, however deep.
fn symbols_in(value: &Value) -> Vec<String> {
    match value {
        Value::Array(items) => items.iter().flat_map(symbols_in).collect(),
        Value::Object(fields) => {
            let own = fields
                .get("symbol")
                .and_then(Value::as_str)
                .map(str::to_owned);
            own.into_iter()
                .chain(fields.values().flat_map(symbols_in))
                .collect()
        }
        _ => Vec::new(),
    }
}

#[tokio::test]
async fn each_coding_holds_the_same_body_under_its_own_etag() {
    let exchange = Exchange::start().await;
    // One snapshot for the whole test.
    let origin = Origin::start(exchange.url(), &[("TICKERS_INTERVAL_MS", "60000")]);
    let plain = origin.data().await;
    let gzipped = send(
        &origin,
        reqwest::Method::GET,
        "/mobile-data",
        &[("accept-encoding", "gzip")],
    )
    .await;
    let brotli = send(
        &origin,
        reqwest::Method::GET,
        "/mobile-data",
        &[("accept-encoding", "gzip, br")],
    )
    .await;
    assert_eq!(gzipped.header("content-encoding"), Some("gzip"));
    assert_eq!(brotli.header("content-encoding"), Some("br"));
    let mut unzipped = Vec::new();
    flate2::read::GzDecoder::new(gzipped.bytes.as_slice())
        .read_to_end(&mut unzipped)
        .unwrap();
    assert_eq!(unzipped, plain.bytes);
    let mut decoded = Vec::new();
    brotli::Decompressor::new(brotli.bytes.as_slice(), 4_096)
        .read_to_end(&mut decoded)
        .unwrap();
    assert_eq!(decoded, plain.bytes);
    let etags = [
        plain.header("etag"),
        gzipped.header("etag"),
        brotli.header("etag"),
    ];
    assert!(
        etags[0] != etags[1] && etags[1] != etags[2] && etags[0] != etags[2],
        "{etags:?}"
    );
    assert_eq!(plain.header("vary"), Some("Accept-Encoding"));
}

#[tokio::test]
async fn an_unchanged_body_is_a_304_without_one() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[("TICKERS_INTERVAL_MS", "60000")]);
    let first = origin.data().await;
    let etag = first.header("etag").unwrap();
    for known in [
        etag,
        &format!("\"other\", {etag}"),
        etag.trim_start_matches("W/"),
        "*",
    ] {
        let answer = send(
            &origin,
            reqwest::Method::GET,
            "/mobile-data",
            &[("if-none-match", known)],
        )
        .await;
        assert_eq!(answer.status, 304, "{known}");
        assert!(answer.bytes.is_empty());
        for name in [
            "cache-control",
            "etag",
            "vary",
            "date",
            "age",
            "cache-status",
        ] {
            assert!(answer.header(name).is_some(), "{name} is not repeated");
        }
        for name in ["content-type", "content-encoding"] {
            assert_eq!(answer.header(name), None);
        }
    }
    let other = send(
        &origin,
        reqwest::Method::GET,
        "/mobile-data",
        &[("if-none-match", "W/\"1-o1-1-fresh-x\"")],
    )
    .await;
    assert_eq!(
        (other.status, other.bytes),
        (200, first.bytes),
        "unchanged data changed its bytes"
    );
}

#[tokio::test]
async fn methods_and_paths_that_do_not_exist_are_problems() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[]);
    let get = origin.data().await;
    let head = send(&origin, reqwest::Method::HEAD, "/mobile-data", &[]).await;
    assert_eq!((head.status, head.bytes.len()), (200, 0));
    assert_eq!(head.header("content-type"), get.header("content-type"));
    let options = send(&origin, reqwest::Method::OPTIONS, "/mobile-data", &[]).await;
    assert_eq!(
        (options.status, options.header("allow")),
        (204, Some("GET, HEAD, OPTIONS"))
    );
    for method in [
        reqwest::Method::POST,
        reqwest::Method::PUT,
        reqwest::Method::DELETE,
        reqwest::Method::TRACE,
    ] {
        let answer = send(&origin, method.clone(), "/mobile-data", &[]).await;
        assert_eq!(
            (answer.status, answer.header("allow")),
            (405, Some("GET, HEAD, OPTIONS")),
            "{method}"
        );
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json")
        );
    }
    for path in [
        "/",
        "/mobile-data/",
        "/Mobile-Data",
        "/api/dashboard/%2e%2e/mobile-data",
        "/%00",
        "/<script>",
    ] {
        let answer = origin.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert_eq!(
            answer.header("content-type"),
            Some("application/problem+json")
        );
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        assert!(!answer.text.contains("script"), "the path is echoed");
    }
}

#[tokio::test]
async fn what_a_client_sends_beside_the_path_changes_nothing() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[("TICKERS_INTERVAL_MS", "60000")]);
    let plain = origin.data().await;
    let asked = exchange.requests("bybit-tickers").await;
    let long = "x".repeat(6_000);
    let hostile: [(&str, &[(&str, &str)]); 6] = [
        ("/mobile-data?t=1&symbol=DROP%20TABLE", &[]),
        (
            "/mobile-data",
            &[
                ("host", "evil.example"),
                ("x-forwarded-host", "evil.example"),
            ],
        ),
        (
            "/mobile-data",
            &[("cache-control", "no-cache"), ("pragma", "no-cache")],
        ),
        ("/mobile-data", &[("range", "bytes=0-10")]),
        (
            "/mobile-data",
            &[("x-http-method-override", "DELETE"), ("x-junk", &long)],
        ),
        (
            "/mobile-data",
            &[
                ("if-none-match", "W/\"\"\",,,"),
                ("accept-encoding", ";;q=,br;q=9e99"),
            ],
        ),
    ];
    for (path, headers) in hostile {
        let answer = send(&origin, reqwest::Method::GET, path, headers).await;
        assert_eq!(answer.status, 200, "{path} {headers:?}");
        if answer.header("content-encoding").is_none() {
            assert_eq!(answer.bytes, plain.bytes, "{path} {headers:?}");
        }
    }
    assert_eq!(
        exchange.requests("bybit-tickers").await,
        asked,
        "a request reached the exchange"
    );
}

#[tokio::test]
async fn the_snapshot_for_the_edge_is_kept_by_no_cache_and_passes_the_door() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[]);
    origin.data().await;
    let answer = origin.get(SNAPSHOT).await;
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let as_of: u64 = answer.header("x-data-as-of").unwrap().parse().unwrap();
    let now = shared::units::UnixMs::from_millis(as_of + 1_000);
    let valid =
        shared::validate::ValidSnapshot::from_json(&answer.bytes, now, Default::default()).unwrap();
    assert_eq!(valid.get().as_of_ms.as_millis(), as_of);
    assert_eq!(
        answer.header("x-data-quality"),
        Some(valid.quality().get().to_string().as_str())
    );
}

#[tokio::test]
async fn a_request_keeps_its_harmless_name_in_the_answer_and_the_log() {
    let exchange = Exchange::start().await;
    let log = tempfile::NamedTempFile::new().unwrap();
    let origin = Origin::start_logging(
        exchange.url(),
        &[("LOG_FORMAT", "json"), ("RUST_LOG", "info")],
        log.path(),
    );
    origin.data().await;
    let named = async |path, claimed: &str| {
        send(
            &origin,
            reqwest::Method::GET,
            path,
            &[("x-request-id", claimed)],
        )
        .await
    };
    // Asked again where the line was left out: before there was data, failures took up the second's
    // lines.
    let told = async |claimed: &str| {
        eventually(&format!("{claimed:?} is in the log"), async || {
            let answer = named(SNAPSHOT, claimed).await;
            let name = answer.header("x-request-id")?.to_owned();
            let text = std::fs::read_to_string(log.path()).unwrap();
            let lines = text
                .lines()
                .filter_map(|line| serde_json::from_str::<Value>(line).ok());
            let line = lines
                .map(|line| line["fields"].clone())
                .find(|line| line["request_id"] == name.as_str())?;
            Some((answer, name, line))
        })
        .await
    };
    let (answer, name, line) = told("edge.isolate_1-2").await;
    assert_eq!(name, "edge.isolate_1-2");
    assert_eq!(
        (&line["route"], &line["status"]),
        (&SNAPSHOT.into(), &200.into())
    );
    assert_eq!(line["as_of_ms"].as_str(), answer.header("x-data-as-of"));

    let long = "x".repeat(65);
    for hostile in ["a b", "\"x\"", "<script>", "é", "", &long] {
        let (_, name, _) = told(hostile).await;
        assert!(
            name.len() == 36 && name.bytes().all(|b| b.is_ascii_hexdigit() || b == b'-'),
            "{hostile:?}: {name}"
        );
    }
    let text = std::fs::read_to_string(log.path()).unwrap();
    assert!(
        !text.contains("<script>") && !text.contains(&long),
        "{text}"
    );

    assert_eq!(
        named("/nothing-here", "lost-1")
            .await
            .header("x-request-id"),
        Some("lost-1")
    );
    let fresh = eventually("the data is fresh", async || {
        let answer = named("/mobile-data", "client-1").await;
        (answer.header("x-data-freshness") == Some("fresh")).then_some(answer)
    });
    assert_eq!(
        fresh.await.header("x-request-id"),
        None,
        "a cache may keep this answer"
    );
}

#[tokio::test]
async fn health_and_metrics_tell_the_state_and_are_kept_by_no_cache() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[]);
    origin.data().await;
    for path in HEALTH.into_iter().chain([LIVE, READY, METRICS]) {
        let answer = origin.get(path).await;
        assert_eq!(answer.status, 200, "{path}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}");
    }
    let health = origin.get(READY).await.json();
    assert_eq!(
        (&health["status"], &health["ready"]),
        (&"fresh".into(), &true.into())
    );
    origin
        .counted("store_writes_total{outcome=\"written\"}", 1.0)
        .await;
    let page = eventually("the store's age is on the page", || async {
        let page = origin.get(METRICS).await.text;
        page.contains("cache_age_seconds{key=\"market:overview\"}")
            .then_some(page)
    })
    .await;
    for line in [
        "cache_quality_score{key=\"dashboard:mobile-data\"}",
        "upstream_requests_total{upstream=\"bybit_tickers\",class=\"ok\",outcome=\"ok\"}",
        "store_writes_total{outcome=\"written\"}",
        "http_requests_total{route=\"/mobile-data\",status=\"200\"}",
        "section_age_seconds{section=\"tickers\"}",
    ] {
        assert!(page.contains(line), "{line} is not on the page:\n{page}");
    }
}
