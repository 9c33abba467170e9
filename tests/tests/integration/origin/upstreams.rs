//! Upstreams that fail in every way they can: clients keep getting true data, marked by its age, or
//! a problem.

use super::support::{Exchange, Origin, assert_true_data, eventually, fault};
use serde_json::{Value, json};

/// Short limits, so that a test sees every class within seconds.
const SHORT_LIMITS: [(&str, &str); 5] = [
    ("TICKERS_INTERVAL_MS", "250"),
    ("REFRESH_AFTER_S", "1"),
    ("FRESH_S", "2"),
    ("AGING_S", "4"),
    ("STALE_S", "6"),
];

#[tokio::test]
async fn before_the_first_snapshot_every_data_path_is_a_503_problem() {
    let exchange = Exchange::start().await;
    exchange
        .fault("bybit", json!({ "kind": "status", "status": 503 }))
        .await;
    let origin = Origin::start(exchange.url(), &[]);
    let problem = eventually("the failure is known", || async {
        let answer = origin.get("/mobile-data").await;
        assert_eq!(answer.status, 503, "{}", answer.text);
        answer.text.contains("http_503").then_some(answer)
    })
    .await;
    assert_eq!(
        problem.header("content-type"),
        Some("application/problem+json")
    );
    assert_eq!(problem.header("cache-control"), Some("no-store"));
    assert_eq!(problem.header("cache-status"), None);
    let pause: u32 = problem.header("retry-after").unwrap().parse().unwrap();
    assert!((3..=10).contains(&pause));
    assert_eq!(problem.json()["retry_after"], pause);
    for (path, _) in shared::endpoints::CLIENT_ROUTES {
        assert_eq!(origin.get(path).await.status, 503, "{path}");
    }
    assert_eq!(origin.get("/health/ready").await.status, 503);
    assert_eq!(origin.get("/health/live").await.status, 200);
    exchange.mend().await;
    assert_true_data(&origin.data().await.json());
}

#[tokio::test]
async fn the_first_snapshot_waits_for_neither_the_next_round_nor_a_slow_source() {
    let exchange = Exchange::start().await;
    exchange.fault("coingecko", fault("hang")).await;
    exchange.fault("fear-greed", fault("hang")).await;
    // The list comes well after the tickers; without it no contract counts. The next round is a
    // minute away.
    exchange
        .fault("bybit-instruments", json!({ "kind": "delay", "ms": 600 }))
        .await;
    let origin = Origin::start(exchange.url(), &[("TICKERS_INTERVAL_MS", "60000")]);
    let body = origin.data().await.json();
    assert_true_data(&body);
    assert_eq!(exchange.requests("bybit-tickers").await, 1);
    assert_eq!(body["market_overview"]["btc_dominance"], Value::Null);
}

#[tokio::test]
async fn a_missing_source_is_null_with_its_reason_and_comes_back_by_itself() {
    let exchange = Exchange::start().await;
    exchange
        .fault("coingecko", json!({ "kind": "status", "status": 500 }))
        .await;
    exchange.fault("fear-greed", fault("html_200")).await;
    let origin = Origin::start(exchange.url(), &[("TICKERS_INTERVAL_MS", "250")]);
    let body = origin
        .data_where("the reasons are known", |answer| {
            let degraded = &answer.json()["degraded"];
            degraded.to_string().contains("global_market_http_500")
                && degraded.to_string().contains("fear_greed_html_body")
        })
        .await
        .json();
    assert_true_data(&body);
    let overview = &body["market_overview"];
    for field in [
        "btc_dominance",
        "eth_dominance",
        "stablecoin_dominance",
        "altcoin_dominance",
        "altcoin_season",
        "total_market_cap",
        "market_cap_change_24h",
        "coingecko_volume_24h",
        "total_volume",
        "volume_mcap_ratio",
        "fear_greed_value",
        "fear_greed_label",
        "defi_market_cap",
        "defi_dominance",
        "active_cryptocurrencies",
    ] {
        assert_eq!(overview[field], Value::Null, "{field} was invented");
    }
    assert_eq!(body["sections"]["global_market"]["status"], "unavailable");
    assert_eq!(body["sections"]["global_market"]["reason"], "http_500");
    exchange.mend().await;
    let body = origin
        .data_where("the source is back", |answer| {
            answer.json()["market_overview"]["btc_dominance"].is_number()
        })
        .await
        .json();
    assert_true_data(&body);
}

