//! Each fault does what it says, and no more than that.

use std::time::Instant;

use serde_json::json;

use super::*;

/// Long enough for an answer over the loopback, short enough to wait for one that does not come.
const PATIENCE: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_status_fault_answers_with_that_status() {
    let exchange = Exchange::start().await;
    exchange
        .set_fault("bybit-tickers", &json!({"kind": "status", "status": 503}))
        .await;
    let answer = exchange.get(TICKERS).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.header("x-market-data"), None);
    assert_eq!(exchange.get(INSTRUMENTS).await.status, StatusCode::OK);
    exchange.clear_faults().await;
    assert_eq!(exchange.get(TICKERS).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_429_says_when_to_come_back() {
    let exchange = Exchange::start().await;
    exchange
        .set_fault(
            "coingecko",
            &json!({"kind": "status_429", "retry_after_s": 5}),
        )
        .await;
    for path in [GLOBAL, DEFI] {
        let answer = exchange.get(path).await;
        assert_eq!(answer.status, StatusCode::TOO_MANY_REQUESTS);
        assert_eq!(answer.header("retry-after"), Some("5"));
    }
    assert_eq!(exchange.get(FEAR_GREED).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_page_of_maintenance_says_when_to_come_back() {
    let exchange = Exchange::start().await;
    exchange
        .set_fault(
            "bybit-tickers",
            &json!({"kind": "maintenance", "retry_after_s": 3600}),
        )
        .await;
    let answer = exchange.get(TICKERS).await;
    assert_eq!(answer.status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(answer.header("retry-after"), Some("3600"));
    assert_eq!(answer.header("content-type"), Some("text/html"));
    assert_eq!(exchange.get(GLOBAL).await.status, StatusCode::OK);
}

#[tokio::test]
async fn the_country_block_is_a_page_of_cloudfront() {
    let exchange = Exchange::start().await;
    exchange
        .set_fault("bybit", &json!({"kind": "geo_403"}))
        .await;
    let answer = exchange.get(TICKERS).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert_eq!(answer.header("content-type"), Some("text/html"));
    assert_eq!(answer.header("server"), Some("CloudFront"));
    assert_eq!(answer.header("x-cache"), Some("Error from cloudfront"));
    let page = String::from_utf8_lossy(&answer.body).into_owned();
    assert!(page.contains("ERROR: The request could not be satisfied"));
    assert!(page.contains("configured to block access from your country"));
}

#[tokio::test]
async fn the_rate_limit_is_another_403() {
    let exchange = Exchange::start().await;
    exchange
        .set_fault("bybit", &json!({"kind": "rate_403"}))
        .await;
    let answer = exchange.get(TICKERS).await;
    assert_eq!(answer.status, StatusCode::FORBIDDEN);
    assert!(String::from_utf8_lossy(&answer.body).contains("access too frequent"));
}

#[tokio::test]
async fn an_error_code_comes_with_http_200_and_the_time_of_the_reset() {
    let exchange = Exchange::start().await;
    let fault = json!({"kind": "ret_code", "code": 10_006, "message": "Too many visits!"});
    exchange.set_fault("bybit", &fault).await;
    let answer = exchange.get(TICKERS).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.json()["retCode"], 10_006);
    assert_eq!(answer.json()["retMsg"], "Too many visits!");
    let reset_ms: i64 = answer
        .header("x-bapi-limit-reset-timestamp")
        .unwrap()
        .parse()
        .unwrap();
    assert!(reset_ms > NOW_MS);
}

#[tokio::test]
async fn a_captive_portal_answers_200_with_html() {
    let exchange = Exchange::start().await;
    exchange
        .set_fault("all", &json!({"kind": "html_200"}))
        .await;
    for path in [TICKERS, INSTRUMENTS, GLOBAL, DEFI, FEAR_GREED] {
        let answer = exchange.get(path).await;
        assert_eq!(answer.status, StatusCode::OK);
        assert_eq!(answer.header("content-type"), Some("text/html"));
    }
}

#[tokio::test]
async fn a_delayed_answer_comes_late_but_whole() {
    let exchange = Exchange::start().await;
    exchange
        .set_fault("fear-greed", &json!({"kind": "delay", "ms": 120}))
        .await;
    let asked = Instant::now();
    assert_eq!(exchange.get(FEAR_GREED).await.status, StatusCode::OK);
    assert!(asked.elapsed() >= Duration::from_millis(120));
}

#[tokio::test]
async fn a_hanging_service_sends_not_even_headers() {
    let exchange = Exchange::start().await;
    exchange
        .set_fault("bybit-tickers", &json!({"kind": "hang"}))
        .await;
    let answer =
        tokio::time::timeout(PATIENCE, exchange.client.get(exchange.url(TICKERS)).send()).await;
    assert!(answer.is_err());
    assert_eq!(exchange.get(INSTRUMENTS).await.status, StatusCode::OK);
}

#[tokio::test]
async fn a_hanging_body_stops_in_the_middle() {
    let exchange = Exchange::start().await;
    let whole = exchange.get(TICKERS).await.body;
    exchange
        .set_fault("bybit-tickers", &json!({"kind": "hang_body"}))
        .await;
    let mut response = exchange
        .client
        .get(exchange.url(TICKERS))
        .send()
        .await
        .unwrap();
    assert_eq!(response.content_length(), Some(whole.len() as u64));
    let mut received = Vec::new();
    while let Ok(chunk) = tokio::time::timeout(PATIENCE, response.chunk()).await {
        received.extend_from_slice(&chunk.unwrap().unwrap());
    }
    assert_eq!(received, whole[..whole.len() / 2]);
}

#[tokio::test]
async fn a_dripping_body_comes_no_faster_than_it_may() {
    let exchange = Exchange::start().await;
    let whole = exchange.get(TICKERS).await.body;
    exchange
        .set_fault(
            "bybit-tickers",
            &json!({"kind": "drip", "bytes_per_second": 1}),
        )
        .await;
    let asked = Instant::now();
    let mut response = exchange
        .client
        .get(exchange.url(TICKERS))
        .send()
        .await
        .unwrap();
    let mut received = Vec::new();
    while received.len() < 2 {
        received.extend_from_slice(&response.chunk().await.unwrap().unwrap());
    }
    // The first byte comes at once, each of the others a second after the one before.
    assert!(received.len() as u64 <= asked.elapsed().as_secs() + 1);
    assert!(whole.starts_with(&received));
}

#[tokio::test]
async fn a_fast_drip_arrives_whole() {
    let exchange = Exchange::start().await;
    let whole = exchange.get(FEAR_GREED).await.body;
    exchange
        .set_fault(
            "fear-greed",
            &json!({"kind": "drip", "bytes_per_second": 1_000}),
        )
        .await;
    assert_eq!(exchange.get(FEAR_GREED).await.body, whole);
}

#[tokio::test]
async fn a_truncated_body_breaks_the_connection() {
    let exchange = Exchange::start().await;
    exchange
        .set_fault(
            "bybit-tickers",
            &json!({"kind": "truncate", "mode": "abort"}),
        )
        .await;
    let mut response = exchange
        .client
        .get(exchange.url(TICKERS))
        .send()
        .await
        .unwrap();
    assert_eq!(response.status(), StatusCode::OK);
    let mut received = 0;
    let end = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => received += chunk.len(),
            end => break end,
        }
    };
    assert!(end.is_err(), "the body must not seem complete");
    assert!(received > 100_000, "{received} bytes arrived");
}

#[tokio::test]
async fn short_json_is_a_complete_message_that_does_not_parse() {
    let exchange = Exchange::start().await;
    let whole = exchange.get(TICKERS).await.body;
    exchange
        .set_fault(
            "bybit-tickers",
            &json!({"kind": "truncate", "mode": "short_json"}),
        )
        .await;
    let answer = exchange.get(TICKERS).await;
    assert_eq!(answer.status, StatusCode::OK);
    assert_eq!(answer.body, whole[..whole.len() / 2]);
    assert!(serde_json::from_slice::<Value>(&answer.body).is_err());
}

#[tokio::test]
async fn a_reset_is_an_error_without_an_answer() {
    let exchange = Exchange::start().await;
    exchange
        .set_fault("bybit-tickers", &json!({"kind": "reset"}))
        .await;
    let error = exchange.try_get(TICKERS).await.err().unwrap();
    assert!(error.is_request() && !error.is_timeout(), "{error:?}");
    assert_eq!(exchange.get(INSTRUMENTS).await.status, StatusCode::OK);
}

#[tokio::test]
async fn lists_can_be_empty_short_or_doubled() {
    let exchange = Exchange::start().await;
    let whole = exchange.tickers().await;
    exchange
        .set_fault("bybit-tickers", &json!({"kind": "empty_list"}))
        .await;
    assert!(exchange.tickers().await.is_empty());
    exchange
        .set_fault("bybit-tickers", &json!({"kind": "few_rows", "rows": 3}))
        .await;
    assert_eq!(exchange.tickers().await, whole[..3]);
    exchange
        .set_fault("bybit-tickers", &json!({"kind": "duplicate_symbols"}))
        .await;
    assert_eq!(exchange.tickers().await.len(), 2 * whole.len());
    exchange
        .set_fault("fear-greed", &json!({"kind": "empty_list"}))
        .await;
    assert_eq!(exchange.json(FEAR_GREED).await["data"], json!([]));
}

#[tokio::test]
async fn payloads_can_be_null_empty_or_missing() {
    let exchange = Exchange::start().await;
    exchange
        .set_fault("all", &json!({"kind": "null_result"}))
        .await;
    assert_eq!(exchange.json(TICKERS).await["result"], Value::Null);
    assert_eq!(exchange.json(GLOBAL).await["data"], Value::Null);
    exchange
        .set_fault("all", &json!({"kind": "empty_result"}))
        .await;
    assert_eq!(exchange.json(TICKERS).await["result"], json!({}));
    assert_eq!(exchange.json(FEAR_GREED).await["data"], json!({}));
    exchange
        .set_fault("all", &json!({"kind": "empty_body"}))
        .await;
    let answer = exchange.get(TICKERS).await;
    assert_eq!((answer.status, answer.body.len()), (StatusCode::OK, 0));
}

#[tokio::test]
async fn prices_can_be_impossible() {
    let exchange = Exchange::start().await;
    let price_under = async |kind: &str| {
        exchange
            .set_fault("bybit-tickers", &json!({ "kind": kind }))
            .await;
        find(&exchange.tickers().await, "BTCUSDT")["lastPrice"].clone()
    };
    assert_eq!(price_under("zero_prices").await, "0");
    assert_eq!(price_under("nan_prices").await, "NaN");
    assert_eq!(price_under("null_prices").await, Value::Null);
    assert!(
        price_under("negative_prices")
            .await
            .as_str()
            .unwrap()
            .starts_with("-6")
    );
}

#[tokio::test]
async fn only_the_named_symbols_lose_their_price() {
    let exchange = Exchange::start().await;
    exchange
        .set_fault(
            "bybit-tickers",
            &json!({"kind": "zero_prices_of", "symbols": ["BTCUSDT"]}),
        )
        .await;
    let rows = exchange.tickers().await;
    let zeros: Vec<_> = rows
        .iter()
        .filter(|row| row["lastPrice"] == "0" && row["curPreListingPhase"] == "")
        .collect();
    assert_eq!(zeros, [find(&rows, "BTCUSDT")]);
}

#[tokio::test]
async fn numbers_in_place_of_strings_have_the_same_values() {
    let exchange = Exchange::start().await;
    let before = exchange.tickers().await;
    exchange
        .set_fault("bybit-tickers", &json!({"kind": "number_prices"}))
        .await;
    let after = exchange.tickers().await;
    let (before, after) = (find(&before, "BTCUSDT"), find(&after, "BTCUSDT"));
    assert_eq!(
        after["lastPrice"].as_f64(),
        Some(number(before, "lastPrice"))
    );
    assert_eq!(
        after["turnover24h"].as_f64(),
        Some(number(before, "turnover24h"))
    );
    assert_eq!(after["symbol"], "BTCUSDT");
}

#[tokio::test]
async fn one_price_can_be_ten_times_too_high() {
    let exchange = Exchange::start().await;
    let before = exchange.tickers().await;
    exchange
        .set_fault(
            "bybit-tickers",
            &json!({"kind": "scale_price", "symbol": "ETHUSDT", "factor": 10}),
        )
        .await;
    let after = exchange.tickers().await;
    let ratio =
        |symbol, field| number(find(&after, symbol), field) / number(find(&before, symbol), field);
    assert!((ratio("ETHUSDT", "lastPrice") - 10.0).abs() < 1e-9);
    assert!((ratio("ETHUSDT", "prevPrice24h") - 1.0).abs() < 1e-9);
    assert!((ratio("BTCUSDT", "lastPrice") - 1.0).abs() < 1e-9);
}

#[tokio::test]
async fn all_prices_can_be_ten_times_too_high() {
    let exchange = Exchange::start().await;
    let before = exchange.tickers().await;
    exchange
        .set_fault("bybit-tickers", &json!({"kind": "scale_all", "factor": 10}))
        .await;
    let after = exchange.tickers().await;
    for field in ["lastPrice", "prevPrice24h", "highPrice24h", "markPrice"] {
        let ratio =
            number(find(&after, "BTCUSDT"), field) / number(find(&before, "BTCUSDT"), field);
        assert!((ratio - 10.0).abs() < 1e-9, "{field}");
    }
}

#[tokio::test]
async fn a_wrong_clock_changes_only_the_time() {
    let exchange = Exchange::start().await;
    let before = exchange.json(TICKERS).await;
    exchange
        .set_fault("bybit", &json!({"kind": "clock_skew", "ms": HOUR_MS}))
        .await;
    let after = exchange.json(TICKERS).await;
    assert_eq!(after["time"], NOW_MS + HOUR_MS);
    assert_eq!(after["result"], before["result"]);
    assert_eq!(
        exchange.json("/v5/market/time").await["time"],
        NOW_MS + HOUR_MS
    );
}

#[tokio::test]
async fn a_frozen_service_repeats_itself() {
    let exchange = Exchange::start().await;
    let before = exchange.get(TICKERS).await.body;
    exchange
        .set_fault("bybit", &json!({"kind": "frozen"}))
        .await;
    exchange.clock.advance(HOUR_MS);
    assert_eq!(exchange.get(TICKERS).await.body, before);
    exchange.clear_faults().await;
    let after = exchange.json(TICKERS).await;
    assert_eq!(after["time"], NOW_MS + HOUR_MS);
}

#[tokio::test]
async fn rows_can_stand_still_while_the_service_goes_on() {
    const TRADES: &str = "/v5/market/recent-trade?category=linear&symbol=BTCUSDT&limit=1";
    const INTEREST: &str =
        "/v5/market/open-interest?category=linear&symbol=BTCUSDT&intervalTime=5min&limit=1";
    let exchange = Exchange::start().await;
    let before = exchange.json(TRADES).await;
    exchange
        .set_fault("bybit", &json!({"kind": "still_rows"}))
        .await;
    exchange.clock.advance(HOUR_MS);
    let still = exchange.json(TRADES).await;
    assert_eq!(still["result"], before["result"]);
    assert_eq!(still["time"], NOW_MS + HOUR_MS);
    exchange
        .set_fault(
            "bybit",
            &json!({"kind": "still_rows", "age_ms": 6 * HOUR_MS}),
        )
        .await;
    let interest = exchange.json(INTEREST).await;
    let newest: i64 = text(&list(&interest)[0], "timestamp").parse().unwrap();
    assert!(
        (6 * HOUR_MS..6 * HOUR_MS + 300_000).contains(&(NOW_MS + HOUR_MS - newest)),
        "{interest}"
    );
}

#[tokio::test]
async fn a_huge_body_is_valid_json_of_that_size() {
    let exchange = Exchange::start().await;
    exchange
        .set_fault(
            "bybit-tickers",
            &json!({"kind": "huge", "bytes": 3_000_000}),
        )
        .await;
    let answer = exchange.get(TICKERS).await;
    assert_eq!(answer.body.len(), 3_000_000);
    assert_eq!(answer.json()["retCode"], 0);
}

#[tokio::test]
async fn rows_that_are_no_symbols_can_be_added() {
    let exchange = Exchange::start().await;
    exchange
        .set_fault("bybit-tickers", &json!({"kind": "placeholder_symbol"}))
        .await;
    let rows = exchange.tickers().await;
    find(&rows, "SYSTEM_STATUS");
    assert!(
        rows.iter()
            .any(|row| text(row, "symbol").contains("<script>"))
    );
    find(&rows, "BTCUSDT");
}

#[tokio::test]
async fn unheard_of_fields_can_be_added() {
    let exchange = Exchange::start().await;
    exchange
        .set_fault("all", &json!({"kind": "extra_fields"}))
        .await;
    let body = exchange.json(TICKERS).await;
    assert!(body["notYetDocumented"].is_object());
    assert!(find(&list(&body), "BTCUSDT")["notYetDocumented"].is_object());
    assert!(exchange.json(GLOBAL).await["data"]["notYetDocumented"].is_object());
}

#[tokio::test]
async fn a_limited_fault_ends_by_itself() {
    let exchange = Exchange::start().await;
    exchange
        .set_fault(
            "bybit-tickers",
            &json!({"kind": "status", "status": 500, "times": 2}),
        )
        .await;
    assert_eq!(
        exchange.get(TICKERS).await.status,
        StatusCode::INTERNAL_SERVER_ERROR
    );
    assert_eq!(
        exchange.json("/control/faults").await["bybit-tickers"]["times"],
        1
    );
    assert_eq!(
        exchange.get(TICKERS).await.status,
        StatusCode::INTERNAL_SERVER_ERROR
    );
    assert_eq!(exchange.get(TICKERS).await.status, StatusCode::OK);
    assert_eq!(exchange.json("/control/faults").await, json!({}));
}

#[tokio::test]
async fn the_more_specific_fault_wins() {
    let exchange = Exchange::start().await;
    exchange
        .set_fault("all", &json!({"kind": "status", "status": 500}))
        .await;
    exchange
        .set_fault("bybit", &json!({"kind": "status", "status": 502}))
        .await;
    exchange
        .set_fault("bybit-tickers", &json!({"kind": "status", "status": 504}))
        .await;
    assert_eq!(
        exchange.get(TICKERS).await.status,
        StatusCode::GATEWAY_TIMEOUT
    );
    assert_eq!(
        exchange.get(INSTRUMENTS).await.status,
        StatusCode::BAD_GATEWAY
    );
    assert_eq!(
        exchange.get(GLOBAL).await.status,
        StatusCode::INTERNAL_SERVER_ERROR
    );
    exchange
        .control(Method::DELETE, "/control/faults/bybit-tickers", None)
        .await;
    assert_eq!(exchange.get(TICKERS).await.status, StatusCode::BAD_GATEWAY);
}

#[tokio::test]
async fn requests_are_counted_whatever_becomes_of_them() {
    let exchange = Exchange::start().await;
    exchange.get(TICKERS).await;
    exchange
        .set_fault("bybit-tickers", &json!({"kind": "reset"}))
        .await;
    assert!(exchange.try_get(TICKERS).await.is_err());
    exchange.get(FEAR_GREED).await;
    let counts = exchange.json("/control/requests").await;
    assert_eq!(counts["total"], 3);
    assert_eq!(counts["by_link"]["bybit-tickers"], 2);
    assert_eq!(counts["by_link"]["fear-greed"], 1);
    assert_eq!(counts["by_link"]["coingecko-global"], 0);
    exchange
        .control(Method::DELETE, "/control/requests", None)
        .await;
    assert_eq!(exchange.json("/control/requests").await["total"], 0);
}

#[tokio::test]
async fn a_fault_that_does_not_exist_is_refused_by_name() {
    let exchange = Exchange::start().await;
    let answer = exchange
        .control(
            Method::PUT,
            "/control/faults/bybit",
            Some(&json!({"kind": "earthquake"})),
        )
        .await;
    assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    assert!(text(&answer.json(), "detail").contains("earthquake"));
    let answer = exchange
        .control(
            Method::PUT,
            "/control/faults/kraken",
            Some(&json!({"kind": "hang"})),
        )
        .await;
    assert_eq!(answer.status, StatusCode::NOT_FOUND);
    assert!(text(&answer.json(), "detail").contains("kraken"));
}

#[tokio::test]
async fn a_simulator_with_hanging_requests_stops_all_the_same() {
    let exchange = Exchange::start().await;
    exchange
        .set_fault("bybit-tickers", &json!({"kind": "hang"}))
        .await;
    let request = tokio::spawn(exchange.client.get(exchange.url(TICKERS)).send());
    while exchange.json("/control/requests").await["total"] == 0 {}
    tokio::time::timeout(Duration::from_secs(5), exchange.running.stop())
        .await
        .unwrap();
    assert!(request.await.unwrap().is_err());
}

#[tokio::test]
async fn the_control_api_says_that_it_lives() {
    let exchange = Exchange::start().await;
    exchange.set_fault("all", &json!({"kind": "hang"})).await;
    assert_eq!(exchange.get("/control/health").await.status, StatusCode::OK);
}

const BOOK: &str = "/v5/market/orderbook?category=linear&limit=5&symbol=";
const CANDLES: &str = "/v5/market/kline?category=linear&limit=4&interval=5&symbol=";

/// The body at `path` under a fault of `link`.
async fn spoiled(exchange: &Exchange, link: &str, fault: &Value, path: &str) -> Value {
    exchange.set_fault(link, fault).await;
    let body = exchange.get(path).await.json();
    exchange.clear_faults().await;
    body
}

#[tokio::test]
async fn a_rewrite_changes_the_named_fields_of_the_named_rows_and_nothing_else() {
    let exchange = Exchange::start().await;
    let mut expected = exchange.get(TICKERS).await.json();
    let of_ether = json!({"symbol": "ETHUSDT"});
    let fault =
        json!({"kind": "rewrite", "fields": {"fundingRate": {"set": "0.5"}}, "of": of_ether});
    let found = spoiled(&exchange, "bybit-tickers", &fault, TICKERS).await;
    for row in expected["result"]["list"].as_array_mut().unwrap() {
        if row["symbol"] == "ETHUSDT" {
            assert_ne!(row["fundingRate"], "0.5");
            row["fundingRate"] = json!("0.5");
        }
    }
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_rewrite_finds_cells_by_their_names_and_only_so_many_rows() {
    let exchange = Exchange::start().await;
    let path = format!("{CANDLES}BTCUSDT");
    let mut expected = exchange.get(&path).await.json();
    let fault = json!({"kind": "rewrite", "fields": {"turnover": {"set": "7"}}, "of": {"rows": 2}});
    let found = spoiled(&exchange, "bybit-klines", &fault, &path).await;
    for row in 0..2 {
        expected["result"]["list"][row][6] = json!("7");
    }
    assert_eq!(found, expected);

    let path = format!("{BOOK}BTCUSDT");
    let mut expected = exchange.get(&path).await.json();
    let fault = json!({"kind": "rewrite", "fields": {"ask_size": {"set": "7"}}, "of": {"rows": 1}});
    let found = spoiled(&exchange, "bybit-orderbook", &fault, &path).await;
    expected["result"]["a"][0][1] = json!("7");
    assert_eq!(found, expected);

    let mut expected = exchange.get(GLOBAL).await.json();
    let fault = json!({"kind": "rewrite", "fields": {"total_volume.usd": {"set": 7}}});
    let found = spoiled(&exchange, "coingecko-global", &fault, GLOBAL).await;
    expected["data"]["total_volume"]["usd"] = json!(7);
    assert_eq!(found, expected);
}

#[tokio::test]
async fn a_fault_with_a_condition_spares_other_requests_and_stands_beside_others() {
    let exchange = Exchange::start().await;
    for (symbol, status) in [("BTCUSDT", 500), ("ETHUSDT", 502)] {
        let fault = json!({"kind": "status", "status": status, "where": {"symbol": symbol, "interval": "5"}});
        exchange.set_fault("bybit-klines", &fault).await;
    }
    let status = async |path: String| exchange.get(&path).await.status.as_u16();
    assert_eq!(status(format!("{CANDLES}BTCUSDT")).await, 500);
    assert_eq!(status(format!("{CANDLES}ETHUSDT")).await, 502);
    assert_eq!(status(format!("{CANDLES}SOLUSDT")).await, 200);
    assert_eq!(
        status(format!("{CANDLES}BTCUSDT").replace("interval=5", "interval=1")).await,
        200
    );
    // Without a condition it applies to all that no condition names.
    exchange
        .set_fault("bybit-klines", &json!({"kind": "status", "status": 503}))
        .await;
    assert_eq!(status(format!("{CANDLES}SOLUSDT")).await, 503);
    assert_eq!(status(format!("{CANDLES}BTCUSDT")).await, 500);
}

#[tokio::test]
async fn a_market_that_stands_still_tells_the_same_with_the_present_as_its_time() {
    let exchange = Exchange::start_with(Config {
        still_since_ms: Some(NOW_MS),
        ..Config::default()
    })
    .await;
    let paths = [
        TICKERS.to_owned(),
        INSTRUMENTS.to_owned(),
        format!("{CANDLES}BTCUSDT"),
        format!("{BOOK}BTCUSDT"),
    ];
    for path in paths {
        let before = exchange.get(&path).await.json();
        exchange.clock.advance(DAY_MS);
        let after = exchange.get(&path).await.json();
        let is_history = path.starts_with("/v5/market/kline");
        let moved = after["time"].as_i64().unwrap() - before["time"].as_i64().unwrap();
        assert_eq!(moved, if is_history { 0 } else { DAY_MS }, "{path}");
        for part in ["list", "b", "a"] {
            assert_eq!(before["result"][part], after["result"][part], "{path}");
        }
    }
}