#[tokio::test]
async fn data_is_marked_as_it_ages_and_refused_when_it_is_too_old() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &SHORT_LIMITS);
    origin.data().await;
    exchange.fault("bybit-tickers", fault("hang")).await;
    let aging = origin
        .data_where("data ages", |answer| {
            answer.header("x-data-freshness") == Some("aging")
        })
        .await;
    assert_eq!(aging.status, 200);
    assert_eq!(aging.header("cache-control"), Some("no-cache"));
    let body = aging.json();
    assert_true_data(&body);
    assert_eq!(
        (&body["freshness"], &body["data_source"]),
        (&"aging".into(), &"origin".into())
    );
    let stale = origin
        .data_where("data is stale", |answer| {
            answer.header("x-data-freshness") == Some("stale")
        })
        .await;
    assert_eq!(stale.header("cache-control"), Some("no-store"));
    assert!(stale.header("cache-status").unwrap().contains("ttl=-"));
    let body = stale.json();
    assert_true_data(&body);
    assert_eq!(
        (&body["freshness"], &body["data_source"]),
        (&"stale".into(), &"last_known_good".into())
    );
    assert_ne!(
        stale.header("etag"),
        aging.header("etag"),
        "two bodies share an ETag"
    );
    assert_eq!(origin.get("/health/ready").await.status, 503);
    let refused = origin
        .data_where("data is too old", |answer| answer.status != 200)
        .await;
    assert_eq!(
        (refused.status, refused.header("content-type")),
        (503, Some("application/problem+json"))
    );
    exchange.mend().await;
    assert_true_data(&origin.data().await.json());
}

/// Sets a fault of the ticker table, waits until it was met and named, and checks that what was
/// served before stays.
async fn check_survives(exchange: &Exchange, origin: &Origin, broken: Value, outcome: &str) {
    let counted =
        format!("upstream_requests_total{{upstream=\"bybit_tickers\",outcome=\"{outcome}\"}}");
    let before = origin.metric(&counted).await;
    exchange.fault("bybit-tickers", broken.clone()).await;
    eventually(&format!("{broken} is counted as {outcome}"), || async {
        let answer = origin.get("/mobile-data").await;
        assert_eq!(answer.status, 200, "{broken}");
        assert_true_data(&answer.json());
        (origin.metric(&counted).await > before).then_some(())
    })
    .await;
    exchange.mend().await;
    let mended_from = origin
        .get("/mobile-data")
        .await
        .header("x-data-as-of")
        .unwrap()
        .to_owned();
    origin
        .data_where(&format!("data moves on after {broken}"), |answer| {
            answer.header("x-data-as-of") != Some(&mended_from)
        })
        .await;
}

#[tokio::test]
async fn answers_that_are_no_data_never_replace_data() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[("TICKERS_INTERVAL_MS", "250")]);
    origin.data().await;
    let broken = [
        (json!({ "kind": "status", "status": 500 }), "http_500"),
        (fault("reset"), "broken_off"),
        (fault("truncate"), "broken_off"),
        (
            json!({ "kind": "truncate", "mode": "short_json" }),
            "truncated_body",
        ),
        (fault("html_200"), "html_body"),
        (fault("empty_body"), "empty_body"),
        (fault("empty_list"), "empty_list"),
        (fault("empty_result"), "result_missing"),
        (fault("null_result"), "result_missing"),
        (
            json!({ "kind": "huge", "bytes": 20_000_000 }),
            "body_too_large",
        ),
    ];
    for (broken, outcome) in broken {
        check_survives(&exchange, &origin, broken, outcome).await;
    }
}

/// The scored symbols but for the two that every market has: more than one in twenty of all
/// contracts.
async fn minor_symbols(origin: &Origin) -> Vec<String> {
    let body = origin.get("/mobile-data").await.json();
    let symbols = body["confluence_scores"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["symbol"].as_str().unwrap().to_owned());
    symbols
        .filter(|symbol| symbol != "BTCUSDT" && symbol != "ETHUSDT")
        .collect()
}

#[tokio::test]
async fn tables_that_cannot_be_the_market_are_rejected_by_name() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[("TICKERS_INTERVAL_MS", "250")]);
    origin.data().await;
    let broken = [
        fault("zero_prices"),
        fault("nan_prices"),
        fault("negative_prices"),
        fault("null_prices"),
        json!({ "kind": "few_rows", "rows": 3 }),
        json!({ "kind": "zero_prices_of", "symbols": ["BTCUSDT"] }),
        json!({ "kind": "zero_prices_of", "symbols": ["ETHUSDT"] }),
        json!({ "kind": "zero_prices_of", "symbols": minor_symbols(&origin).await }),
        json!({ "kind": "scale_all", "factor": 10, "fields": "last" }),
    ];
    for broken in broken {
        check_survives(&exchange, &origin, broken, "rejected").await;
    }
    assert!(
        origin
            .metric("snapshot_rejections_total{reason=\"bitcoin_missing\"}")
            .await
            >= 1.0
    );
    assert!(
        origin
            .metric("snapshot_rejections_total{reason=\"major_missing\"}")
            .await
            >= 1.0
    );
    // Rows that repeat one another contradict nothing.
    exchange
        .fault("bybit-tickers", fault("duplicate_symbols"))
        .await;
    let written = origin.metric("snapshots_published_total").await;
    origin
        .counted("snapshots_published_total", written + 2.0)
        .await;
    assert_true_data(&origin.data().await.json());
    assert!(
        origin
            .metric("snapshot_rejections_total{reason=\"too_many_rows_refused\"}")
            .await
            >= 1.0
    );
}

#[tokio::test]
async fn a_single_bad_row_is_left_out_and_counted_and_the_rest_is_served() {
    let exchange = Exchange::start().await;
    exchange
        .fault(
            "bybit-tickers",
            json!({ "kind": "scale_price", "symbol": "SOLUSDT", "factor": 10 }),
        )
        .await;
    let origin = Origin::start(exchange.url(), &[("TICKERS_INTERVAL_MS", "250")]);
    let body = origin.data().await.json();
    assert_true_data(&body);
    assert_eq!(body["market_overview"]["active_symbols"], 513);
    assert!(!body.to_string().contains("SOLUSDT"));
    assert!(
        origin
            .metric("ticker_rows_refused_total{reason=\"price_contradicted\"}")
            .await
            >= 1.0
    );
}

#[tokio::test]
async fn placeholders_and_markup_in_the_table_never_reach_a_body() {
    let exchange = Exchange::start().await;
    exchange
        .fault("bybit-tickers", fault("placeholder_symbol"))
        .await;
    let origin = Origin::start(exchange.url(), &[]);
    origin.data().await;
    for (path, _) in shared::endpoints::CLIENT_ROUTES {
        let text = origin.get(path).await.text;
        assert!(
            !["SYSTEM_STATUS", "<script", "alert(1)"]
                .iter()
                .any(|foreign| text.contains(foreign)),
            "{path}: {text}"
        );
    }
}

#[tokio::test]
async fn drift_of_the_wire_format_that_keeps_its_meaning_is_no_failure() {
    let exchange = Exchange::start().await;
    for drift in ["number_prices", "extra_fields"] {
        exchange.fault("bybit-tickers", fault(drift)).await;
        let origin = Origin::start(exchange.url(), &[]);
        assert_true_data(&origin.data().await.json());
    }
}

#[tokio::test]
async fn a_clock_that_runs_ahead_is_refused_by_name_and_one_behind_makes_data_old() {
    let exchange = Exchange::start().await;
    exchange
        .fault("bybit", json!({ "kind": "clock_skew", "ms": 3_600_000 }))
        .await;
    let ahead = Origin::start(exchange.url(), &[]);
    // Were it taken for "now", a clock that runs ahead would make every old table young.
    ahead
        .counted(
            "snapshot_rejections_total{reason=\"venue_clock_ahead\"}",
            1.0,
        )
        .await;
    let refused = ahead.get("/mobile-data").await;
    assert_eq!(refused.status, 503, "{}", refused.text);
    assert!(
        refused.text.contains("venue_clock_ahead"),
        "{}",
        refused.text
    );
    exchange
        .fault("bybit", json!({ "kind": "clock_skew", "ms": 2_000 }))
        .await;
    let answer = ahead.data().await;
    let as_of: u64 = answer.header("x-data-as-of").unwrap().parse().unwrap();
    let now = std::time::SystemTime::now()
        .duration_since(std::time::UNIX_EPOCH)
        .unwrap()
        .as_millis();
    assert!(
        u128::from(as_of) <= now,
        "data from {as_of} was served at {now}"
    );
    exchange
        .fault("bybit", json!({ "kind": "clock_skew", "ms": -3_600_000 }))
        .await;
    let behind = Origin::start(exchange.url(), &[]);
    eventually("the table was met", || async {
        let answer = behind.get("/mobile-data").await;
        assert_eq!(
            answer.status, 503,
            "data of an hour ago was served: {}",
            answer.text
        );
        (behind.metric("snapshots_published_total").await >= 1.0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_frozen_exchange_is_known_by_a_time_that_stands_still() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &SHORT_LIMITS);
    origin.data().await;
    exchange.fault("bybit-tickers", fault("frozen")).await;
    let refused = origin
        .data_where("frozen data is refused in the end", |answer| {
            answer.status == 503
        })
        .await;
    assert!(refused.text.contains("not_newer"), "{}", refused.text);
    assert!(
        origin
            .metric("snapshot_rejections_total{reason=\"not_newer\"}")
            .await
            >= 1.0
    );
}

#[tokio::test]
async fn a_market_that_stands_still_behind_a_gateway_that_answers_grows_old() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &SHORT_LIMITS);
    let lively = origin.data().await;
    exchange
        .fault("bybit-tickers", json!({ "kind": "still_rows" }))
        .await;
    let aging =
        |answer: &super::support::Answer| answer.header("x-data-freshness") == Some("aging");
    let aged = origin
        .data_where("prices that stand still are marked", aging)
        .await;
    assert!(aged.header("x-data-as-of") >= lively.header("x-data-as-of"));
    let refused = origin
        .data_where("and are refused in the end", |answer| answer.status == 503)
        .await;
    assert!(refused.text.contains("market_still"), "{}", refused.text);
    assert!(
        origin
            .metric("snapshot_rejections_total{reason=\"market_still\"}")
            .await
            >= 1.0
    );
    assert!(origin.metric("market_still_seconds").await > 0.0);
    exchange.mend().await;
    let fresh =
        |answer: &super::support::Answer| answer.header("x-data-freshness") == Some("fresh");
    assert_true_data(&origin.data_where("it moves again", fresh).await.json());
    eventually("the metric says so", || async {
        (origin.metric("market_still_seconds").await == 0.0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_ban_and_a_blocked_country_are_left_alone() {
    for (kind, outcome) in [
        ("geo_403", "forbidden_region"),
        ("rate_403", "forbidden_rate_limit"),
    ] {
        let exchange = Exchange::start().await;
        let origin = Origin::start(exchange.url(), &[("TICKERS_INTERVAL_MS", "250")]);
        origin.data().await;
        exchange.fault("bybit-tickers", fault(kind)).await;
        let counted =
            format!("upstream_requests_total{{upstream=\"bybit_tickers\",outcome=\"{outcome}\"}}");
        eventually("the refusal is named", || async {
            (origin.metric(&counted).await >= 1.0).then_some(())
        })
        .await;
        let asked = exchange.requests("bybit-tickers").await;
        // Eight rounds' worth of time, measured by another source of the same process that goes on
        // being served.
        let before = origin.get("/mobile-data").await;
        let age =
            |answer: &super::support::Answer| answer.header("age").unwrap().parse::<u64>().unwrap();
        origin
            .data_where("time passes", |answer| age(answer) >= age(&before) + 2)
            .await;
        assert_eq!(
            exchange.requests("bybit-tickers").await,
            asked,
            "{kind} was asked again"
        );
    }
}

#[tokio::test]
async fn too_many_visits_inside_a_200_is_a_refusal_and_not_data() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[("TICKERS_INTERVAL_MS", "250")]);
    origin.data().await;
    let broken = json!({ "kind": "ret_code", "code": 10006, "message": "Too many visits!" });
    exchange.fault("bybit-tickers", broken).await;
    let counted =
        "upstream_requests_total{upstream=\"bybit_tickers\",outcome=\"refused_by_venue\"}";
    eventually("the refusal is named", || async {
        (origin.metric(counted).await >= 1.0).then_some(())
    })
    .await;
    assert_true_data(&origin.get("/mobile-data").await.json());
}

/// A fault of the ticker table that lasts for so many tables.
fn for_tables(mut fault: Value, times: u64) -> Value {
    fault["times"] = times.into();
    fault
}

fn price(body: &Value, symbol: &str) -> Option<f64> {
    let row = body["confluence_scores"]
        .as_array()
        .unwrap()
        .iter()
        .find(|row| row["symbol"] == symbol)?;
    row["price"].as_f64()
}

#[tokio::test]
async fn a_price_that_leaps_for_two_tables_is_left_out_and_never_seen() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[("TICKERS_INTERVAL_MS", "250")]);
    let usual = price(&origin.data().await.json(), "SOLUSDT").expect("SOLUSDT is no score");
    let leap = json!({ "kind": "scale_price", "symbol": "SOLUSDT", "factor": 10, "fields": "all" });
    exchange.fault("bybit-tickers", for_tables(leap, 2)).await;
    let counted = "ticker_rows_refused_total{reason=\"price_leapt\"}";
    let check = || async {
        let body = origin.get("/mobile-data").await.json();
        assert_true_data(&body);
        let found = price(&body, "SOLUSDT");
        assert!(
            found.is_none_or(|found| found < usual * 2.0),
            "{found:?} was served; it is {usual}"
        );
        found
    };
    eventually("both are counted", || async {
        check().await;
        (origin.metric(counted).await >= 2.0).then_some(())
    })
    .await;
    eventually("it is back", check).await;
    assert_eq!(origin.metric(counted).await, 2.0);
}

#[tokio::test]
async fn a_wild_table_is_quarantined_and_believed_when_two_more_say_the_same() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[("TICKERS_INTERVAL_MS", "250")]);
    let usual = price(&origin.data().await.json(), "BTCUSDT").unwrap();
    let wild = json!({ "kind": "scale_all", "factor": 10, "fields": "all" });
    let counted = "snapshot_rejections_total{reason=\"wild_table\"}";
    exchange
        .fault("bybit-tickers", for_tables(wild.clone(), 2))
        .await;
    eventually("both are quarantined", || async {
        let served = price(&origin.get("/mobile-data").await.json(), "BTCUSDT").unwrap();
        assert!(served < usual * 2.0, "{served} was served; it is {usual}");
        (origin.metric(counted).await >= 2.0).then_some(())
    })
    .await;
    let held = origin.get("/mobile-data").await;
    let newer = |answer: &super::support::Answer| {
        answer.header("x-data-as-of") > held.header("x-data-as-of")
    };
    let next = origin
        .data_where("the market as it was is believed at once", newer)
        .await;
    assert!(price(&next.json(), "BTCUSDT").unwrap() < usual * 2.0);
    assert_eq!(origin.metric(counted).await, 2.0);
    exchange.fault("bybit-tickers", wild).await;
    let high =
        |answer: &super::support::Answer| price(&answer.json(), "BTCUSDT").unwrap() > usual * 5.0;
    let before = origin.data().await;
    let believed = origin
        .data_where("what stays is believed in the end", high)
        .await;
    // Two at least, and at this pace as many as come within three seconds.
    assert!(origin.metric(counted).await >= 4.0);
    let as_of = |answer: &super::support::Answer| answer.json()["as_of_ms"].as_u64().unwrap();
    assert!(as_of(&believed) - as_of(&before) >= 3_000);
}

#[tokio::test]
async fn a_follower_that_takes_the_lead_judges_by_what_the_leader_published() {
    let (exchange, redis) = (
        Exchange::start().await,
        super::support::Redis::start().await,
    );
    let url = redis.url();
    let variables = [
        ("REDIS_URL", &*url),
        ("TICKERS_INTERVAL_MS", "250"),
        ("LEADER_LEASE_MS", "1000"),
    ];
    let first = Origin::start(exchange.url(), &variables);
    first.counted("leadership_leading", 1.0).await;
    let second = Origin::start(exchange.url(), &variables);
    let usual = price(&second.data().await.json(), "BTCUSDT").unwrap();
    let wild = json!({ "kind": "scale_all", "factor": 10, "fields": "all" });
    drop(first);
    exchange.fault("bybit-tickers", for_tables(wild, 2)).await;
    eventually(
        "the first tables of the new leader are quarantined",
        || async {
            let served = price(&second.get("/mobile-data").await.json(), "BTCUSDT").unwrap();
            assert!(served < usual * 2.0, "{served} was served; it is {usual}");
            (second
                .metric("snapshot_rejections_total{reason=\"wild_table\"}")
                .await
                >= 2.0)
                .then_some(())
        },
    )
    .await;
    exchange.mend().await;
    second
        .counted("store_writes_total{outcome=\"written\"}", 1.0)
        .await;
}

#[tokio::test]
async fn a_stated_end_of_a_rate_limit_is_waited_for() {
    for (fault, outcome) in [
        (
            json!({ "kind": "status_429", "retry_after_s": 30 }),
            "http_429",
        ),
        (
            json!({ "kind": "ret_code", "code": 10006, "message": "Too many visits!" }),
            "refused_by_venue",
        ),
    ] {
        let exchange = Exchange::start().await;
        let origin = Origin::start(exchange.url(), &[("TICKERS_INTERVAL_MS", "250")]);
        origin.data().await;
        let is_long = outcome == "http_429";
        exchange.fault("bybit-tickers", fault).await;
        let counted =
            format!("upstream_requests_total{{upstream=\"bybit_tickers\",outcome=\"{outcome}\"}}");
        origin.counted(&counted, 1.0).await;
        let began = std::time::Instant::now();
        let (asked, before) = (
            exchange.requests("bybit-tickers").await,
            origin.get("/mobile-data").await,
        );
        let age =
            |answer: &super::support::Answer| answer.header("age").unwrap().parse::<u64>().unwrap();
        origin
            .data_where("time passes", |answer| age(answer) >= age(&before) + 2)
            .await;
        let more = exchange.requests("bybit-tickers").await - asked;
        // Half a minute was stated, or one second each time; the table is fetched four times a
        // second otherwise.
        let most = if is_long {
            0
        } else {
            began.elapsed().as_secs() + 1
        };
        assert!(more <= most, "{outcome}: asked {more} times more");
    }
}

#[tokio::test]
async fn an_answer_that_never_ends_is_given_up_in_time_and_costs_clients_nothing() {
    let exchange = Exchange::start().await;
    let origin = Origin::start(exchange.url(), &[("TICKERS_INTERVAL_MS", "250")]);
    origin.data().await;
    for broken in [
        fault("hang"),
        fault("hang_body"),
        json!({ "kind": "drip", "bytes_per_second": 1 }),
    ] {
        check_survives(&exchange, &origin, broken, "timeout").await;
    }
}

#[tokio::test]
async fn a_slow_source_that_limits_us_is_left_alone_and_delays_no_ticker() {
    let exchange = Exchange::start().await;
    exchange
        .fault(
            "coingecko",
            json!({ "kind": "status_429", "retry_after_s": 60 }),
        )
        .await;
    let origin = Origin::start(exchange.url(), &[("TICKERS_INTERVAL_MS", "250")]);
    for upstream in ["coingecko_global", "coingecko_defi"] {
        let counted =
            format!("upstream_requests_total{{upstream=\"{upstream}\",outcome=\"http_429\"}}");
        origin.counted(&counted, 1.0).await;
    }
    let held = origin.data().await;
    let published = origin.metric("snapshots_published_total").await;
    origin
        .counted("snapshots_published_total", published + 8.0)
        .await;
    for link in ["coingecko-global", "coingecko-defi"] {
        assert_eq!(
            exchange.requests(link).await,
            1,
            "{link} was asked again before the pause was over"
        );
    }
    let body = origin.get("/mobile-data").await;
    assert!(body.header("x-data-as-of") > held.header("x-data-as-of"));
    assert_eq!(
        body.json()["sections"]["global_market"]["reason"],
        "http_429"
    );
    assert_true_data(&body.json());
}

#[tokio::test]
async fn another_host_of_the_exchange_stands_in_for_one_that_is_broken_until_that_is_back() {
    let (first, other) = (Exchange::start().await, Exchange::start().await);
    let variables = [
        ("TICKERS_INTERVAL_MS", "250"),
        ("BYBIT_ALTERNATIVE_BASE_URL", other.url()),
    ];
    let origin = Origin::start(first.url(), &variables);
    origin.data().await;
    assert_eq!(
        other.bybit_requests().await,
        0,
        "the other host was asked without need"
    );
    for broken in [json!({ "kind": "status", "status": 502 }), fault("reset")] {
        first.fault("bybit", broken).await;
        let asked = other.requests("bybit-tickers").await;
        eventually("tables come from the other host", || async {
            (other.requests("bybit-tickers").await >= asked + 4).then_some(())
        })
        .await;
        let published = origin.metric("snapshots_published_total").await;
        origin
            .counted("snapshots_published_total", published + 4.0)
            .await;
        assert!(
            other.requests("bybit-orderbook").await > 0,
            "the inputs of scores go there as well"
        );
        assert_true_data(&origin.data().await.json());
        first.mend().await;
    }
    let mended = first.requests("bybit-tickers").await;
    eventually("the first host is asked again", || async {
        (first.requests("bybit-tickers").await >= mended + 8).then_some(())
    })
    .await;
    let after = other.requests("bybit-tickers").await;
    let published = origin.metric("snapshots_published_total").await;
    origin
        .counted("snapshots_published_total", published + 4.0)
        .await;
    assert_eq!(
        other.requests("bybit-tickers").await,
        after,
        "both are asked"
    );
}

#[tokio::test]
async fn a_ban_is_one_of_the_address_and_sends_nothing_to_another_host() {
    let (first, other) = (Exchange::start().await, Exchange::start().await);
    let variables = [
        ("TICKERS_INTERVAL_MS", "250"),
        ("BYBIT_ALTERNATIVE_BASE_URL", other.url()),
    ];
    let origin = Origin::start(first.url(), &variables);
    let held = origin.data().await;
    first.fault("bybit", fault("rate_403")).await;
    let counted = "upstream_requests_total{outcome=\"forbidden_rate_limit\"}";
    origin.counted(counted, 1.0).await;
    let age =
        |answer: &super::support::Answer| answer.header("age").unwrap().parse::<u64>().unwrap();
    origin
        .data_where("time passes", |answer| age(answer) >= age(&held) + 2)
        .await;
    assert_eq!(other.bybit_requests().await, 0);
}
